//! What is known of each device: one story from its coming to its going.
//!
//! Always: a device that comes back to its place as the same within [`GRACE`] never went; only one that stays away
//! longer, or comes back as another, ends a story. Nothing here reads or writes a file.

use std::collections::BTreeMap;

use bearing_protocol::{
    Timestamp,
    digest::Digest,
    fact::{DeviceAction, DeviceEvent},
};
use jiff::SignedDuration;

use super::{
    device::{DeviceRecord, Look},
    line::Line,
};

/// A device from its coming to its going.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) subject: String,
    pub(super) record: DeviceRecord,
    pub(super) identity: Digest,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    /// Missing since then, and not yet said to have gone.
    pub(super) missing_since: Option<Timestamp>,
    /// Number of the line that holds the record.
    pub(super) kept_in: u64,
}

/// All stories: those that go on, by subject, and those that ended, oldest first.
#[derive(Debug, Default)]
pub(super) struct Stories {
    pub(super) open: BTreeMap<String, Story>,
    pub(super) ended: Vec<Story>,
    pub(super) events: Vec<DeviceEvent>,
}

/// A line to write, and the story it keeps.
pub(super) struct Note {
    pub(super) line: Line,
    /// The subject whose record the line holds.
    pub(super) keeps: Option<String>,
}

impl Stories {
    /// Takes a line that was written before.
    pub(super) fn replay(&mut self, line: Line) {
        let number = line.number;
        if let Some(event) = line.event.clone() {
            self.events.push(event);
        }
        let subject = match (&line.event, &line.device) {
            (Some(event), _) => event.subject.clone(),
            (None, Some(device)) => match subject_of(device) {
                Some(subject) => subject,
                None => return,
            },
            (None, None) => return,
        };
        let went = line.event.as_ref().is_some_and(|event| event.action == DeviceAction::Detached);
        if went {
            self.end(&subject, line.last_seen.unwrap_or(line.at));
            return;
        }
        let Some(device) = line.device else { return };
        let changed = line.event.as_ref().is_some_and(|event| event.action == DeviceAction::Changed);
        if changed {
            self.end(&subject, line.at);
        }
        let first_seen = self.open.get(&subject).map_or(line.first_seen.unwrap_or(line.at), |s| s.first_seen);
        let story = Story {
            subject: subject.clone(),
            identity: device.identity(),
            record: *device,
            first_seen,
            last_seen: line.at,
            missing_since: None,
            kept_in: number,
        };
        self.open.insert(subject, story);
    }

    /// After the last line: whatever is open was last seen when the journal last heard of anything.
    pub(super) fn seen_until(&mut self, last: Timestamp) {
        for story in self.open.values_mut() {
            story.last_seen = story.last_seen.max(last);
        }
    }

    /// Compares a look with what is known. Gives the lines to write, in order.
    pub(super) fn observe(&mut self, look: &Look, now: Timestamp) -> Vec<Note> {
        let mut notes = Vec::new();
        let gone: Vec<String> = self
            .open
            .keys()
            .filter(|subject| look.covers(subject) && !look.devices.contains_key(*subject))
            .cloned()
            .collect();
        for subject in gone {
            if let Some(story) = self.open.get_mut(&subject) {
                story.missing_since.get_or_insert(now);
            }
        }
        for (subject, record) in &look.devices {
            notes.extend(self.see(subject, record, now));
        }
        notes.extend(self.settle(now));
        notes
    }

    /// Says of devices that stayed away longer than [`GRACE`] that they went.
    pub(super) fn settle(&mut self, now: Timestamp) -> Vec<Note> {
        let due: Vec<String> = self
            .open
            .values()
            .filter(|story| {
                story.missing_since.is_some_and(|since| {
                    let away = now.duration_since(since);
                    away >= GRACE || away.is_negative()
                })
            })
            .map(|story| story.subject.clone())
            .collect();
        due.into_iter().filter_map(|subject| self.went(&subject, now)).collect()
    }

    /// When the next device has been missing for [`GRACE`].
    pub(super) fn settles_in(&self, now: Timestamp) -> Option<SignedDuration> {
        let earliest = self.open.values().filter_map(|story| story.missing_since).min()?;
        Some((GRACE - now.duration_since(earliest)).max(SignedDuration::ZERO).min(GRACE))
    }

    fn see(&mut self, subject: &str, record: &DeviceRecord, now: Timestamp) -> Vec<Note> {
        let Some(story) = self.open.get_mut(subject) else {
            return vec![self.came(subject, record, DeviceAction::Attached, now)];
        };
        if story.record.shows_the_same(record) || record.grew_into(&story.record) {
            // With less on it than before: drivers let go of a device before it goes.
            story.last_seen = now;
            story.missing_since = None;
            return Vec::new();
        }
        if story.record.grew_into(record) {
            story.last_seen = now;
            story.missing_since = None;
            story.record = record.clone();
            let line = Line { device: Some(Box::new(record.clone())), ..plain(now) };
            let first_seen = Some(story.first_seen);
            return vec![Note { line: Line { first_seen, ..line }, keeps: Some(subject.to_owned()) }];
        }
        if story.missing_since.is_some() {
            let went = self.went(subject, now);
            let came = self.came(subject, record, DeviceAction::Attached, now);
            return went.into_iter().chain([came]).collect();
        }
        self.end(subject, now);
        vec![self.came(subject, record, DeviceAction::Changed, now)]
    }

    fn came(&mut self, subject: &str, record: &DeviceRecord, action: DeviceAction, now: Timestamp) -> Note {
        let event = event(subject, record, action, now);
        self.events.push(event.clone());
        let story = Story {
            subject: subject.to_owned(),
            record: record.clone(),
            identity: record.identity(),
            first_seen: now,
            last_seen: now,
            missing_since: None,
            kept_in: 0,
        };
        self.open.insert(subject.to_owned(), story);
        let device = Some(Box::new(record.clone()));
        Note { line: Line { event: Some(event), device, ..plain(now) }, keeps: Some(subject.to_owned()) }
    }

    fn went(&mut self, subject: &str, now: Timestamp) -> Option<Note> {
        let story = self.open.get(subject)?;
        let at = story.missing_since.unwrap_or(now);
        let last_seen = Some(story.last_seen);
        let event = event(subject, &story.record, DeviceAction::Detached, at);
        self.end(subject, story.last_seen);
        self.events.push(event.clone());
        Some(Note { line: Line { event: Some(event), last_seen, ..plain(now) }, keeps: None })
    }

    fn end(&mut self, subject: &str, last_seen: Timestamp) {
        if let Some(mut story) = self.open.remove(subject) {
            story.last_seen = last_seen;
            self.ended.push(story);
        }
    }

    /// Lets go of what ended before `since`, and of the oldest where there is too much.
    pub(super) fn forget_before(&mut self, since: Timestamp) {
        self.ended.retain(|story| story.last_seen >= since);
        let surplus = self.ended.len().saturating_sub(MAX_ENDED);
        self.ended.drain(..surplus);
        self.events.retain(|event| event.at >= since);
        let surplus = self.events.len().saturating_sub(MAX_EVENTS);
        self.events.drain(..surplus);
    }

    /// Lines that keep what is known of devices that are still there and whose lines are before `number`.
    pub(super) fn still_there(&self, number: u64, now: Timestamp) -> Vec<Note> {
        self.open
            .values()
            .filter(|story| story.kept_in < number)
            .map(|story| {
                let device = Some(Box::new(story.record.clone()));
                let line = Line { device, first_seen: Some(story.first_seen), ..plain(now) };
                Note { line, keeps: Some(story.subject.clone()) }
            })
            .collect()
    }
}

fn event(subject: &str, record: &DeviceRecord, action: DeviceAction, at: Timestamp) -> DeviceEvent {
    DeviceEvent { at, action, subject: subject.to_owned(), what: record.what(), shape: record.shape() }
}

/// A line that says nothing yet.
pub(super) fn plain(now: Timestamp) -> Line {
    Line {
        number: 0,
        previous: None,
        at: now,
        event: None,
        device: None,
        first_seen: None,
        last_seen: None,
        begun: None,
    }
}

/// The subject of a record that is kept without an event.
fn subject_of(record: &DeviceRecord) -> Option<String> {
    if let Some(usb) = &record.usb {
        return Some(format!("usb:{}", usb.path));
    }
    if let Some(display) = &record.display {
        return Some(format!("display:{}", display.connector));
    }
    record.hid.first().map(super::device::loose_subject)
}

/// How long a device may be away and have never gone: long enough for one that re-enumerates, a dock that resets
/// and a display that sleeps.
pub const GRACE: SignedDuration = SignedDuration::from_secs(60);
/// Most stories that ended, and most events, that are held in memory.
const MAX_ENDED: usize = 256;
const MAX_EVENTS: usize = 512;
