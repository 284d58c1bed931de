//! One finding: why, how to disprove it, what to do, its history, and the forms that work it.

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_policies::{
    explain,
    policy::{Day, Window},
    rule::Rule,
};
use bearing_protocol::{
    Timestamp,
    id::{DeviceId, FindingId},
};
use bearing_store::{ApprovalRow, DeviceRow, FindingEvent, FindingRow, FindingStatus};
use serde::Deserialize;

use super::{
    ProblemPage,
    case_strip::{CaseStrip, finding_strip},
    findings::{Line, line},
    form::{Fields, Ids, day_after, done, end_of_day},
    frame::{Frame, Visit, page},
    view::{When, severity_word, shown, status_word},
};
use crate::{
    act::{self, ActError, ApprovalRequest, ApprovalScope, FindingKey},
    app::App,
};

/// Days that an approval is proposed for.
const PROPOSED_DAYS: i64 = 90;
/// Longest approval, as the date field bounds it.
const LONGEST_DAYS: i64 = 365;

/// A piece of evidence in words.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    about: &'static str,
    kind: &'static str,
    location: String,
    field: String,
    value: String,
    why: String,
    rule: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) struct Event {
    at: When,
    actor: String,
    what: String,
    text: Option<String>,
}

/// A word with a place to read more, where there is one of ours to link to.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    word: String,
    href: Option<String>,
}

/// The approval that covers the finding.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    id: Option<String>,
    owner: String,
    reason: String,
    expires: When,
}

/// What the catalogue says about the rule.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleWords {
    name: String,
    rationale: String,
    false_positives: Vec<String>,
    blind_spots: Vec<String>,
    references: Vec<String>,
}

impl RuleWords {
    fn of(rule: &Rule) -> Self {
        Self {
            name: rule.name.clone(),
            rationale: rule.rationale.clone(),
            false_positives: rule.false_positives.clone(),
            blind_spots: rule.blind_spots.clone(),
            references: rule.references.iter().filter(|url| url.starts_with("https://")).cloned().collect(),
        }
    }
}

/// What is known around the finding.
pub(super) struct Known<'a> {
    device: &'a DeviceRow,
    history: &'a [FindingEvent],
    approval: Option<&'a ApprovalRow>,
    rule: Option<&'a Rule>,
    /// Who could work on it.
    people: &'a [String],
}

#[derive(Template)]
#[template(path = "finding.html")]
pub(super) struct FindingPage {
    frame: Frame,
    line: Line,
    device_name: String,
    group: String,
    id: String,
    version: u64,
    status: FindingStatus,
    origin: String,
    product: Option<String>,
    raised: Option<(&'static str, String)>,
    reported: &'static str,
    resolved: Option<When>,
    evidence: Vec<Piece>,
    /// Kinds of evidence, with how many pieces each has.
    kinds: Vec<(&'static str, usize)>,
    /// Why it is as sure as it is.
    sureness: String,
    disproof: String,
    remediation: String,
    attack: Vec<Reference>,
    controls: Vec<String>,
    rule: Option<RuleWords>,
    covered: Option<Covered>,
    history: Vec<Event>,
    people: Vec<String>,
    proposed: String,
    earliest: String,
    latest: String,
    strip: Option<CaseStrip>,
}

impl FindingPage {
    pub(super) fn of(frame: Frame, row: &FindingRow, known: &Known<'_>, now: Timestamp) -> Self {
        let finding = &row.finding;
        let Known { device, history, approval, rule, people } = *known;
        let evidence = finding.evidence.iter().map(|piece| Piece {
            about: piece.source.describe(),
            kind: explain::kind_of(piece),
            location: shown(&piece.location),
            field: shown(&piece.field),
            value: shown(&piece.value),
            why: shown(&piece.why),
            rule: piece.rule.map(|rule| rule.to_string()),
        });
        Self {
            line: line(row, device, now),
            device_name: shown(&device.hostname),
            group: shown(&device.group),
            id: finding.id.to_string(),
            version: row.version,
            status: row.status,
            origin: shown(&row.origin),
            product: finding.product.as_deref().map(shown),
            raised: row.raised.as_ref().map(|(severity, why)| (severity_word(*severity), shown(why))),
            reported: severity_word(finding.severity),
            resolved: When::maybe(row.resolved_at, now),
            evidence: evidence.collect(),
            kinds: explain::kinds_of(finding),
            sureness: explain::confidence_reason(finding),
            disproof: shown(&finding.disproof),
            remediation: shown(&finding.remediation),
            attack: finding.attack.iter().map(|id| technique(id)).collect(),
            controls: finding.controls.iter().map(|control| shown(control)).collect(),
            rule: rule.map(RuleWords::of),
            covered: covered(row, approval, now),
            history: history.iter().rev().map(|event| shown_event(event, now)).collect(),
            people: people.iter().map(|name| shown(name)).collect(),
            proposed: day_after(now, PROPOSED_DAYS),
            earliest: day_after(now, 0),
            latest: day_after(now, LONGEST_DAYS),
            strip: None,
            frame,
        }
    }

    fn is_active(&self) -> bool {
        matches!(self.status, FindingStatus::Open | FindingStatus::InReview)
    }

    fn status_word(&self) -> &'static str {
        status_word(self.status)
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let row = samples::finding();
        let approval = samples::approval();
        let approved = FindingRow {
            status: FindingStatus::Approved,
            approval: Some(approval.id.clone()),
            ..row.clone()
        };
        let sample = |row: &FindingRow, approval| {
            let frame = Frame::sample("findings", bearing_store::Role::Analyst);
            let known = Known {
                device: &samples::device(),
                history: &samples::history(),
                approval,
                rule: None,
                people: &[samples::HOSTILE.to_owned()],
            };
            let page = Self::of(frame, row, &known, samples::now());
            Self { strip: Some(CaseStrip::sample()), ..page }
        };
        vec![sample(&row, None), sample(&approved, Some(&approval))]
    }
}

type Key = (DeviceId, FindingId);

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Ids((device_id, id)): Ids<Key>,
) -> Result<Response, ProblemPage> {
    let store = &app.store;
    let device = store.device(&device_id).await?.ok_or_else(ProblemPage::not_found)?;
    let row = store.finding(&device_id, &id).await?.ok_or_else(ProblemPage::not_found)?;
    let history = store.finding_history(&device_id, &id).await?;
    let approval = match &row.approval {
        Some(wanted) => store.approvals().await?.into_iter().find(|approval| approval.id == *wanted),
        None => None,
    };
    let frame = visit.frame(&app, "findings");
    let people: Vec<String> = if frame.may_work() {
        let users = store.users().await?;
        users
            .into_iter()
            .filter(|user| !user.disabled && user.role >= bearing_store::Role::Analyst)
            .map(|user| user.name)
            .collect()
    } else {
        Vec::new()
    };
    let known = Known {
        device: &device,
        history: &history,
        approval: approval.as_ref(),
        rule: app.catalogue.rule(row.finding.rule.as_str()),
        people: &people,
    };
    let strip = finding_strip(&app, &frame, &device, &id).await?;
    let shown = FindingPage::of(frame, &row, &known, app.clock.now());
    Ok(page(&FindingPage { strip, ..shown }))
}

/// The form that sets a status.
#[derive(Deserialize)]
pub(super) struct StatusFields {
    version: u64,
    status: FindingStatus,
    #[serde(default)]
    reason: String,
}

pub(super) async fn status(
    State(app): State<App>,
    visit: Visit,
    Ids(key): Ids<Key>,
    Fields(sent): Fields<StatusFields>,
) -> Result<Response, ProblemPage> {
    let key = of(key);
    act::set_finding_status(&app, visit.actor(), &key, sent.version, sent.status, &sent.reason).await?;
    Ok(done(&path(&key), "status"))
}

/// The form that says who works on it.
#[derive(Deserialize)]
pub(super) struct AssignFields {
    assignee: String,
}

pub(super) async fn assign(
    State(app): State<App>,
    visit: Visit,
    Ids(key): Ids<Key>,
    Fields(sent): Fields<AssignFields>,
) -> Result<Response, ProblemPage> {
    let key = of(key);
    act::assign_finding(&app, visit.actor(), &key, &sent.assignee).await?;
    Ok(done(&path(&key), "assigned"))
}

/// The form that adds a comment.
#[derive(Deserialize)]
pub(super) struct CommentFields {
    text: String,
}

pub(super) async fn comment(
    State(app): State<App>,
    visit: Visit,
    Ids(key): Ids<Key>,
    Fields(sent): Fields<CommentFields>,
) -> Result<Response, ProblemPage> {
    let key = of(key);
    act::comment_finding(&app, visit.actor(), &key, &sent.text).await?;
    Ok(done(&path(&key), "commented"))
}

/// The form that gives an approval.
#[derive(Deserialize)]
pub(super) struct ApproveFields {
    scope: String,
    owner: String,
    reason: String,
    expires: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    zone: String,
}

impl ApproveFields {
    /// The hours, where any were filled in.
    fn hours(&self) -> Option<Window> {
        let all = [&self.from, &self.to, &self.zone].map(|text| text.trim());
        if self.days.is_empty() && all.iter().all(|text| text.is_empty()) {
            return None;
        }
        let weekdays = match self.days.as_str() {
            "workdays" => vec![Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday],
            "weekend" => vec![Day::Saturday, Day::Sunday],
            _ => Vec::new(),
        };
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        let [from, to, zone] = all;
        Some(Window { weekdays, from: or(from, "00:00"), to: or(to, "24:00"), zone: or(zone, "UTC") })
    }
}

pub(super) async fn approve(
    State(app): State<App>,
    visit: Visit,
    Ids(key): Ids<Key>,
    Fields(sent): Fields<ApproveFields>,
) -> Result<Response, ProblemPage> {
    let key = of(key);
    let device = app.store.device(&key.device).await?.ok_or_else(ProblemPage::not_found)?;
    let row = app.store.finding(&key.device, &key.finding).await?.ok_or_else(ProblemPage::not_found)?;
    let product = || {
        let none = || ActError::invalid("no product was recognised: approve this finding, or the rule");
        row.finding.product.clone().ok_or_else(none)
    };
    let scope = match sent.scope.as_str() {
        "finding" => ApprovalScope::Finding { device: key.device.clone(), finding: key.finding.clone() },
        "product-device" => {
            ApprovalScope::ProductOnDevice { product: product()?, device: key.device.clone() }
        }
        "product-group" => ApprovalScope::ProductInGroup { product: product()?, group: device.group },
        "rule-device" => ApprovalScope::RuleOnDevice { rule: row.finding.rule, device: key.device.clone() },
        _ => return Err(ActError::invalid("choose what the approval covers").into()),
    };
    let request = ApprovalRequest {
        scope,
        hours: sent.hours(),
        owner: sent.owner,
        reason: sent.reason,
        expires_at: end_of_day("the expiry", &sent.expires)?,
    };
    act::give_approval(&app, visit.actor(), request).await?;
    Ok(done(&path(&key), "approved"))
}

fn of((device, finding): Key) -> FindingKey {
    FindingKey { device, finding }
}

fn path(key: &FindingKey) -> String {
    format!("/devices/{}/findings/{}", key.device, key.finding)
}

/// An ATT&CK technique with its page, where the id has the form of one.
fn technique(id: &str) -> Reference {
    let (number, part) = match id.split_once('.') {
        Some((number, part)) => (number, Some(part)),
        None => (id, None),
    };
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let fits =
        number.strip_prefix('T').is_some_and(|rest| digits(rest, 4)) && part.is_none_or(|p| digits(p, 3));
    let href = if fits {
        let part = part.map(|part| format!("{part}/")).unwrap_or_default();
        Some(format!("https://attack.mitre.org/techniques/{number}/{part}"))
    } else {
        None
    };
    Reference { word: shown(id), href }
}

fn covered(row: &FindingRow, approval: Option<&ApprovalRow>, now: Timestamp) -> Option<Covered> {
    if row.status != FindingStatus::Approved {
        return None;
    }
    if let Some(approval) = approval {
        return Some(Covered {
            id: Some(approval.id.to_string()),
            owner: shown(&approval.owner),
            reason: shown(&approval.reason),
            expires: When::at(approval.expires_at, now),
        });
    }
    row.finding.approval.as_ref().map(|approval| Covered {
        id: None,
        owner: shown(&approval.owner),
        reason: shown(&approval.reason),
        expires: When::at(approval.expires, now),
    })
}

fn shown_event(event: &FindingEvent, now: Timestamp) -> Event {
    Event {
        at: When::at(event.at, now),
        actor: shown(&event.actor),
        what: shown(&event.what),
        text: event.text.as_deref().map(lines_shown),
    }
}

/// A comment keeps its line breaks; everything else that could mislead is shown, not obeyed.
fn lines_shown(text: &str) -> String {
    text.lines()
        .map(|line| bearing_protocol::text::printable(line, act::MAX_TEXT_CHARS))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_techniques_become_links() {
        assert_eq!(
            technique("T1219.003").href.as_deref(),
            Some("https://attack.mitre.org/techniques/T1219/003/")
        );
        assert_eq!(technique("T1200").href.as_deref(), Some("https://attack.mitre.org/techniques/T1200/"));
        assert_eq!(technique("javascript:alert(1)").href, None);
        assert_eq!(technique("T12x9").href, None);
    }
}
