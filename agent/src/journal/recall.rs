//! What the journal adds to the facts of one evaluation.
//!
//! Always: a device that is there now is told as it is now, with when it was first seen; one that is not is told once
//! for each identity and place, with a path that says when it was last seen, marked as coming from here.

use std::collections::BTreeMap;

use bearing_protocol::{
    Timestamp,
    coverage::{Coverage, Source, Status},
    digest::Digest,
    fact::Facts,
};

use crate::state::StateDirectory;

use super::{
    DeviceRecord, Journal, JournalError, Look,
    file::{MAX_DAYS, MAX_LINES},
    story::Story,
};

/// How facts say that the journal knows of something.
pub(super) const PROVENANCE: &str = "journal";

impl Journal {
    /// Adds devices of the last day, and since the last report, that are not there now; and what happened.
    pub fn recall(&self, facts: &mut Facts, now: Timestamp) {
        let since = self.window(now);
        let look = Look::of(facts);
        let mut told: BTreeMap<(&str, Digest), (&Story, Timestamp)> = BTreeMap::new();
        for story in self.stories.ended.iter().chain(self.stories.open.values()) {
            if story.last_seen < since {
                continue;
            }
            let entry =
                told.entry((story.subject.as_str(), story.identity)).or_insert((story, story.first_seen));
            if story.last_seen >= entry.0.last_seen {
                entry.0 = story;
            }
            entry.1 = entry.1.min(story.first_seen);
        }
        for (story, _) in told.values() {
            forget_lesser(facts, &story.record);
        }
        for ((subject, identity), (story, first_seen)) in told {
            let present = look.devices.get(subject).is_some_and(|record| record.identity() == identity);
            if present {
                let path = subject.strip_prefix("usb:").unwrap_or_default();
                if let Some(usb) = facts.usb.iter_mut().find(|usb| usb.path == path) {
                    usb.first_seen = Some(first_seen);
                }
            } else if look.covers(subject) {
                add(facts, &story.record, first_seen, story.last_seen);
            }
        }
        let events = self.stories.events.iter().filter(|event| event.at >= since).cloned();
        facts.device_events.extend(events);
        facts.device_events.sort_by_key(|event| event.at);
        let surplus = facts.device_events.len().saturating_sub(MAX_EVENTS);
        facts.device_events.drain(..surplus);
        self.describe(facts);
    }

    fn describe(&self, facts: &mut Facts) {
        let lines = self.file.entries().len();
        let mut status = Status::Ok;
        let mut words = vec![format!("journal of {lines} lines (at most {MAX_LINES}, {MAX_DAYS} days)")];
        if self.crowded_out > 0 {
            status = Status::Partial;
            words.push(format!("{} lines were too many for one hour and are not kept", self.crowded_out));
        }
        if let Some(trouble) = &self.trouble {
            status = Status::Error;
            words.push(format!("it cannot be written: {trouble}"));
        }
        if let Some(why) = &self.set_aside {
            status = Status::Error;
            words.push(format!("the journal before was broken and set aside: {why}"));
        }
        note(&mut facts.coverage, status, &words.join("; "));
    }
}

/// Adds what a journal in `directory` knows, where another process keeps one; says so where none is there or it does
/// not hold.
pub fn recall_beside(
    directory: &StateDirectory,
    reported_at: Option<Timestamp>,
    facts: &mut Facts,
    now: Timestamp,
) {
    let (status, words) = match Journal::look_into(directory, reported_at, now) {
        Ok(Some(journal)) => return journal.recall(facts, now),
        Ok(None) => (
            Status::Partial,
            "no journal of the service: what came and went before now is not known".to_owned(),
        ),
        Err(JournalError::File(failure)) if failure.is_denied() => {
            (Status::Partial, "the journal of the service may not be read by this account".to_owned())
        }
        Err(failure) => {
            let cause =
                std::error::Error::source(&failure).map(|cause| format!(": {cause}")).unwrap_or_default();
            (Status::Error, format!("{failure}{cause}"))
        }
    };
    note(&mut facts.coverage, status, &words);
}

/// Adds to what the source's line says; the worse status stays.
fn note(coverage: &mut Vec<Coverage>, status: Status, detail: &str) {
    match coverage.iter_mut().find(|line| line.source == Source::DeviceEvents) {
        Some(line) => {
            let known = std::mem::take(&mut line.detail);
            // Where the system remembers nothing by itself, or was not asked, the journal is the source.
            let (before, known) = match line.status {
                Status::Unsupported => (Status::Ok, known),
                Status::Denied => (Status::Ok, String::new()),
                status => (status, known),
            };
            line.status = before.max(status);
            line.detail = if known.is_empty() { detail.to_owned() } else { format!("{detail}; {known}") };
        }
        None => coverage.push(Coverage { source: Source::DeviceEvents, status, detail: detail.to_owned() }),
    }
}

/// Takes out what the system's own memory says of a device that the journal knows: the same story with less in it.
fn forget_lesser(facts: &mut Facts, record: &DeviceRecord) {
    let Some(known) = &record.usb else { return };
    let mut gone = Vec::new();
    facts.usb.retain(|usb| {
        let remembered = usb.provenance.as_deref().is_some_and(|how| how != "present" && how != PROVENANCE);
        let place = usb.path.split('@').next();
        let same = remembered
            && place == Some(known.path.as_str())
            && (usb.vendor_id, usb.product_id) == (known.vendor_id, known.product_id);
        if same {
            gone.push(usb.path.clone());
        }
        !same
    });
    facts.storage.retain(|drive| drive.usb_path.as_ref().is_none_or(|path| !gone.contains(path)));
}

fn add(facts: &mut Facts, record: &DeviceRecord, first_seen: Timestamp, last_seen: Timestamp) {
    // To the second: a name for people, not a measurement.
    let at = Timestamp::from_second(last_seen.as_second()).unwrap_or(last_seen);
    let past = |place: &str| format!("{place}@{at}");
    if let Some(usb) = &record.usb {
        let mut device = usb.clone();
        device.path = past(&usb.path);
        device.provenance = Some(PROVENANCE.to_owned());
        device.first_seen = Some(first_seen);
        device.last_seen = Some(last_seen);
        facts.usb.push(device);
    }
    for hid in &record.hid {
        let mut device = hid.clone();
        device.path = past(&hid.path);
        device.usb_path = hid.usb_path.as_deref().map(past);
        facts.hid.push(device);
    }
    for drive in &record.storage {
        let mut device = drive.clone();
        device.name = past(&drive.name);
        device.usb_path = drive.usb_path.as_deref().map(past);
        facts.storage.push(device);
    }
    if let Some(display) = &record.display {
        let mut shown = display.clone();
        shown.connector = past(&display.connector);
        shown.connected = Some(false);
        shown.enabled = Some(false);
        shown.provenance = Some(PROVENANCE.to_owned());
        shown.last_seen = Some(last_seen);
        facts.displays.push(shown);
    }
}

/// Most events that are told.
const MAX_EVENTS: usize = 512;
