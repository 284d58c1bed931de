//! The first page: what there is to do.

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::{Timestamp, rule::Family, severity::Severity};
use bearing_store::{DeviceFilter, DeviceRow, DeviceState, OverviewCounts, PageRequest, VerdictRow};
use jiff::SignedDuration;

use super::{
    ProblemPage,
    chart::{self, Bar, Day},
    frame::{Frame, Visit, page},
    view::{When, family_word, points, severity_word, shown, verdict_class, verdict_word},
};
use crate::app::App;

/// A device is silent where nothing came from it for so long.
pub(super) const SILENT_HOURS: i64 = 24;
const QUEUE_ROWS: u32 = 10;
const SILENT_ROWS: u32 = 6;

/// A device that asks for work.
#[derive(Clone, Debug)]
pub(super) struct QueueRow {
    id: String,
    name: String,
    group: String,
    simulated: bool,
    word: &'static str,
    class: &'static str,
    evidence: Option<String>,
    posture: String,
    country: Option<String>,
    since: When,
}

/// A device nothing is heard from.
#[derive(Clone, Debug)]
pub(super) struct SilentRow {
    id: String,
    name: String,
    group: String,
    simulated: bool,
    last: Option<When>,
}

#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct OverviewPage {
    frame: Frame,
    devices: u64,
    simulated: u64,
    pending: u64,
    silent_count: u64,
    open: u64,
    grave: u64,
    to_do: u64,
    severities: Vec<Bar>,
    families: Vec<Bar>,
    queue: Vec<QueueRow>,
    silent: Vec<SilentRow>,
    days: Vec<Day>,
    most: u64,
    appeared: u64,
}

impl OverviewPage {
    pub(super) fn of(
        frame: Frame,
        counts: &OverviewCounts,
        queue: &[(VerdictRow, DeviceRow)],
        silent: &[DeviceRow],
        now: Timestamp,
    ) -> Self {
        let mut severities: Vec<Bar> = Severity::ALL
            .into_iter()
            .rev()
            .map(|severity| Bar {
                label: severity_word(severity),
                count: counts.by_severity.get(&severity).copied().unwrap_or(0),
                width: 0,
                fill: fill(severity),
                href: format!("/findings?severity={severity}&status=open"),
            })
            .collect();
        chart::scale(&mut severities);
        let mut families: Vec<Bar> = Family::ALL
            .into_iter()
            .map(|family| Bar {
                label: family_word(family),
                count: counts.by_family.get(&family).copied().unwrap_or(0),
                width: 0,
                fill: "fill-accent",
                href: format!("/findings?family={family}&status=open"),
            })
            .filter(|bar| bar.count > 0)
            .collect();
        families.sort_by_key(|bar| std::cmp::Reverse(bar.count));
        chart::scale(&mut families);
        let asks = ["escalate", "investigate", "review", "platform_incident"];
        let days = chart::days(&counts.appeared_by_day, now);
        Self {
            frame,
            devices: counts.devices,
            simulated: counts.simulated,
            pending: counts.pending,
            silent_count: counts.silent,
            open: counts.by_severity.values().sum(),
            grave: [Severity::High, Severity::Critical]
                .iter()
                .filter_map(|severity| counts.by_severity.get(severity))
                .sum(),
            to_do: asks.iter().filter_map(|verdict| counts.by_verdict.get(*verdict)).sum(),
            severities,
            families,
            queue: queue.iter().map(|(verdict, device)| queue_row(verdict, device, now)).collect(),
            silent: silent.iter().map(|device| silent_row(device, now)).collect(),
            most: days.iter().map(|day| day.count).max().unwrap_or(0),
            appeared: days.iter().map(|day| day.count).sum(),
            days,
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("overview", bearing_store::Role::Admin);
        let device = samples::device();
        let queue = [(samples::verdict(), device.clone())];
        vec![
            Self::of(frame(), &OverviewCounts::default(), &[], &[], samples::now()),
            Self::of(frame(), &samples::counts(), &queue, &[device], samples::now()),
        ]
    }
}

pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, ProblemPage> {
    let now = app.clock.now();
    let silent_since = silent_since(now);
    let counts = app.store.overview(now, silent_since).await?;
    let mut queue = Vec::new();
    for verdict in app.store.verdict_queue(QUEUE_ROWS).await? {
        if let Some(device) = app.store.device(&verdict.device).await? {
            queue.push((verdict, device));
        }
    }
    let filter = DeviceFilter {
        state: Some(DeviceState::Active),
        silent_since: Some(silent_since),
        ..DeviceFilter::default()
    };
    let silent = app.store.devices(&filter, &PageRequest { after: None, limit: SILENT_ROWS }).await?;
    Ok(page(&OverviewPage::of(visit.frame(&app, "overview"), &counts, &queue, &silent.items, now)))
}

/// Since when a device must not have been heard from to count as silent at `now`.
pub(super) fn silent_since(now: Timestamp) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(SILENT_HOURS)).unwrap_or(now)
}

fn queue_row(verdict: &VerdictRow, device: &DeviceRow, now: Timestamp) -> QueueRow {
    QueueRow {
        id: device.id.to_string(),
        name: shown(&device.hostname),
        group: shown(&device.group),
        simulated: device.simulated,
        word: verdict_word(&verdict.verdict),
        class: verdict_class(&verdict.verdict),
        evidence: verdict.evidence.map(points),
        posture: points(verdict.posture),
        country: device.country.as_deref().map(shown),
        since: When::at(verdict.at, now),
    }
}

fn silent_row(device: &DeviceRow, now: Timestamp) -> SilentRow {
    SilentRow {
        id: device.id.to_string(),
        name: shown(&device.hostname),
        group: shown(&device.group),
        simulated: device.simulated,
        last: When::maybe(device.last_seen, now),
    }
}

const fn fill(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "fill-informational",
        Severity::Low => "fill-low",
        Severity::Medium => "fill-medium",
        Severity::High => "fill-high",
        Severity::Critical => "fill-critical",
    }
}
