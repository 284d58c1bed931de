//! The queue of cases. A viewer sees how many there are, and nothing of them.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use bearing_protocol::{
    Timestamp,
    id::{CaseId, DeviceId, FindingId},
};
use bearing_store::{
    CaseCounts, CaseDecision, CaseFilter, CaseRow, CaseStatus, CaseSubject, Page, PageRequest, SubjectKind,
};
use serde::Deserialize;

use super::{
    ProblemPage,
    form::{Fields, done},
    frame::{Frame, Visit, page},
    view::{When, points, query, shown, verdict_class, verdict_word},
};
use crate::{
    act::{self, ActError, CaseRequest},
    app::App,
};

/// Rows of one page.
const ROWS: u32 = 50;
/// The verdicts that a queue is filtered by, the gravest first.
const VERDICTS: [&str; 6] =
    ["escalate", "investigate", "review", "platform_incident", "not_assessed", "nothing_found"];

/// What people filter by.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    search: String,
    verdict: String,
    status: String,
    about: String,
    mine: String,
    device: String,
    after: String,
}

impl Asked {
    fn filter(&self, name: &str) -> CaseFilter {
        let word = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let status = match self.status.as_str() {
            "all" => Vec::new(),
            chosen => match CaseStatus::ALL.into_iter().find(|status| status.as_str() == chosen) {
                Some(status) => vec![status],
                None => CaseStatus::ALL.into_iter().filter(|status| *status != CaseStatus::Closed).collect(),
            },
        };
        CaseFilter {
            status,
            verdict: word(&self.verdict),
            kind: SubjectKind::ALL.into_iter().find(|kind| kind.as_str() == self.about),
            assignee: (self.mine == "yes").then(|| name.to_owned()),
            device: self.device.parse().ok(),
            search: word(&self.search),
        }
    }

    fn is_plain(&self) -> bool {
        [&self.search, &self.verdict, &self.status, &self.about, &self.mine, &self.device]
            .iter()
            .all(|text| text.is_empty())
    }

    fn next(&self, after: &str) -> String {
        let pairs = [
            ("search", self.search.as_str()),
            ("verdict", &self.verdict),
            ("status", &self.status),
            ("about", &self.about),
            ("mine", &self.mine),
            ("device", &self.device),
            ("after", after),
        ];
        format!("/cases?{}", query(&pairs))
    }
}

/// A case, in a line.
#[derive(Clone, Debug)]
pub(super) struct CaseLine {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) subject: String,
    pub(super) word: &'static str,
    pub(super) class: &'static str,
    pub(super) evidence: Option<String>,
    pub(super) posture: String,
    pub(super) status: &'static str,
    pub(super) closed: bool,
    pub(super) decision: Option<&'static str>,
    pub(super) flags: Vec<&'static str>,
    pub(super) devices: usize,
    pub(super) simulated: bool,
    pub(super) assignee: Option<String>,
    pub(super) opened: When,
    pub(super) opened_by: String,
}

/// A case in a line. `simulated` says whether one of its devices is.
pub(super) fn line(row: &CaseRow, simulated: bool, now: Timestamp) -> CaseLine {
    CaseLine {
        id: row.id.to_string(),
        title: shown(&row.title),
        subject: subject_words(&row.subject),
        word: verdict_word(&row.verdict),
        class: verdict_class(&row.verdict),
        evidence: row.evidence.map(points),
        posture: points(row.posture),
        status: status_word(row.status),
        closed: row.status == CaseStatus::Closed,
        decision: row.decision.filter(|_| row.status == CaseStatus::Closed).map(decision_word),
        flags: row.flags.iter().map(|flag| flag_word(flag)).collect(),
        devices: row.arithmetic.len(),
        simulated,
        assignee: row.assignee.as_deref().map(shown),
        opened: When::at(row.opened_at, now),
        opened_by: if row.opened_by == "rule" { "by itself".to_owned() } else { shown(&row.opened_by) },
    }
}

/// A subject, for people.
pub(super) fn subject_words(subject: &CaseSubject) -> String {
    match subject.kind {
        SubjectKind::Device => "a device".to_owned(),
        SubjectKind::Person => format!("person {}", shown(&subject.id)),
        SubjectKind::Group => format!("group {}", shown(&subject.id)),
    }
}

/// A status, for people.
pub(super) const fn status_word(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Open => "Open",
        CaseStatus::InReview => "In review",
        CaseStatus::AwaitingDecision => "Awaits a second person",
        CaseStatus::Closed => "Closed",
    }
}

/// A decision, for people. None of them acquits.
pub(super) const fn decision_word(decision: CaseDecision) -> &'static str {
    match decision {
        CaseDecision::Confirmed => "confirmed",
        CaseDecision::NotConfirmed => "not confirmed",
        CaseDecision::Benign => "benign: an honest reason",
        CaseDecision::Moved => "moved to another case",
    }
}

fn flag_word(flag: &str) -> &'static str {
    match flag {
        "new_hire" => "new hire",
        "contractor" => "contractor",
        "privileged" => "privileged",
        _ => "flagged",
    }
}

/// A choice of a filter.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    value: &'static str,
    word: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "cases.html")]
pub(super) struct CasesPage {
    frame: Frame,
    asked: Asked,
    plain: bool,
    lines: Vec<CaseLine>,
    next: Option<String>,
    verdicts: Vec<Choice>,
    statuses: Vec<Choice>,
    tiles: Vec<(&'static str, u64)>,
}

impl CasesPage {
    pub(super) fn of(
        frame: Frame,
        asked: Asked,
        found: &Page<CaseRow>,
        simulated: &BTreeMap<CaseId, bool>,
        counts: &CaseCounts,
        now: Timestamp,
    ) -> Self {
        let count = |status: CaseStatus| counts.by_status.get(status.as_str()).copied().unwrap_or_default();
        Self {
            frame,
            plain: asked.is_plain(),
            lines: found
                .items
                .iter()
                .map(|row| line(row, simulated.get(&row.id).copied().unwrap_or_default(), now))
                .collect(),
            next: found.next.as_deref().map(|after| asked.next(after)),
            verdicts: VERDICTS
                .into_iter()
                .map(|value| Choice { value, word: verdict_word(value), chosen: asked.verdict == value })
                .collect(),
            statuses: CaseStatus::ALL
                .into_iter()
                .map(|status| (status.as_str(), status_word(status)))
                .chain([("all", "All")])
                .map(|(value, word)| Choice { value, word, chosen: asked.status == value })
                .collect(),
            tiles: CaseStatus::ALL.into_iter().map(|status| (status_word(status), count(status))).collect(),
            asked: Asked { search: shown(&asked.search), device: shown(&asked.device), ..asked },
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use bearing_store::Role;

        use super::{case_samples, samples};
        let row = case_samples::case();
        let counts = CaseCounts {
            by_status: BTreeMap::from([("open".to_owned(), 1), ("closed".to_owned(), 12)]),
            by_verdict: BTreeMap::from([("escalate".to_owned(), 1)]),
        };
        let asked = Asked { search: samples::HOSTILE.to_owned(), ..Asked::default() };
        let page = Page { items: vec![row.clone()], next: Some("aa".to_owned()), total: None };
        let none = Page { items: Vec::new(), next: None, total: None };
        let simulated = BTreeMap::from([(row.id, true)]);
        let now = samples::now();
        let frame = |role| Frame::sample("cases", role);
        vec![
            Self::of(frame(Role::Analyst), asked, &page, &simulated, &counts, now),
            Self::of(frame(Role::Auditor), Asked::default(), &none, &simulated, &counts, now),
            Self::of(frame(Role::Viewer), Asked::default(), &none, &simulated, &counts, now),
        ]
    }
}

/// Whether one of a case's devices is simulated.
pub(super) async fn is_simulated(app: &App, row: &CaseRow) -> Result<bool, ProblemPage> {
    for part in row.arithmetic.iter().take(1) {
        if app.store.device(&part.device).await?.is_some_and(|device| device.simulated) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, ProblemPage> {
    let frame = visit.frame(&app, "cases");
    let counts = app.store.case_counts().await?;
    let mut found = Page { items: Vec::new(), next: None, total: None };
    let mut simulated = BTreeMap::new();
    if frame.may_audit() {
        let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
        let filter = asked.filter(visit.actor().name());
        found = app.store.cases(&filter, &PageRequest { after, limit: ROWS }).await?;
        for row in &found.items {
            simulated.insert(row.id.clone(), is_simulated(&app, row).await?);
        }
    }
    Ok(page(&CasesPage::of(frame, asked, &found, &simulated, &counts, app.clock.now())))
}

/// The form that opens a case: from a finding, from a device, or from a group of devices.
#[derive(Deserialize)]
pub(super) struct OpenFields {
    kind: SubjectKind,
    subject: String,
    #[serde(default)]
    title: String,
    /// Ids with spaces between.
    #[serde(default)]
    devices: String,
    #[serde(default)]
    finding: String,
}

pub(super) async fn open(
    State(app): State<App>,
    visit: Visit,
    Fields(sent): Fields<OpenFields>,
) -> Result<Response, ProblemPage> {
    let devices: Vec<DeviceId> =
        sent.devices.split_whitespace().map(str::parse).collect::<Result<_, _>>().map_err(|_| {
            ActError::invalid("devices are named by their ids (`dev_…`), with spaces between")
        })?;
    let mut findings = Vec::new();
    if !sent.finding.is_empty() {
        let finding: FindingId =
            sent.finding.parse().map_err(|_| ActError::invalid("that is no finding's id"))?;
        let device: DeviceId =
            sent.subject.parse().map_err(|_| ActError::invalid("that is no device's id"))?;
        findings.push((device, finding));
    }
    let request = CaseRequest {
        subject: CaseSubject { kind: sent.kind, id: sent.subject },
        title: sent.title,
        devices,
        findings,
    };
    let id = act::open_case(&app, visit.actor(), request).await?;
    Ok(done(&format!("/cases/{id}"), "case"))
}
