//! One case: its verdict with the arithmetic, its evidence, how to disprove it, its timeline, and the forms that
//! work it. Looking at it is noted.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use bearing_protocol::{
    Timestamp,
    id::{CaseId, DeviceId},
    rule::Family,
    text::printable,
};
use bearing_store::{
    CaseFilter, CaseMember, CaseRow, CaseStatus, CheckResult, CustodyEntry, DeviceRow, FindingRow,
    PageRequest, Role, SubjectKind,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    ProblemPage,
    cases::{CaseLine, line as case_line},
    device::{Step as Ledger, steps as ledger},
    findings::{Line, line},
    form::Ids,
    frame::{Frame, Visit, page},
    view::{When, family_word, points, shown, verdict_class, verdict_meaning, verdict_word},
};
use crate::{
    act,
    app::App,
    cases::{self, Entry, Step},
};

/// Most lines of the log of custody that are shown: the newest.
const MAX_CUSTODY: u32 = 50;
/// Most lines of a place verdict that are shown for each device.
const MAX_WHY: usize = 6;
/// Most open cases that a merge is offered with.
const MAX_OTHERS: u32 = 100;

/// A device's part.
#[derive(Clone, Debug)]
pub(super) struct Part {
    id: String,
    name: String,
    simulated: bool,
    word: &'static str,
    class: &'static str,
    evidence: Option<String>,
    posture: String,
    steps: Vec<Ledger>,
    /// The place verdict and why; shown beside, and never in the sum.
    place: Option<(String, Vec<String>)>,
}

/// Findings of one family.
#[derive(Clone, Debug)]
pub(super) struct FamilyPart {
    word: &'static str,
    posture: bool,
    findings: Vec<Member>,
}

/// A finding in the case.
#[derive(Clone, Debug)]
pub(super) struct Member {
    line: Line,
    /// What a form names it by.
    key: String,
}

/// A finding that went on in another case.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    title: String,
    href: String,
    case: String,
}

/// A disproof step.
#[derive(Clone, Debug)]
pub(super) struct StepLine {
    key: String,
    device: String,
    device_id: String,
    text: String,
    rules: String,
    answer: Option<AnswerLine>,
}

/// Its answer.
#[derive(Clone, Debug)]
pub(super) struct AnswerLine {
    word: &'static str,
    note: String,
    by: String,
    at: When,
}

/// A line of the timeline.
#[derive(Clone, Debug)]
pub(super) struct EventLine {
    at: When,
    actor: String,
    what: String,
    text: Option<String>,
    href: Option<String>,
}

/// A line of the log of custody.
#[derive(Clone, Debug)]
pub(super) struct CustodyLine {
    at: When,
    actor: String,
    what: String,
    digest: Option<String>,
    audit: u64,
}

/// What is known around a case.
pub(super) struct Known<'a> {
    pub(super) row: &'a CaseRow,
    pub(super) members: &'a [CaseMember],
    pub(super) findings: &'a [FindingRow],
    pub(super) devices: &'a BTreeMap<DeviceId, DeviceRow>,
    /// The place evaluation's last answer.
    pub(super) places: &'a BTreeMap<DeviceId, Value>,
    pub(super) steps: &'a [Step],
    pub(super) timeline: &'a [Entry],
    pub(super) custody: &'a [CustodyEntry],
    /// Open cases that it can be merged into.
    pub(super) others: &'a [CaseRow],
    /// Who could work on it.
    pub(super) people: &'a [String],
}

#[derive(Template)]
#[template(path = "case.html")]
pub(super) struct CasePage {
    frame: Frame,
    line: CaseLine,
    meaning: &'static str,
    status: CaseStatus,
    version: u64,
    subject_href: Option<String>,
    parts: Vec<Part>,
    families: Vec<FamilyPart>,
    moved: Vec<Moved>,
    steps: Vec<StepLine>,
    answered: usize,
    timeline: Vec<EventLine>,
    newest_first: bool,
    custody: Vec<CustodyLine>,
    others: Vec<(String, String)>,
    people: Vec<String>,
    proposed_by: Option<String>,
    reviewer: Option<String>,
    reason: Option<String>,
    closed: Option<(When, String)>,
    split_from: Option<String>,
    moved_to: Option<String>,
}

impl CasePage {
    pub(super) fn of(frame: Frame, known: &Known<'_>, newest_first: bool, now: Timestamp) -> Self {
        let row = known.row;
        let name = |id: &DeviceId| known.devices.get(id).map(|device| shown(&device.hostname));
        let simulated = known.devices.values().any(|device| device.simulated);
        let parts = row
            .arithmetic
            .iter()
            .map(|part| Part {
                id: part.device.to_string(),
                name: name(&part.device).unwrap_or_else(|| part.device.to_string()),
                simulated: known.devices.get(&part.device).is_some_and(|device| device.simulated),
                word: verdict_word(&part.verdict),
                class: verdict_class(&part.verdict),
                evidence: part.evidence.map(points),
                posture: points(part.posture),
                steps: ledger(&part.lines),
                place: known.places.get(&part.device).and_then(place_words),
            })
            .collect();
        let steps: Vec<StepLine> = known.steps.iter().map(|step| step_line(step, &name, now)).collect();
        let mut timeline: Vec<EventLine> =
            known.timeline.iter().map(|entry| event_line(entry, now)).collect();
        if newest_first {
            timeline.reverse();
        }
        Self {
            meaning: verdict_meaning(&row.verdict),
            status: row.status,
            version: row.version,
            subject_href: subject_href(row),
            parts,
            families: families(known, now),
            moved: moved(known),
            answered: steps.iter().filter(|step| step.answer.is_some()).count(),
            steps,
            timeline,
            newest_first,
            custody: known.custody.iter().rev().map(|entry| custody_line(entry, now)).collect(),
            others: known
                .others
                .iter()
                .filter(|other| other.id != row.id)
                .map(|other| (other.id.to_string(), shown(&other.title)))
                .collect(),
            people: known.people.iter().map(|name| shown(name)).collect(),
            proposed_by: row.proposed_by.as_deref().map(shown),
            reviewer: row.reviewer.as_deref().map(shown),
            reason: row.reason.as_deref().map(lines_shown),
            closed: row
                .closed_at
                .map(|at| (When::at(at, now), row.closed_by.as_deref().map(shown).unwrap_or_default())),
            split_from: row.split_from.as_ref().map(ToString::to_string),
            moved_to: row.moved_to.as_ref().map(ToString::to_string),
            line: case_line(row, simulated, now),
            frame,
        }
    }

    fn is_open(&self) -> bool {
        self.status != CaseStatus::Closed
    }

    fn awaits(&self) -> bool {
        self.status == CaseStatus::AwaitingDecision
    }

    fn is_proposer(&self) -> bool {
        self.proposed_by.as_deref() == Some(self.frame.name.as_str())
    }

    fn is_answered(&self) -> bool {
        !self.steps.is_empty() && self.answered == self.steps.len()
    }

    fn findings(&self) -> usize {
        self.families.iter().map(|family| family.findings.len()).sum()
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use bearing_store::CaseDecision;

        use super::{case_samples, samples};
        let now = samples::now();
        let device = samples::device();
        let devices = BTreeMap::from([(device.id.clone(), device)]);
        let findings = [samples::finding()];
        let places =
            samples::verdict().place.map(|place| (samples::device().id, place)).into_iter().collect();
        let open = case_samples::case();
        let member = case_samples::case_member();
        let gone = CaseMember { moved_to: Some(CaseId::from_bytes(&[9; 16])), ..member.clone() };
        let checks = [case_samples::case_check(&findings)];
        let steps = cases::steps(&findings, &checks);
        let bare = cases::steps(&findings, &[]);
        let timeline = case_samples::case_timeline();
        let custody = case_samples::custody();
        let other = CaseRow { id: CaseId::from_bytes(&[8; 16]), ..open.clone() };
        let people = [samples::HOSTILE.to_owned()];
        let sample = |row: &CaseRow, members: &[CaseMember], steps: &[Step], role, newest| {
            let known = Known {
                row,
                members,
                findings: &findings,
                devices: &devices,
                places: &places,
                steps,
                timeline: &timeline,
                custody: &custody,
                others: std::slice::from_ref(&other),
                people: &people,
            };
            Self::of(Frame::sample("cases", role), &known, newest, now)
        };
        let awaiting = CaseRow {
            status: CaseStatus::AwaitingDecision,
            decision: Some(CaseDecision::Confirmed),
            proposed_by: Some("ana".to_owned()),
            ..open.clone()
        };
        let of_other = CaseRow { proposed_by: Some(samples::HOSTILE.to_owned()), ..awaiting.clone() };
        let closed = CaseRow {
            status: CaseStatus::Closed,
            decision: Some(CaseDecision::Moved),
            closed_at: Some(now),
            closed_by: Some(samples::HOSTILE.to_owned()),
            moved_to: Some(other.id.clone()),
            ..of_other.clone()
        };
        vec![
            sample(&open, std::slice::from_ref(&member), &bare, Role::Analyst, true),
            sample(&awaiting, &[member.clone(), gone], &steps, Role::Admin, true),
            sample(&of_other, std::slice::from_ref(&member), &steps, Role::Analyst, false),
            sample(&closed, &[member], &steps, Role::Auditor, true),
        ]
    }
}

/// The page of what the case is about, where it has one.
fn subject_href(row: &CaseRow) -> Option<String> {
    let id = &row.subject.id;
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    match row.subject.kind {
        SubjectKind::Device if plain => Some(format!("/devices/{id}")),
        SubjectKind::Group if plain && id.starts_with("grp_") => Some(format!("/farm/{id}")),
        _ => None,
    }
}

/// A place evaluation's verdict and why, as far as it says so.
fn place_words(answer: &Value) -> Option<(String, Vec<String>)> {
    let verdict = answer.get("verdict")?.as_str()?;
    let why = answer.get("why").and_then(Value::as_array).into_iter().flatten();
    let why = why.filter_map(Value::as_str).take(MAX_WHY).map(shown).collect();
    Some((shown(verdict).replace('_', " "), why))
}

fn families(known: &Known<'_>, now: Timestamp) -> Vec<FamilyPart> {
    let mut parts = Vec::new();
    for family in Family::ALL {
        let findings: Vec<Member> = known
            .findings
            .iter()
            .filter(|row| row.finding.family == family)
            .filter_map(|row| {
                let device = known.devices.get(&row.device)?;
                Some(Member {
                    line: line(row, device, now),
                    key: format!("{}/{}", row.device, row.finding.id),
                })
            })
            .collect();
        if !findings.is_empty() {
            parts.push(FamilyPart {
                word: family_word(family),
                posture: family == Family::Posture,
                findings,
            });
        }
    }
    parts
}

fn moved(known: &Known<'_>) -> Vec<Moved> {
    known
        .members
        .iter()
        .filter_map(|member| {
            let to = member.moved_to.as_ref()?;
            let row = known
                .findings
                .iter()
                .find(|row| row.device == member.device && row.finding.id == member.finding);
            Some(Moved {
                title: row.map_or_else(|| member.finding.to_string(), |row| shown(&row.finding.title)),
                href: format!("/devices/{}/findings/{}", member.device, member.finding),
                case: to.to_string(),
            })
        })
        .collect()
}

fn step_line(step: &Step, name: &dyn Fn(&DeviceId) -> Option<String>, now: Timestamp) -> StepLine {
    StepLine {
        key: step.key.clone(),
        device: name(&step.device).unwrap_or_else(|| step.device.to_string()),
        device_id: step.device.to_string(),
        text: printable(&step.text, act::MAX_TEXT_CHARS),
        rules: step.rules.join(", "),
        answer: step.answer.as_ref().map(|answer| AnswerLine {
            word: result_word(answer.result),
            note: lines_shown(&answer.note),
            by: shown(&answer.by),
            at: When::at(answer.at, now),
        }),
    }
}

const fn result_word(result: CheckResult) -> &'static str {
    match result {
        CheckResult::Stands => "Tried: the finding stands",
        CheckResult::Disproved => "Tried: there is an honest reason",
        CheckResult::NotPossible => "Could not be tried",
    }
}

fn event_line(entry: &Entry, now: Timestamp) -> EventLine {
    EventLine {
        at: When::at(entry.at, now),
        actor: shown(&entry.actor),
        what: shown(&entry.what),
        text: entry.text.as_deref().map(lines_shown),
        href: entry.finding.as_ref().map(|(device, finding)| format!("/devices/{device}/findings/{finding}")),
    }
}

fn custody_line(entry: &CustodyEntry, now: Timestamp) -> CustodyLine {
    CustodyLine {
        at: When::at(entry.at, now),
        actor: shown(&entry.actor),
        what: shown(&entry.what),
        digest: entry.digest.as_deref().map(shown),
        audit: entry.audit,
    }
}

/// A comment keeps its line breaks; everything else that could mislead is shown, not obeyed.
fn lines_shown(text: &str) -> String {
    text.lines().map(|line| printable(line, act::MAX_TEXT_CHARS)).collect::<Vec<_>>().join("\n")
}

/// In which order the timeline is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Order {
    order: String,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<CaseId>,
    Query(order): Query<Order>,
) -> Result<Response, ProblemPage> {
    let store = &app.store;
    let row = store.case(&id).await?.ok_or_else(ProblemPage::not_found)?;
    act::note_look(&app, visit.actor().name(), &id, "looked", None).await?;
    let members = store.case_members(&id).await?;
    let findings = cases::findings_of(&app, &members).await?;
    let ids = store.case_devices(&id).await?;
    let (mut devices, mut places) = (BTreeMap::new(), BTreeMap::new());
    for device in &ids {
        if let Some(place) = store.verdict(device).await?.and_then(|verdict| verdict.place) {
            places.insert(device.clone(), place);
        }
        if let Some(row) = store.device(device).await? {
            devices.insert(device.clone(), row);
        }
    }
    let steps = cases::steps(&findings, &store.case_checks(&id).await?);
    let timeline = cases::timeline(&app, &id, &ids, &findings).await?;
    let custody = store.custody(&id, MAX_CUSTODY).await?;
    let frame = visit.frame(&app, "cases");
    let (mut others, mut people) = (Vec::new(), Vec::new());
    if frame.may_work() && row.status != CaseStatus::Closed {
        let open = [CaseStatus::Open, CaseStatus::InReview, CaseStatus::AwaitingDecision];
        let filter = CaseFilter { status: open.to_vec(), ..CaseFilter::default() };
        others = store.cases(&filter, &PageRequest { after: None, limit: MAX_OTHERS }).await?.items;
        let users = store.users().await?;
        people = users
            .into_iter()
            .filter(|user| !user.disabled && user.role >= Role::Analyst)
            .map(|user| user.name)
            .collect();
    }
    let known = Known {
        row: &row,
        members: &members,
        findings: &findings,
        devices: &devices,
        places: &places,
        steps: &steps,
        timeline: &timeline,
        custody: &custody,
        others: &others,
        people: &people,
    };
    Ok(page(&CasePage::of(frame, &known, order.order != "oldest", app.clock.now())))
}

/// The packet, as a file. That it was taken away is noted.
pub(super) async fn packet(
    State(app): State<App>,
    visit: Visit,
    Ids((id, form)): Ids<(CaseId, String)>,
) -> Result<Response, ProblemPage> {
    Ok(act::export_case(&app, visit.actor(), &id, &form).await?)
}
