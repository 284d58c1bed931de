//! The list of findings: the analyst's queue.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use bearing_protocol::{Timestamp, id::DeviceId, rule::Family, severity::Severity};
use bearing_store::{DeviceRow, FindingFilter, FindingRow, FindingStatus, Page, PageRequest};
use serde::Deserialize;

use super::{
    ProblemPage,
    frame::{Frame, Visit, page},
    view::{When, family_word, query, severity_class, severity_word, shown, status_word},
};
use crate::app::App;

/// Rows of one page.
const ROWS: u32 = 50;

/// What people filter by.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    search: String,
    severity: String,
    family: String,
    status: String,
    device: String,
    after: String,
}

impl Asked {
    fn filter(&self) -> FindingFilter {
        let search = self.search.trim();
        FindingFilter {
            device: self.device.parse().ok(),
            status: match self.status.as_str() {
                "all" => Vec::new(),
                "" => vec![FindingStatus::Open, FindingStatus::InReview],
                word => FindingStatus::ALL.into_iter().filter(|status| status.as_str() == word).collect(),
            },
            at_least: self.severity.parse().ok(),
            family: self.family.parse().ok(),
            rule: search.to_ascii_uppercase().parse().ok(),
            search: match search.to_ascii_uppercase().parse::<bearing_protocol::rule::RuleId>() {
                Ok(_) => None,
                Err(_) => Some(search.to_owned()).filter(|text| !text.is_empty()),
            },
        }
    }

    fn is_plain(&self) -> bool {
        [&self.search, &self.severity, &self.family, &self.status, &self.device, &self.after]
            .iter()
            .all(|field| field.is_empty())
    }

    fn next(&self, after: &str) -> String {
        let pairs = [
            ("search", self.search.as_str()),
            ("severity", &self.severity),
            ("family", &self.family),
            ("status", &self.status),
            ("device", &self.device),
            ("after", after),
        ];
        format!("/findings?{}", query(&pairs))
    }
}

/// A finding, in a line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) href: String,
    pub(super) title: String,
    pub(super) rule: String,
    pub(super) family: &'static str,
    pub(super) severity: &'static str,
    pub(super) class: &'static str,
    pub(super) raised: bool,
    pub(super) confidence: &'static str,
    pub(super) status: &'static str,
    pub(super) subject: String,
    pub(super) why: Option<String>,
    pub(super) device_id: String,
    pub(super) device: String,
    pub(super) simulated: bool,
    pub(super) assignee: Option<String>,
    pub(super) first: When,
    pub(super) last: When,
}

/// A choice of a filter.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    value: String,
    word: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "findings.html")]
pub(super) struct FindingsPage {
    frame: Frame,
    asked: Asked,
    severities: Vec<Choice>,
    families: Vec<Choice>,
    statuses: Vec<Choice>,
    lines: Vec<Line>,
    next: Option<String>,
    total: Option<u64>,
    plain: bool,
}

impl FindingsPage {
    pub(super) fn of(
        frame: Frame,
        asked: Asked,
        found: &Page<FindingRow>,
        devices: &BTreeMap<DeviceId, DeviceRow>,
        now: Timestamp,
    ) -> Self {
        let choice = |value: &str, word: &str, given: &str| Choice {
            value: value.to_owned(),
            word: word.to_owned(),
            chosen: value == given,
        };
        let severities = Severity::ALL.into_iter().rev().map(|severity| {
            let word = if severity == Severity::Critical {
                severity_word(severity).to_owned()
            } else {
                format!("{} or graver", severity_word(severity))
            };
            choice(severity.as_str(), &word, &asked.severity)
        });
        let families =
            Family::ALL.into_iter().map(|family| choice(family.as_str(), family_word(family), &asked.family));
        let statuses = FindingStatus::ALL
            .into_iter()
            .map(|status| choice(status.as_str(), status_word(status), &asked.status))
            .chain([choice("all", "All", &asked.status)]);
        Self {
            severities: severities.collect(),
            families: families.collect(),
            statuses: statuses.collect(),
            lines: found
                .items
                .iter()
                .filter_map(|row| devices.get(&row.device).map(|device| line(row, device, now)))
                .collect(),
            next: found.next.as_deref().map(|after| asked.next(after)),
            total: found.total,
            plain: asked.is_plain(),
            asked: Asked { search: shown(&asked.search), device: shown(&asked.device), ..asked },
            frame,
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("findings", bearing_store::Role::Analyst);
        let empty = Page { items: Vec::new(), next: None, total: None };
        let found = Page { items: vec![samples::finding()], next: Some("c".into()), total: Some(2) };
        let device = samples::device();
        let devices = BTreeMap::from([(device.id.clone(), device)]);
        let asked =
            Asked { search: samples::HOSTILE.into(), device: samples::HOSTILE.into(), ..Asked::default() };
        vec![
            Self::of(frame(), Asked::default(), &empty, &devices, samples::now()),
            Self::of(frame(), asked, &found, &devices, samples::now()),
        ]
    }
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, ProblemPage> {
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let found = app.store.findings(&asked.filter(), &PageRequest { after, limit: ROWS }).await?;
    let mut devices = BTreeMap::new();
    for row in &found.items {
        if !devices.contains_key(&row.device)
            && let Some(device) = app.store.device(&row.device).await?
        {
            devices.insert(row.device.clone(), device);
        }
    }
    let frame = visit.frame(&app, "findings");
    Ok(page(&FindingsPage::of(frame, asked, &found, &devices, app.clock.now())))
}

/// A finding of `device`, in a line.
pub(super) fn line(row: &FindingRow, device: &DeviceRow, now: Timestamp) -> Line {
    let finding = &row.finding;
    let severity = row.raised.as_ref().map_or(finding.severity, |(severity, _)| *severity);
    Line {
        href: format!("/devices/{}/findings/{}", row.device, finding.id),
        title: shown(&finding.title),
        rule: finding.rule.to_string(),
        family: family_word(finding.family),
        severity: severity_word(severity),
        class: severity_class(severity),
        raised: row.raised.is_some(),
        confidence: finding.confidence.as_str(),
        status: status_word(row.status),
        subject: shown(&finding.subject),
        why: finding.evidence.first().map(|evidence| shown(&evidence.why)),
        device_id: device.id.to_string(),
        device: shown(&device.hostname),
        simulated: device.simulated,
        assignee: row.assignee.as_deref().map(shown),
        first: When::at(row.first_seen, now),
        last: When::at(row.last_seen, now),
    }
}
