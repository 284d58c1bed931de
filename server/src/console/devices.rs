//! The list of devices, with search and filters.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use bearing_protocol::Timestamp;
use bearing_store::{DeviceFilter, DeviceRow, DeviceState, Page, PageRequest, VerdictRow};
use serde::Deserialize;

use super::{
    ProblemPage,
    frame::{Frame, Visit, page},
    overview::{SILENT_HOURS, silent_since},
    view::{When, points, query, shown, state_word, verdict_class, verdict_word},
};
use crate::app::App;

/// Rows of one page.
const ROWS: u32 = 50;

/// What people filter by.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    search: String,
    group: String,
    state: String,
    silent: String,
    after: String,
}

impl Asked {
    fn filter(&self, now: Timestamp) -> DeviceFilter {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        DeviceFilter {
            state: match self.state.as_str() {
                "pending" => Some(DeviceState::Pending),
                "active" => Some(DeviceState::Active),
                "revoked" => Some(DeviceState::Revoked),
                _ => None,
            },
            group: some(&self.group),
            search: some(&self.search),
            silent_since: if self.silent == "1" { Some(silent_since(now)) } else { None },
        }
    }

    fn is_plain(&self) -> bool {
        [&self.search, &self.group, &self.state, &self.silent].iter().all(|field| field.trim().is_empty())
    }

    fn next(&self, after: &str) -> String {
        let pairs = [
            ("search", self.search.as_str()),
            ("group", &self.group),
            ("state", &self.state),
            ("silent", &self.silent),
            ("after", after),
        ];
        format!("/devices?{}", query(&pairs))
    }
}

/// A line of the list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    id: String,
    name: String,
    os: String,
    kind: &'static str,
    group: String,
    state: DeviceState,
    state_word: &'static str,
    simulated: bool,
    stopped: bool,
    country: Option<String>,
    last: Option<When>,
    verdict: &'static str,
    class: &'static str,
    evidence: Option<String>,
}

#[derive(Template)]
#[template(path = "devices.html")]
pub(super) struct DevicesPage {
    frame: Frame,
    asked: Asked,
    groups: Vec<String>,
    lines: Vec<Line>,
    next: Option<String>,
    total: Option<u64>,
    none_at_all: bool,
    silent_hours: i64,
}

impl DevicesPage {
    pub(super) fn of(
        frame: Frame,
        asked: Asked,
        groups: &[String],
        found: &Page<DeviceRow>,
        verdicts: &[Option<VerdictRow>],
        now: Timestamp,
    ) -> Self {
        let none = std::iter::repeat(&None);
        let lines = found
            .items
            .iter()
            .zip(verdicts.iter().chain(none))
            .map(|(device, verdict)| line(device, verdict.as_ref(), now))
            .collect();
        Self {
            none_at_all: found.items.is_empty() && asked.is_plain() && asked.after.is_empty(),
            next: found.next.as_deref().map(|after| asked.next(after)),
            total: found.total,
            groups: groups.iter().map(|group| shown(group)).collect(),
            lines,
            asked: Asked { search: shown(&asked.search), group: shown(&asked.group), ..asked },
            frame,
            silent_hours: SILENT_HOURS,
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("devices", bearing_store::Role::Admin);
        let empty = Page { items: Vec::new(), next: None, total: Some(0) };
        let found = Page { items: vec![samples::device()], next: Some("c".into()), total: Some(51) };
        let asked =
            Asked { search: samples::HOSTILE.into(), group: samples::HOSTILE.into(), ..Asked::default() };
        vec![
            Self::of(frame(), Asked::default(), &[], &empty, &[], samples::now()),
            Self::of(frame(), asked.clone(), &[], &empty, &[], samples::now()),
            Self::of(
                frame(),
                asked,
                &[samples::HOSTILE.into()],
                &found,
                &[Some(samples::verdict())],
                samples::now(),
            ),
        ]
    }
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, ProblemPage> {
    let now = app.clock.now();
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let found = app.store.devices(&asked.filter(now), &PageRequest { after, limit: ROWS }).await?;
    let mut verdicts = Vec::with_capacity(found.items.len());
    for device in &found.items {
        verdicts.push(app.store.verdict(&device.id).await?);
    }
    let groups = app.store.groups().await?;
    let frame = visit.frame(&app, "devices");
    Ok(page(&DevicesPage::of(frame, asked, &groups, &found, &verdicts, now)))
}

fn line(device: &DeviceRow, verdict: Option<&VerdictRow>, now: Timestamp) -> Line {
    let word = verdict.map_or("not_assessed", |verdict| verdict.verdict.as_str());
    Line {
        id: device.id.to_string(),
        name: shown(&device.hostname),
        os: shown(format!("{} {}", device.os.name, device.os.version).trim()),
        kind: device.machine.as_str(),
        group: shown(&device.group),
        state: device.state,
        state_word: state_word(device.state),
        simulated: device.simulated,
        stopped: device.stopped,
        country: device.country.as_deref().map(shown),
        last: When::maybe(device.last_seen, now),
        verdict: verdict_word(word),
        class: verdict_class(word),
        evidence: verdict.and_then(|verdict| verdict.evidence).map(points),
    }
}
