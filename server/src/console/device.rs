//! One device: verdict with its sum, place, findings, what was not looked at, what is plugged in, its chain.

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::{
    Timestamp,
    commitment::Disclosures,
    coverage::{Coverage, Status},
    envelope::Verified,
    id::DeviceId,
    key::{KeyProtection, KeySet},
    outcome::{Outcome, RuleOutcome},
    payload::{ObservationPayload, ReportPayload},
};
use bearing_store::{
    Chain, DeviceRow, DeviceState, FindingRow, FindingStatus, MessageKind, StoredMessage, VerdictRow,
};
use serde::Deserialize;

use super::{
    ProblemPage,
    case_strip::{CaseStrip, device_strip},
    findings::{Line, line},
    form::{Fields, Ids, done},
    frame::{Frame, Visit, page},
    inventory::{FiredBySubject, Inventory},
    place::PlacePanel,
    view::{When, points, shown, state_word, verdict_class, verdict_meaning, verdict_word},
};
use crate::{act, app::App};

const MESSAGES: u32 = 12;
const VERDICTS: u32 = 10;

/// All that the page is made of.
pub(super) struct Known {
    pub(super) device: DeviceRow,
    pub(super) verdict: Option<VerdictRow>,
    pub(super) earlier: Vec<VerdictRow>,
    pub(super) findings: Vec<FindingRow>,
    pub(super) result: Option<(Vec<Coverage>, Vec<RuleOutcome>)>,
    pub(super) report: Option<(ReportPayload, Disclosures)>,
    pub(super) seen: Option<ObservationPayload>,
    pub(super) messages: Vec<StoredMessage>,
}

/// A line of the verdict's sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// What was added, and how much.
    Item(String, String),
    /// The sum.
    Sum(String, String),
    /// A word beside the sum.
    Note(String),
}

/// A source and how far it could be read.
#[derive(Clone, Debug)]
pub(super) struct SourceLine {
    source: &'static str,
    about: &'static str,
    status: &'static str,
    detail: String,
}

/// A rule that could not be decided.
#[derive(Clone, Debug)]
pub(super) struct UndecidedRule {
    rule: String,
    name: String,
    word: &'static str,
    reason: String,
}

/// A message of the device's chain.
#[derive(Clone, Debug)]
pub(super) struct MessageLine {
    sequence: u64,
    kind: &'static str,
    chain: String,
    odd: bool,
    digest: String,
    received: When,
}

/// A verdict before this one.
#[derive(Clone, Debug)]
pub(super) struct Earlier {
    word: &'static str,
    class: &'static str,
    evidence: Option<String>,
    at: When,
}

#[derive(Template)]
#[template(path = "device.html")]
pub(super) struct DevicePage {
    frame: Frame,
    id: String,
    name: String,
    state: DeviceState,
    state_word: &'static str,
    simulated: bool,
    stopped: bool,
    os: String,
    kind: &'static str,
    group: String,
    countries: String,
    agent: String,
    key: &'static str,
    policy: Option<String>,
    enrolled: When,
    last_seen: Option<When>,
    last_report: Option<When>,
    word: &'static str,
    class: &'static str,
    meaning: &'static str,
    evidence: Option<String>,
    posture: String,
    judged: Option<When>,
    steps: Vec<Step>,
    place: PlacePanel,
    findings: Vec<Line>,
    settled: Vec<Line>,
    gaps: Vec<SourceLine>,
    read: Vec<SourceLine>,
    undecided: Vec<UndecidedRule>,
    assessed: usize,
    reported: bool,
    inventory: Inventory,
    usb_gap: Option<String>,
    display_gap: Option<String>,
    messages: Vec<MessageLine>,
    earlier: Vec<Earlier>,
    strip: Option<CaseStrip>,
}

impl DevicePage {
    pub(super) fn of(
        frame: Frame,
        known: &Known,
        app_rules: &dyn Fn(&str) -> Option<String>,
        now: Timestamp,
    ) -> Self {
        let device = &known.device;
        let verdict = known.verdict.as_ref();
        let word = verdict.map_or("not_assessed", |verdict| verdict.verdict.as_str());
        let fired = FiredBySubject::of(&known.findings);
        let inventory = known
            .report
            .as_ref()
            .map(|(report, values)| Inventory::of(report, values, &fired))
            .unwrap_or_default();
        let (coverage, outcomes) = match &known.result {
            Some((coverage, outcomes)) => (coverage.as_slice(), outcomes.as_slice()),
            None => (&[][..], &[][..]),
        };
        let (read, gaps): (Vec<_>, Vec<_>) = coverage.iter().partition(|line| line.status == Status::Ok);
        let gap = |source: &str| {
            coverage
                .iter()
                .find(|line| line.source.as_str() == source && line.status != Status::Ok)
                .map(|line| format!("{}: {}", line.status, shown(&line.detail)))
        };
        let lines = |settled: bool| {
            let is_settled =
                |row: &&FindingRow| !matches!(row.status, FindingStatus::Open | FindingStatus::InReview);
            let mut rows: Vec<_> = known.findings.iter().filter(|row| is_settled(row) == settled).collect();
            rows.sort_by_key(|row| std::cmp::Reverse(row.finding.severity));
            rows.into_iter().map(|row| line(row, device, now)).collect()
        };
        Self {
            id: device.id.to_string(),
            name: shown(&device.hostname),
            state: device.state,
            state_word: state_word(device.state),
            simulated: device.simulated,
            stopped: device.stopped,
            os: shown(format!("{} {}", device.os.name, device.os.version).trim()),
            kind: device.machine.as_str(),
            group: shown(&device.group),
            countries: device.expected_countries.iter().map(|code| shown(code)).collect::<Vec<_>>().join(" "),
            agent: shown(&device.agent_version),
            key: key_words(device.key_protection),
            policy: device
                .policy
                .as_ref()
                .map(|policy| format!("{} version {}", shown(&policy.name), policy.version)),
            enrolled: When::at(device.enrolled_at, now),
            last_seen: When::maybe(device.last_seen, now),
            last_report: When::maybe(device.last_report, now),
            word: verdict_word(word),
            class: verdict_class(word),
            meaning: verdict_meaning(word),
            evidence: verdict.and_then(|verdict| verdict.evidence).map(points),
            posture: verdict.map_or_else(|| "0".to_owned(), |verdict| points(verdict.posture)),
            judged: verdict.map(|verdict| When::at(verdict.at, now)),
            steps: verdict.map(|verdict| steps(&verdict.arithmetic)).unwrap_or_default(),
            place: PlacePanel::of(device, verdict, known.seen.as_ref(), inventory.place.as_ref(), now),
            findings: lines(false),
            settled: lines(true),
            gaps: gaps.into_iter().map(source_line).collect(),
            read: read.into_iter().map(source_line).collect(),
            undecided: outcomes.iter().filter_map(|outcome| undecided(outcome, app_rules)).collect(),
            assessed: outcomes.iter().filter(|o| matches!(o.outcome, Outcome::Pass | Outcome::Fail)).count(),
            reported: known.result.is_some(),
            usb_gap: gap("usb"),
            display_gap: gap("displays"),
            inventory,
            messages: known.messages.iter().map(|message| message_line(message, now)).collect(),
            earlier: known.earlier.iter().map(|verdict| earlier(verdict, now)).collect(),
            strip: None,
            frame,
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("devices", bearing_store::Role::Admin);
        let name = |_: &str| Some(samples::HOSTILE.to_owned());
        let known = Self::of(frame(), &samples::known_device(), &name, samples::now());
        vec![
            Self { strip: Some(CaseStrip::sample()), ..known },
            Self::of(frame(), &samples::silent_device(), &name, samples::now()),
        ]
    }
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<DeviceId>,
) -> Result<Response, ProblemPage> {
    let device = app.store.device(&id).await?.ok_or_else(ProblemPage::not_found)?;
    let last = app.store.last_report(&id).await?;
    let known = Known {
        verdict: app.store.verdict(&id).await?,
        earlier: app.store.verdict_history(&id, VERDICTS).await?,
        findings: app.store.device_findings(&id).await?,
        result: app.store.last_result(&id).await?,
        seen: last.as_ref().and_then(|message| observation(&app, message)),
        report: last.and_then(|message| opened(&device, message)),
        messages: app.store.messages(&id, None, MESSAGES).await?,
        device,
    };
    let rule_name = |id: &str| app.catalogue.rule(id).map(|rule| rule.name.clone());
    let frame = visit.frame(&app, "devices");
    let strip = device_strip(&app, &frame, &known.device).await?;
    let shown = DevicePage::of(frame, &known, &rule_name, app.clock.now());
    Ok(page(&DevicePage { strip, ..shown }))
}

pub(super) async fn approve(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<DeviceId>,
) -> Result<Response, ProblemPage> {
    act::approve_device(&app, visit.actor(), &id).await?;
    Ok(done(&format!("/devices/{id}"), "approved-device"))
}

pub(super) async fn revoke(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<DeviceId>,
) -> Result<Response, ProblemPage> {
    act::revoke_device(&app, visit.actor(), &id).await?;
    Ok(done(&format!("/devices/{id}"), "revoked-device"))
}

pub(super) async fn restore(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<DeviceId>,
) -> Result<Response, ProblemPage> {
    act::restore_device(&app, visit.actor(), &id).await?;
    Ok(done(&format!("/devices/{id}"), "restored-device"))
}

/// The form that says where a device belongs.
#[derive(Deserialize)]
pub(super) struct PlaceFields {
    group: String,
    #[serde(default)]
    countries: String,
}

pub(super) async fn place(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<DeviceId>,
    Fields(sent): Fields<PlaceFields>,
) -> Result<Response, ProblemPage> {
    let countries: Vec<String> =
        sent.countries.split([',', ' ', ';']).map(str::to_owned).filter(|code| !code.is_empty()).collect();
    act::set_device_place(&app, visit.actor(), &id, &sent.group, &countries).await?;
    Ok(done(&format!("/devices/{id}"), "saved"))
}

/// The last report, verified again under the device's key: what is shown is what was signed.
fn opened(device: &DeviceRow, message: StoredMessage) -> Option<(ReportPayload, Disclosures)> {
    let report = message.envelope.open::<ReportPayload>(&KeySet::single(device.public_key)).ok()?;
    Some((report.into_inner(), Disclosures::index(message.disclosures)))
}

fn observation(app: &App, message: &StoredMessage) -> Option<ObservationPayload> {
    let keys = KeySet::single(app.evidence_key.public());
    message.observation.as_ref()?.open::<ObservationPayload>(&keys).ok().map(Verified::into_inner)
}

/// The arithmetic as a column of figures.
pub(super) fn steps(arithmetic: &[String]) -> Vec<Step> {
    arithmetic
        .iter()
        .filter(|line| !line.starts_with("verdict: "))
        .map(|line| {
            let line = shown(line);
            let Some((label, value)) = line.rsplit_once(" = ") else { return Step::Note(line) };
            if label == "evidence" {
                return Step::Sum("Evidence".to_owned(), value.to_owned());
            }
            match value.split_once(", capped at ") {
                Some((raw, cap)) => Step::Item(format!("{label} = {raw}, capped"), cap.to_owned()),
                None => Step::Item(label.to_owned(), value.to_owned()),
            }
        })
        .collect()
}

fn source_line(line: &Coverage) -> SourceLine {
    SourceLine {
        source: line.source.as_str(),
        about: line.source.describe(),
        status: line.status.as_str(),
        detail: shown(&line.detail),
    }
}

fn undecided(outcome: &RuleOutcome, name: &dyn Fn(&str) -> Option<String>) -> Option<UndecidedRule> {
    let word = match outcome.outcome {
        Outcome::NotChecked => "Not checked",
        Outcome::Error => "Error",
        Outcome::Unknown => "Cannot tell",
        Outcome::Pass | Outcome::Fail | Outcome::NotApplicable => return None,
    };
    Some(UndecidedRule {
        rule: outcome.rule.to_string(),
        name: name(outcome.rule.as_str()).map(|name| shown(&name)).unwrap_or_default(),
        word,
        reason: outcome.reason.as_deref().map(shown).unwrap_or_default(),
    })
}

fn message_line(message: &StoredMessage, now: Timestamp) -> MessageLine {
    let kind = match message.kind {
        MessageKind::Report => "Report",
        MessageKind::Checkin { stopping: false } => "Check-in",
        MessageKind::Checkin { stopping: true } => "Last word (stopping)",
    };
    let chain = match message.chain {
        Chain::Continues => "continues".to_owned(),
        Chain::DeclaredLoss => "loss declared by the agent".to_owned(),
        Chain::Gap { from, to } => format!("gap: {from} to {to} are missing"),
        Chain::Broken => "broken: does not follow the message before".to_owned(),
    };
    MessageLine {
        sequence: message.sequence,
        kind,
        odd: !matches!(message.chain, Chain::Continues),
        chain,
        digest: message.digest.short(),
        received: When::at(message.received_at, now),
    }
}

fn earlier(verdict: &VerdictRow, now: Timestamp) -> Earlier {
    Earlier {
        word: verdict_word(&verdict.verdict),
        class: verdict_class(&verdict.verdict),
        evidence: verdict.evidence.map(points),
        at: When::at(verdict.at, now),
    }
}

const fn key_words(protection: KeyProtection) -> &'static str {
    match protection {
        KeyProtection::File => "in a file (lower trust)",
        KeyProtection::Dpapi => "in a file under DPAPI",
        KeyProtection::Cng => "in CNG",
        KeyProtection::Tpm => "in the TPM",
        KeyProtection::SecureEnclave => "in the Secure Enclave",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_reads_as_a_column() {
        let lines = [
            "RA remote-access: RA-01 high 12 + 0.3 × (RA-07 5) = 13.5",
            "KV kvm: KV-01 critical 25 + 0.3 × (KV-03 12) = 28.6, capped at 25",
            "evidence = 38.5",
            "verdict: investigate",
        ];
        let steps = steps(&lines.map(str::to_owned));
        assert_eq!(steps.len(), 3);
        assert!(matches!(&steps[0], Step::Item(_, value) if value == "13.5"));
        assert!(matches!(&steps[1], Step::Item(label, value) if value == "25" && label.ends_with("capped")));
        assert_eq!(steps[2], Step::Sum("Evidence".into(), "38.5".into()));
    }
}
