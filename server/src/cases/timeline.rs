//! A case's timeline: what was done to it, and what became of its findings, in one line of time.

use bearing_protocol::{
    Timestamp,
    id::{CaseId, DeviceId, FindingId},
    rule::RuleId,
};
use bearing_store::{CaseEvent, FindingEvent, FindingFilter, FindingRow, PageRequest, StoreError};

use crate::app::App;

/// Rules that say that reports are missing: silence, a gap or break in the chain, a fork, a declared loss.
const GAPS: [&str; 4] = ["AT-01", "AT-02", "AT-03", "AT-07"];
/// Most findings about missing reports that are looked up for one device and rule.
const MAX_GAPS: u32 = 20;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who: a person's name, `agent` or `server`.
    pub actor: String,
    /// What.
    pub what: String,
    /// The comment or reason.
    pub text: Option<String>,
    /// The finding it is about, with its device.
    pub finding: Option<(DeviceId, FindingId)>,
}

/// The timeline, oldest first.
///
/// # Errors
/// The store's.
pub async fn timeline(
    app: &App,
    id: &CaseId,
    devices: &[DeviceId],
    findings: &[FindingRow],
) -> Result<Vec<Entry>, StoreError> {
    let mut entries: Vec<Entry> = app.store.case_events(id).await?.into_iter().map(of_case).collect();
    let mut rows = findings.to_vec();
    for device in devices {
        for rule in GAPS.iter().filter_map(|rule| rule.parse::<RuleId>().ok()) {
            let filter =
                FindingFilter { device: Some(device.clone()), rule: Some(rule), ..FindingFilter::default() };
            let page = PageRequest { after: None, limit: MAX_GAPS };
            for row in app.store.findings(&filter, &page).await?.items {
                if !rows.iter().any(|known| known.device == row.device && known.finding.id == row.finding.id)
                {
                    rows.push(row);
                }
            }
        }
    }
    for row in &rows {
        let history = app.store.finding_history(&row.device, &row.finding.id).await?;
        entries.extend(history.into_iter().map(|event| of_finding(row, event)));
    }
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

fn of_case(event: CaseEvent) -> Entry {
    Entry { at: event.at, actor: event.actor, what: event.what, text: event.text, finding: None }
}

fn of_finding(row: &FindingRow, event: FindingEvent) -> Entry {
    let rule = row.finding.rule;
    let gap = GAPS.contains(&rule.as_str());
    let what = match (event.what.as_str(), gap) {
        ("appeared", true) => format!("{rule}: reports are missing"),
        ("appeared", false) => format!("{rule} first seen"),
        (what, true) if what.ends_with("→ resolved") => format!("{rule}: reports come again"),
        (what, false) if what.ends_with("→ resolved") => format!("{rule} resolved"),
        (what, _) => format!("{rule} {what}"),
    };
    let text = if event.what == "appeared" { Some(row.finding.title.clone()) } else { event.text };
    Entry {
        at: event.at,
        actor: event.actor,
        what,
        text,
        finding: Some((row.device.clone(), row.finding.id.clone())),
    }
}
