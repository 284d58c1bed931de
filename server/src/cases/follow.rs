//! What a device's new verdict does to cases: opens one, takes findings into an open one, reopens a closed one.
//!
//! Always: safe to do twice; a person's change at the same moment wins, and the device is looked at again.

use std::collections::BTreeMap;

use bearing_protocol::{
    Timestamp,
    id::{CaseId, DeviceId},
    text::printable,
};
use bearing_store::{
    CaseChange, CaseEvent, CaseMember, CaseRow, CaseStatus, CaseSubject, FindingRow, JobKind, Opened,
    StoreError, SubjectKind, VerdictRow,
};
use tracing::{info, warn};

use super::{
    counts,
    evidence::{is_open, news_of},
    findings_of, judge, shown_severity,
};
use crate::{act, app::App, auth::random_bytes, roster::NEW_HIRE_DAYS};

/// Who acts here, in timelines and audit entries.
const SERVER: &str = "server";
/// Who opened a case that nobody opened by hand.
const RULE: &str = "rule";
/// Most characters of a title made from a host name and a finding.
const MAX_TITLE_CHARS: usize = 120;
/// Most findings that one line of the timeline names.
const MAX_NAMED: usize = 8;

/// Lets cases follow new verdicts.
///
/// # Errors
/// The store's, where it cannot at all.
pub async fn follow(app: &App, verdicts: &[VerdictRow], now: Timestamp) -> Result<(), StoreError> {
    let devices: Vec<DeviceId> = verdicts.iter().map(|verdict| verdict.device.clone()).collect();
    let mut cases: BTreeMap<DeviceId, Vec<CaseRow>> = BTreeMap::new();
    for (device, case) in app.store.cases_of_devices(&devices).await? {
        cases.entry(device).or_default().push(case);
    }
    for verdict in verdicts {
        let done = match cases.remove(&verdict.device) {
            None if asks_for_a_case(&verdict.verdict) => open(app, verdict, now).await,
            None => Ok(()),
            Some(cases) => each(app, &verdict.device, cases, now).await,
        };
        match done {
            Ok(()) => {}
            Err(StoreError::Conflict(why)) => {
                info!(device.id = %verdict.device, "a case changed meanwhile ({why}): looking again");
                app.store.enqueue(JobKind::Verdict, &verdict.device, 0, now).await?;
            }
            Err(error @ (StoreError::Unavailable { .. } | StoreError::Full)) => return Err(error),
            Err(error) => {
                warn!(device.id = %verdict.device, error = &error as &dyn std::error::Error, "a case could not follow");
            }
        }
    }
    Ok(())
}

fn asks_for_a_case(verdict: &str) -> bool {
    matches!(verdict, "investigate" | "escalate")
}

/// Opens a device's case.
async fn open(app: &App, verdict: &VerdictRow, now: Timestamp) -> Result<(), StoreError> {
    let device = &verdict.device;
    let Some(row) = app.store.device(device).await? else { return Ok(()) };
    let findings = open_findings(app, device).await?;
    let Ok(bytes) = random_bytes::<16>() else {
        warn!(device.id = %device, "no randomness for a case's id: trying again with the next report");
        return Ok(());
    };
    let gravest = findings.iter().find(|row| counts(row)).map_or("", |row| row.finding.title.as_str());
    let title = printable(&format!("{}: {gravest}", row.hostname), MAX_TITLE_CHARS);
    let case = new_case(CaseId::from_bytes(&bytes), CaseSubject::device(device), title, RULE, now);
    let case = CaseRow { flags: flags(app, device, now).await?, ..case };
    let case = judge(std::slice::from_ref(device), &findings).onto(case);
    let report = app.store.result_sequence(device).await?;
    let change = CaseChange {
        events: vec![event(
            now,
            "opened".to_owned(),
            Some(format!("the device's verdict is {}", verdict.verdict)),
        )],
        add: findings.iter().map(|row| member(row, report, now)).collect(),
        devices: vec![device.clone()],
        ..CaseChange::default()
    };
    if app.store.open_case(&case, &change).await? == Opened::New {
        let detail = serde_json::json!({ "subject": case.subject, "verdict": case.verdict, "evidence": case.evidence });
        act::note(app, SERVER, "case.open", case.id.as_str(), detail).await?;
    }
    Ok(())
}

/// What the roster says of the person behind a device: it orders the queue and changes no score.
async fn flags(app: &App, device: &DeviceId, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let Some(person) = app.store.person_of(device).await? else { return Ok(Vec::new()) };
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let new = person
        .row
        .hired_on
        .is_some_and(|day| (0..=NEW_HIRE_DAYS).contains(&i64::from((today - day).get_days())));
    let words =
        [("new_hire", new), ("contractor", person.row.contractor), ("privileged", person.row.privileged)];
    Ok(words.into_iter().filter(|(_, on)| *on).map(|(word, _)| word.to_owned()).collect())
}

/// A case that is about to be opened, not judged yet.
pub(crate) fn new_case(
    id: CaseId,
    subject: CaseSubject,
    title: String,
    opened_by: &str,
    now: Timestamp,
) -> CaseRow {
    CaseRow {
        id,
        subject,
        title,
        status: CaseStatus::Open,
        verdict: "not_assessed".to_owned(),
        evidence: None,
        posture: 0.0,
        arithmetic: Vec::new(),
        flags: Vec::new(),
        assignee: None,
        opened_at: now,
        opened_by: opened_by.to_owned(),
        closed_at: None,
        closed_by: None,
        decision: None,
        reason: None,
        proposed_by: None,
        reviewer: None,
        follows: true,
        split_from: None,
        moved_to: None,
        updated_at: now,
        version: 1,
    }
}

/// A device's findings that somebody still has to say something about.
pub(crate) async fn open_findings(app: &App, device: &DeviceId) -> Result<Vec<FindingRow>, StoreError> {
    let rows = app.store.device_findings(device).await?;
    Ok(rows.into_iter().filter(|row| is_open(row.status)).collect())
}

/// A finding as it comes into a case; `report` is the device's last judged report.
pub(crate) fn member(row: &FindingRow, report: Option<u64>, now: Timestamp) -> CaseMember {
    CaseMember {
        device: row.device.clone(),
        finding: row.finding.id.clone(),
        added_at: now,
        report,
        moved_to: None,
        closing: None,
    }
}

fn event(at: Timestamp, what: String, text: Option<String>) -> CaseEvent {
    CaseEvent { at, actor: SERVER.to_owned(), what, text }
}

/// All cases that cover a device.
async fn each(
    app: &App,
    device: &DeviceId,
    mut cases: Vec<CaseRow>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_followed = cases.iter().any(|case| case.follows && case.status != CaseStatus::Closed);
    // Where none is open, the device's own is the one that new findings reopen, else the newest.
    cases.sort_by_key(|case| case.subject.kind != SubjectKind::Device);
    let mut may_take = !is_followed;
    for case in cases {
        if case.status == CaseStatus::Closed {
            let takes = may_take && case.follows;
            may_take &= !case.follows;
            reopen(app, device, case, takes, now).await?;
        } else {
            take(app, device, case, now).await?;
        }
    }
    Ok(())
}

/// Findings of the device that a case does not know.
async fn strangers(
    app: &App,
    device: &DeviceId,
    members: &[CaseMember],
) -> Result<Vec<FindingRow>, StoreError> {
    let mut rows = open_findings(app, device).await?;
    rows.retain(|row| {
        !members.iter().any(|known| known.device == *device && known.finding == row.finding.id)
    });
    Ok(rows)
}

/// Takes new findings into an open case and judges it again.
async fn take(app: &App, device: &DeviceId, case: CaseRow, now: Timestamp) -> Result<(), StoreError> {
    let members = app.store.case_members(&case.id).await?;
    let new = if case.follows { strangers(app, device, &members).await? } else { Vec::new() };
    let mut findings = findings_of(app, &members).await?;
    findings.extend(new.iter().cloned());
    let devices = app.store.case_devices(&case.id).await?;
    let judged = judge(&devices, &findings);
    if new.is_empty() && !judged.differs(&case) {
        return Ok(());
    }
    let mut events = Vec::new();
    if !new.is_empty() {
        events.push(event(now, "findings came in".to_owned(), Some(named(&new))));
    }
    if judged.verdict != case.verdict {
        events.push(event(now, format!("verdict {} → {}", case.verdict, judged.verdict), None));
    }
    let mut row = judged.onto(case.clone());
    if row.status == CaseStatus::AwaitingDecision && new.iter().any(counts) {
        let why = "there is evidence that the proposal did not know".to_owned();
        events.push(event(now, "the proposal no longer stands".to_owned(), Some(why)));
        row =
            CaseRow { status: CaseStatus::InReview, decision: None, reason: None, proposed_by: None, ..row };
    }
    row.updated_at = now;
    let report = app.store.result_sequence(device).await?;
    let add = new.iter().map(|row| member(row, report, now)).collect();
    let change = CaseChange { events, add, ..CaseChange::default() };
    app.store.save_case(&row, case.version, &change).await?;
    Ok(())
}

/// Reopens a closed case where there is new evidence; `takes` says whether findings it never had count.
async fn reopen(
    app: &App,
    device: &DeviceId,
    case: CaseRow,
    takes: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let members = app.store.case_members(&case.id).await?;
    let known = findings_of(app, &members).await?;
    let mut news: Vec<String> = Vec::new();
    for row in known.iter().filter(|row| row.device == *device) {
        let member =
            members.iter().find(|member| member.device == row.device && member.finding == row.finding.id);
        news.extend(member.and_then(|member| news_of(row, member)));
    }
    let new = if takes { strangers(app, device, &members).await? } else { Vec::new() };
    news.extend(
        new.iter().filter(|row| counts(row)).map(|row| {
            format!("{} was not in it when it was closed: {}", row.finding.rule, row.finding.title)
        }),
    );
    if news.is_empty() {
        return Ok(());
    }
    let mut findings = known;
    findings.extend(new.iter().cloned());
    let devices = app.store.case_devices(&case.id).await?;
    let decided = case.decision.map_or("", |decision| decision.as_str());
    let why = printable(&news.join("; "), act::MAX_TEXT_CHARS);
    let row = CaseRow {
        status: CaseStatus::Open,
        closed_at: None,
        closed_by: None,
        decision: None,
        reason: None,
        proposed_by: None,
        reviewer: None,
        updated_at: now,
        ..judge(&devices, &findings).onto(case.clone())
    };
    let report = app.store.result_sequence(device).await?;
    let change = CaseChange {
        events: vec![event(now, format!("reopened; it was closed as {decided}"), Some(why.clone()))],
        add: new.iter().map(|row| member(row, report, now)).collect(),
        ..CaseChange::default()
    };
    if app.store.save_case(&row, case.version, &change).await? {
        act::note(app, SERVER, "case.reopen", case.id.as_str(), serde_json::json!({ "why": why })).await?;
    }
    Ok(())
}

/// Findings in a line.
fn named(rows: &[FindingRow]) -> String {
    let mut text = rows
        .iter()
        .take(MAX_NAMED)
        .map(|row| format!("{} {}", row.finding.rule, shown_severity(row)))
        .collect::<Vec<_>>()
        .join(", ");
    if rows.len() > MAX_NAMED {
        text.push_str(&format!(" and {} more", rows.len() - MAX_NAMED));
    }
    text
}
