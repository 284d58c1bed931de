//! Working a case: opening, assigning, answering disproof steps, deciding, splitting, merging.
//!
//! Always: confirming takes two people with accounts, a written reason and every disproof step answered, whatever
//! their role; the rest takes one and a reason; a closed case is left alone, since only new evidence reopens it.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bearing_protocol::{
    id::{CaseId, DeviceId, FindingId},
    text::printable,
};
use bearing_store::{
    CaseChange, CaseCheck, CaseDecision, CaseEvent, CaseMember, CaseRow, CaseStatus, CaseSubject,
    CheckResult, CustodyEntry, FindingRow, Opened, Role, SubjectKind,
};
use serde_json::json;

use super::{ActError, MAX_NAME_CHARS, MAX_TEXT_CHARS, audited, note, required};
use crate::{
    app::App,
    auth::{Actor, random_bytes},
    cases::{self, PacketError, PacketForm, Step},
};

/// Most characters of a case's title.
const MAX_TITLE_CHARS: usize = 120;
/// Most devices of a case that is opened by hand.
const MAX_DEVICES: usize = 500;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct CaseRequest {
    /// What it is about.
    pub subject: CaseSubject,
    /// What people call it; made from the subject where empty.
    pub title: String,
    /// The devices it covers: a device's own alone, a person's or a group's as chosen; where none is chosen for a
    /// group that was found, its members.
    pub devices: Vec<DeviceId>,
    /// Findings that come in whatever their status, beside the open ones of the devices.
    pub findings: Vec<(DeviceId, FindingId)>,
}

/// A finding that is chosen.
pub type Chosen = (DeviceId, FindingId);

/// Opens a case, or gives the open one that follows its subject already, into which chosen findings come.
///
/// # Errors
/// Where a device or finding is not there, there is no device, or the store cannot.
pub async fn open_case(app: &App, actor: &Actor, request: CaseRequest) -> Result<CaseId, ActError> {
    let now = app.clock.now();
    let mut devices = request.devices;
    devices.extend(request.findings.iter().map(|(device, _)| device.clone()));
    if request.subject.kind == SubjectKind::Device {
        let own: DeviceId =
            request.subject.id.parse().map_err(|_| ActError::invalid("the subject's id is no device id"))?;
        if devices.iter().any(|device| *device != own) {
            return Err(ActError::invalid(
                "a device's case covers that device alone: open one about a person or a group",
            ));
        }
        devices.push(own);
    }
    if request.subject.kind == SubjectKind::Group
        && devices.is_empty()
        && let Some(group) = app.store.device_group(&request.subject.id).await?
    {
        devices = group.members;
    }
    devices.sort();
    devices.dedup();
    if devices.is_empty() {
        return Err(ActError::invalid("a case covers at least one device: name one"));
    }
    if devices.len() > MAX_DEVICES {
        return Err(ActError::invalid(format!("a case covers at most {MAX_DEVICES} devices")));
    }
    let subject_id = required("the subject", &request.subject.id, MAX_NAME_CHARS)?;
    let mut name = printable(&subject_id, MAX_NAME_CHARS);
    let mut add: Vec<CaseMember> = Vec::new();
    let mut findings: Vec<FindingRow> = Vec::new();
    for device in &devices {
        let row = app.store.device(device).await?.ok_or(ActError::NotFound("device"))?;
        if request.subject.kind == SubjectKind::Device {
            name = printable(&row.hostname, MAX_NAME_CHARS);
        }
        let report = app.store.result_sequence(device).await?;
        let mut rows = cases::open_findings(app, device).await?;
        for (_, id) in request.findings.iter().filter(|(on, _)| on == device) {
            let chosen = app.store.finding(device, id).await?.ok_or(ActError::NotFound("finding"))?;
            if !rows.iter().any(|row| row.finding.id == *id) {
                rows.push(chosen);
            }
        }
        add.extend(rows.iter().map(|row| cases::member(row, report, now)));
        findings.extend(rows);
    }
    let title = if request.title.trim().is_empty() {
        format!("{}: {name}", word_of(request.subject.kind))
    } else {
        required("the title", &request.title, MAX_TITLE_CHARS)?
    };
    let subject = CaseSubject { kind: request.subject.kind, id: subject_id };
    let id = CaseId::from_bytes(&random_bytes::<16>()?);
    let row = cases::new_case(id.clone(), subject, title, actor.name(), now);
    let row = cases::judge(&devices, &findings).onto(row);
    let change = CaseChange {
        events: vec![line(app, actor, "opened".to_owned(), None)],
        add: add.clone(),
        devices,
        ..CaseChange::default()
    };
    let detail = json!({ "subject": row.subject, "title": row.title, "findings": change.add.len() });
    let opened = audited(app, actor, "case.open", id.as_str(), detail, async {
        Ok(app.store.open_case(&row, &change).await?)
    })
    .await?;
    match opened {
        Opened::New => Ok(id),
        Opened::Already(there) => {
            let chosen: Vec<_> = add
                .into_iter()
                .filter(|member| {
                    request.findings.iter().any(|(on, id)| *on == member.device && *id == member.finding)
                })
                .collect();
            take_in(app, actor, &there, chosen).await?;
            Ok(there)
        }
    }
}

const fn word_of(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Device => "Device",
        SubjectKind::Person => "Person",
        SubjectKind::Group => "Group",
    }
}

/// Takes chosen findings into an open case where they are not in it.
async fn take_in(app: &App, actor: &Actor, id: &CaseId, add: Vec<CaseMember>) -> Result<(), ActError> {
    let known = app.store.case_members(id).await?;
    let is_new = |member: &CaseMember| {
        !known
            .iter()
            .any(|old| old.device == member.device && old.finding == member.finding && old.moved_to.is_none())
    };
    let add: Vec<CaseMember> = add.into_iter().filter(is_new).collect();
    if add.is_empty() {
        return Ok(());
    }
    let row = app.store.case(id).await?.ok_or(ActError::NotFound("case"))?;
    let version = row.version;
    let mut members = known;
    members.extend(add.iter().cloned());
    let mut devices = app.store.case_devices(id).await?;
    devices.extend(add.iter().map(|member| member.device.clone()));
    let findings = cases::findings_of(app, &members).await?;
    let row = cases::judge(&devices, &findings).onto(CaseRow { updated_at: app.clock.now(), ..row });
    let change = CaseChange {
        events: vec![line(app, actor, format!("{} findings taken in", add.len()), None)],
        add,
        ..CaseChange::default()
    };
    save(app, actor, "case.take", &row, version, json!({ "findings": change.add.len() }), change).await
}

fn line(app: &App, actor: &Actor, what: String, text: Option<String>) -> CaseEvent {
    CaseEvent { at: app.clock.now(), actor: actor.name().to_owned(), what, text }
}

/// The case, where it is not closed.
async fn open_row(app: &App, id: &CaseId) -> Result<CaseRow, ActError> {
    let row = app.store.case(id).await?.ok_or(ActError::NotFound("case"))?;
    if row.status == CaseStatus::Closed {
        return Err(ActError::Conflict(match &row.moved_to {
            Some(to) => format!("the case was moved: it goes on in {to}"),
            None => "the case is closed: only new evidence reopens it".to_owned(),
        }));
    }
    Ok(row)
}

async fn save(
    app: &App,
    actor: &Actor,
    action: &str,
    row: &CaseRow,
    version: u64,
    detail: serde_json::Value,
    change: CaseChange,
) -> Result<(), ActError> {
    audited(app, actor, action, row.id.as_str(), detail, async {
        if app.store.save_case(row, version, &change).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("case"))
        }
    })
    .await
}

/// Sets or clears (empty name) who works on a case. The name must be that of an account that may work cases.
///
/// # Errors
/// Where there is no such account or case, the case is closed, or the store cannot.
pub async fn assign_case(app: &App, actor: &Actor, id: &CaseId, assignee: &str) -> Result<(), ActError> {
    let row = open_row(app, id).await?;
    let name = assignee.trim().to_lowercase();
    let name = if name.is_empty() { None } else { Some(required("the assignee", &name, MAX_NAME_CHARS)?) };
    if let Some(name) = &name
        && app.store.user_by_name(name).await?.is_none_or(|user| user.disabled || user.role < Role::Analyst)
    {
        return Err(ActError::invalid("only an analyst or administrator with an account can work on it"));
    }
    let what = name.as_ref().map_or_else(|| "unassigned".to_owned(), |name| format!("assigned to {name}"));
    let change = CaseChange { events: vec![line(app, actor, what, None)], ..CaseChange::default() };
    let detail = json!({ "to": name });
    let status = match (row.status, &name) {
        (CaseStatus::Open, Some(_)) => CaseStatus::InReview,
        (status, _) => status,
    };
    let version = row.version;
    let row = CaseRow { assignee: name, status, updated_at: app.clock.now(), ..row };
    save(app, actor, "case.assign", &row, version, detail, change).await
}

/// Gives a case another title.
///
/// # Errors
/// Where it is empty or too long, there is no such case, or the store cannot.
pub async fn title_case(app: &App, actor: &Actor, id: &CaseId, title: &str) -> Result<(), ActError> {
    let row = open_row(app, id).await?;
    let title = required("the title", title, MAX_TITLE_CHARS)?;
    let what = CaseChange {
        events: vec![line(app, actor, "titled anew".to_owned(), Some(title.clone()))],
        ..CaseChange::default()
    };
    let detail = json!({ "from": row.title, "to": title });
    let version = row.version;
    let row = CaseRow { title, updated_at: app.clock.now(), ..row };
    save(app, actor, "case.title", &row, version, detail, what).await
}

/// Adds a comment. A closed case takes comments too, and stays closed.
///
/// # Errors
/// Where the comment is empty or too long, there is no such case, or the store cannot.
pub async fn comment_case(app: &App, actor: &Actor, id: &CaseId, text: &str) -> Result<(), ActError> {
    let text = required("the comment", text, MAX_TEXT_CHARS)?;
    app.store.case(id).await?.ok_or(ActError::NotFound("case"))?;
    let event = line(app, actor, "comment".to_owned(), Some(text.clone()));
    audited(app, actor, "case.comment", id.as_str(), json!({ "text": text }), async {
        if app.store.note_case(id, &event).await? { Ok(()) } else { Err(ActError::NotFound("case")) }
    })
    .await
}

async fn steps_of(app: &App, id: &CaseId) -> Result<Vec<Step>, ActError> {
    let members = app.store.case_members(id).await?;
    let findings = cases::findings_of(app, &members).await?;
    Ok(cases::steps(&findings, &app.store.case_checks(id).await?))
}

/// An answer to a disproof step.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Which step.
    pub step: String,
    /// What it came to.
    pub result: CheckResult,
    /// In words.
    pub note: String,
}

/// Answers a disproof step of a case at `version`.
///
/// # Errors
/// Where there is no such case or step, the case is closed or changed, the note is missing, or the store cannot.
pub async fn answer_step(
    app: &App,
    actor: &Actor,
    id: &CaseId,
    version: u64,
    answer: Answer,
) -> Result<(), ActError> {
    open_row(app, id).await?;
    let note = required("the note", &answer.note, MAX_TEXT_CHARS)?;
    let steps = steps_of(app, id).await?;
    let step =
        steps.iter().find(|step| step.key == answer.step).ok_or(ActError::NotFound("disproof step"))?;
    let result = answer.result.as_str();
    let what = format!("disproof step of {}: {}", step.rules.join(", "), answer.result.in_words());
    let event = line(app, actor, what, Some(note.clone()));
    let check = CaseCheck {
        key: answer.step,
        result: answer.result,
        note: note.clone(),
        by: actor.name().to_owned(),
        at: app.clock.now(),
    };
    let detail = json!({ "step": check.key, "result": result, "note": note });
    audited(app, actor, "case.check", id.as_str(), detail, async {
        if app.store.answer_check(id, version, &check, &event).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("case"))
        }
    })
    .await
}

/// The name of a person with an account who may decide. A token, a program and the command line are nobody.
async fn person(app: &App, actor: &Actor) -> Result<String, ActError> {
    let user = app.store.user_by_name(actor.name()).await?;
    match user {
        Some(user) if !user.disabled && user.role >= Role::Analyst && actor.address() != "local" => {
            Ok(user.name)
        }
        _ => Err(ActError::invalid(
            "confirming takes two people who are signed in to the console: a token or a command is nobody",
        )),
    }
}

/// Proposes to confirm a case at `version`: from now on a second person decides.
///
/// # Errors
/// Where the reason is missing, a disproof step is not answered, who asks is no person with an account, the case is
/// closed or changed, or the store cannot.
pub async fn propose_confirmation(
    app: &App,
    actor: &Actor,
    id: &CaseId,
    version: u64,
    reason: &str,
) -> Result<(), ActError> {
    let row = open_row(app, id).await?;
    let reason = required("the reason", reason, MAX_TEXT_CHARS)?;
    let name = person(app, actor).await?;
    if row.status == CaseStatus::AwaitingDecision {
        return Err(ActError::Conflict("it was proposed already and awaits a second person".to_owned()));
    }
    answered(&steps_of(app, id).await?)?;
    let row = CaseRow {
        status: CaseStatus::AwaitingDecision,
        decision: Some(CaseDecision::Confirmed),
        reason: Some(reason.clone()),
        proposed_by: Some(name),
        reviewer: None,
        updated_at: app.clock.now(),
        ..row
    };
    let event = line(app, actor, "proposed to confirm it".to_owned(), Some(reason.clone()));
    let change = CaseChange { events: vec![event], ..CaseChange::default() };
    save(app, actor, "case.propose", &row, version, json!({ "reason": reason }), change).await
}

fn answered(steps: &[Step]) -> Result<(), ActError> {
    if steps.is_empty() {
        return Err(ActError::invalid(
            "nothing in this case counts as evidence: there is nothing to confirm",
        ));
    }
    let open = steps.iter().filter(|step| step.answer.is_none()).count();
    if open > 0 {
        return Err(ActError::invalid(format!(
            "{open} of {} disproof steps are not answered: try each, or say why it could not be tried",
            steps.len()
        )));
    }
    Ok(())
}

/// The second person agrees: the case is closed as confirmed.
///
/// # Errors
/// Where nothing was proposed, who asks proposed it, a disproof step is open meanwhile, or the store cannot.
pub async fn confirm_case(
    app: &App,
    actor: &Actor,
    id: &CaseId,
    version: u64,
    words: &str,
) -> Result<(), ActError> {
    let row = open_row(app, id).await?;
    let (CaseStatus::AwaitingDecision, Some(proposer)) = (row.status, row.proposed_by.clone()) else {
        return Err(ActError::Conflict("nobody proposed to confirm it".to_owned()));
    };
    let words = required("the second person's words", words, MAX_TEXT_CHARS)?;
    let name = person(app, actor).await?;
    if name == proposer {
        return Err(ActError::invalid(
            "who proposed it cannot also decide it: a second person must, whatever your role",
        ));
    }
    answered(&steps_of(app, id).await?)?;
    let detail = json!({
        "proposed_by": proposer, "reviewer": name, "reason": row.reason, "words": words,
    });
    let event = line(app, actor, format!("confirmed; {proposer} proposed it"), Some(words));
    let row = CaseRow { reviewer: Some(name), ..row };
    close(app, actor, row, version, CaseDecision::Confirmed, ("case.confirm", detail, event)).await
}

/// The second person, or whoever proposed it, does not agree: the case is worked on.
///
/// # Errors
/// Where nothing was proposed, the reason is missing, or the store cannot.
pub async fn decline_case(
    app: &App,
    actor: &Actor,
    id: &CaseId,
    version: u64,
    reason: &str,
) -> Result<(), ActError> {
    let row = open_row(app, id).await?;
    if row.status != CaseStatus::AwaitingDecision {
        return Err(ActError::Conflict("nobody proposed to confirm it".to_owned()));
    }
    let reason = required("the reason", reason, MAX_TEXT_CHARS)?;
    let detail = json!({ "proposed_by": row.proposed_by, "reason": reason });
    let event = line(app, actor, "did not agree to confirm it".to_owned(), Some(reason));
    let row = CaseRow {
        status: CaseStatus::InReview,
        decision: None,
        reason: None,
        proposed_by: None,
        updated_at: app.clock.now(),
        ..row
    };
    let change = CaseChange { events: vec![event], ..CaseChange::default() };
    save(app, actor, "case.decline", &row, version, detail, change).await
}

/// Closes a case as not confirmed or benign. Confirming takes two people: [`propose_confirmation`].
///
/// # Errors
/// Where the decision takes two, the reason is missing, the case is closed or changed, or the store cannot.
pub async fn close_case(
    app: &App,
    actor: &Actor,
    id: &CaseId,
    version: u64,
    decision: CaseDecision,
    reason: &str,
) -> Result<(), ActError> {
    let row = open_row(app, id).await?;
    let reason = required("the reason", reason, MAX_TEXT_CHARS)?;
    if !matches!(decision, CaseDecision::NotConfirmed | CaseDecision::Benign) {
        return Err(ActError::invalid(
            "one person closes a case as not_confirmed or benign: confirming is proposed and decided by a second, moving is merging",
        ));
    }
    let detail = json!({ "decision": decision, "reason": reason });
    let event = line(app, actor, format!("closed as {}", decision.as_str()), Some(reason.clone()));
    let row = CaseRow { reason: Some(reason), proposed_by: None, reviewer: None, ..row };
    close(app, actor, row, version, decision, ("case.close", detail, event)).await
}

async fn close(
    app: &App,
    actor: &Actor,
    row: CaseRow,
    version: u64,
    decision: CaseDecision,
    (action, detail, event): (&str, serde_json::Value, CaseEvent),
) -> Result<(), ActError> {
    let members = app.store.case_members(&row.id).await?;
    let findings = cases::findings_of(app, &members).await?;
    let marks =
        findings.iter().map(|row| (row.device.clone(), row.finding.id.clone(), cases::mark(row))).collect();
    let now = app.clock.now();
    let row = CaseRow {
        status: CaseStatus::Closed,
        decision: Some(decision),
        closed_at: Some(now),
        closed_by: Some(actor.name().to_owned()),
        updated_at: now,
        ..row
    };
    let change = CaseChange { events: vec![event], marks, ..CaseChange::default() };
    save(app, actor, action, &row, version, detail, change).await
}

/// Moves chosen findings of a case at `version` into a new one; its id.
///
/// # Errors
/// Where none or all are chosen, one is not in the case, the case is closed or changed, or the store cannot.
pub async fn split_case(
    app: &App,
    actor: &Actor,
    id: &CaseId,
    version: u64,
    (title, chosen): (&str, &[Chosen]),
) -> Result<CaseId, ActError> {
    let row = open_row(app, id).await?;
    let title = required("the title", title, MAX_TITLE_CHARS)?;
    let mut chosen = chosen.to_vec();
    chosen.sort();
    chosen.dedup();
    let members = app.store.case_members(id).await?;
    let present: Vec<&CaseMember> = members.iter().filter(|member| member.moved_to.is_none()).collect();
    let is_chosen =
        |member: &CaseMember| chosen.iter().any(|(on, id)| *on == member.device && *id == member.finding);
    let (moving, staying): (Vec<CaseMember>, Vec<CaseMember>) =
        present.into_iter().cloned().partition(is_chosen);
    if moving.len() != chosen.len() {
        return Err(ActError::NotFound("finding in this case"));
    }
    if moving.is_empty() || staying.is_empty() {
        return Err(ActError::invalid("choose some of the findings, not none and not all: the rest stays"));
    }
    let now = app.clock.now();
    let mut devices: Vec<DeviceId> = moving.iter().map(|member| member.device.clone()).collect();
    devices.dedup();
    // A single device that leaves a person's or group's case altogether is followed on its own.
    let alone = match devices.as_slice() {
        [device]
            if row.subject.kind != SubjectKind::Device
                && !staying.iter().any(|member| member.device == *device) =>
        {
            let there = app.store.cases_of_devices(std::slice::from_ref(device)).await?;
            let own = CaseSubject::device(device);
            let taken = there
                .iter()
                .any(|(_, case)| case.follows && case.subject == own && case.status != CaseStatus::Closed);
            (!taken).then_some(own)
        }
        _ => None,
    };
    let new_id = CaseId::from_bytes(&random_bytes::<16>()?);
    let part = CaseRow {
        follows: alone.is_some(),
        split_from: Some(id.clone()),
        ..cases::new_case(
            new_id.clone(),
            alone.unwrap_or_else(|| row.subject.clone()),
            title,
            actor.name(),
            now,
        )
    };
    let part = cases::judge(&devices, &cases::findings_of(app, &moving).await?).onto(part);
    let all_devices = app.store.case_devices(id).await?;
    let rest = cases::judge(&all_devices, &cases::findings_of(app, &staying).await?);
    let rest = rest.onto(CaseRow { updated_at: now, ..withdrawn(row) });
    let detail = json!({ "into": new_id, "findings": chosen.iter().map(|(on, id)| format!("{on}/{id}")).collect::<Vec<_>>() });
    let lines = (
        line(app, actor, format!("{} findings split off into {new_id}", chosen.len()), None),
        line(app, actor, format!("split from {id} with {} findings", chosen.len()), None),
    );
    audited(app, actor, "case.split", id.as_str(), detail, async {
        let events = (&lines.0, &lines.1);
        if app.store.split_case((&rest, version), &part, &chosen, events).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("case"))
        }
    })
    .await?;
    Ok(new_id)
}

/// A case whose contents change is no longer what was proposed.
fn withdrawn(row: CaseRow) -> CaseRow {
    if row.status != CaseStatus::AwaitingDecision {
        return row;
    }
    CaseRow { status: CaseStatus::InReview, decision: None, reason: None, proposed_by: None, ..row }
}

/// Moves everything of a case at `version` into another open one; the first is kept as moved.
///
/// # Errors
/// Where one of them is not there or closed, they are the same, one changed meanwhile, or the store cannot.
pub async fn merge_case(
    app: &App,
    actor: &Actor,
    id: &CaseId,
    version: u64,
    into: &CaseId,
) -> Result<(), ActError> {
    if id == into {
        return Err(ActError::invalid("a case cannot be merged into itself: name another"));
    }
    let row = open_row(app, id).await?;
    let target = open_row(app, into).await?;
    let now = app.clock.now();
    let mut members = app.store.case_members(into).await?;
    members.retain(|member| member.moved_to.is_none());
    for member in app.store.case_members(id).await? {
        let known = members.iter().any(|m| m.device == member.device && m.finding == member.finding);
        if member.moved_to.is_none() && !known {
            members.push(member);
        }
    }
    let mut devices = app.store.case_devices(into).await?;
    devices.extend(app.store.case_devices(id).await?);
    devices.sort();
    devices.dedup();
    let judged = cases::judge(&devices, &cases::findings_of(app, &members).await?);
    let into_version = target.version;
    let follows = target.follows || row.follows;
    let target = judged.onto(CaseRow { follows, updated_at: now, ..withdrawn(target) });
    let moved = CaseRow {
        status: CaseStatus::Closed,
        decision: Some(CaseDecision::Moved),
        reason: None,
        proposed_by: None,
        closed_at: Some(now),
        closed_by: Some(actor.name().to_owned()),
        moved_to: Some(into.clone()),
        updated_at: now,
        ..row
    };
    let lines = (
        line(app, actor, format!("merged into {into}"), None),
        line(app, actor, format!("{id} was merged into this case"), Some(moved.title.clone())),
    );
    audited(app, actor, "case.merge", id.as_str(), json!({ "into": into }), async {
        let events = (&lines.0, &lines.1);
        if app.store.merge_case((&moved, version), (&target, into_version), events).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("case"))
        }
    })
    .await
}

/// Notes that somebody had a case in hand: in the audit log, and in the case's own log of custody.
///
/// # Errors
/// The store's.
pub async fn note_look(
    app: &App,
    actor: &str,
    id: &CaseId,
    what: &str,
    digest: Option<String>,
) -> Result<(), ActError> {
    let action = if digest.is_some() { "case.export" } else { "case.look" };
    let entry = note(app, actor, action, id.as_str(), json!({ "what": what, "digest": digest })).await?;
    let entry = CustodyEntry {
        at: entry.at,
        actor: actor.to_owned(),
        what: what.to_owned(),
        digest,
        audit: entry.number,
    };
    Ok(app.store.note_custody(id, &entry).await?)
}

/// A case packet as a file to save; its digest is in the headers, and in the log of custody.
///
/// # Errors
/// Where there is no such case or form, or the store cannot.
pub async fn export_case(app: &App, actor: &Actor, id: &CaseId, form: &str) -> Result<Response, ActError> {
    let form = PacketForm::parse(form).ok_or(ActError::NotFound("form of a case packet"))?;
    let packet = cases::packet(app, actor.name(), id, form).await.map_err(|error| match error {
        PacketError::Unknown(_) => ActError::NotFound("case"),
        PacketError::Store(error) => error.into(),
        PacketError::Custody(error) => error,
        other => ActError::internal("the case packet was not made", other),
    })?;
    let name = format!("attachment; filename=\"bearing-case-{id}.{}\"", form.as_str());
    let mut answer = packet.bytes.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (key, value) in [("content-disposition", name), ("bearing-digest", packet.digest.to_string())] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(key, value);
        }
    }
    Ok(answer)
}
