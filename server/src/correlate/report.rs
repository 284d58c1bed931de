//! One report: the agent's findings, and what the server sees beside them.

use bearing_policies::Policy;
use bearing_protocol::{
    id::DeviceId,
    outcome::Outcome,
    payload::{ObservationPayload, PolicyPayload},
    rule::RuleId,
    text::{printable, truncate},
};
use bearing_store::{LinkSighting, Observed, ObservedResult};
use serde_json::Value;

use super::{
    CorrelateError, clock, farm, identity,
    open::{Stored, assemble, open},
    own, place, release,
};
use crate::{act, app::App};

/// Longest host name that is kept, in characters.
const MAX_HOSTNAME_CHARS: usize = 253;
/// Longest host name that is looked at, in bytes.
const MAX_HOSTNAME_BYTES: usize = 1_024;

/// What a report shows.
#[derive(Debug, Default)]
pub struct Judged {
    /// The agent's evaluation, then the server's own.
    pub observed: Vec<Observed>,
    /// The place evaluation's answer.
    pub place: Option<Value>,
    /// What it has in common with others, to be looked for.
    pub links: Option<LinkSighting>,
}

/// Judges a report. Empty where a newer one was judged before.
///
/// # Errors
/// Where the report is not there or does not open any more.
pub async fn report(app: &App, id: &DeviceId, sequence: u64) -> Result<Judged, CorrelateError> {
    if app.store.result_sequence(id).await?.is_some_and(|judged| judged > sequence) {
        return Ok(Judged::default());
    }
    let stored = open(app, id, sequence).await?;
    let policy = policy_of(app, &stored).await?;
    let observation = observation(&stored);
    let place = place::evaluate(app, &stored, observation.as_ref(), policy.as_ref()).await?;
    let approvals = app.store.approvals().await?;
    let suspended = act::suspended_approvals(&approvals, stored.message.received_at);
    let agent = Observed { suspended: suspended.clone(), ..agents(&stored, policy.as_ref()) };
    let clock = clock::Reading::of(app, &stored, observation.as_ref()).await?;
    let server = own::server(&stored, &clock, &place);
    let server = Observed { suspended, ..server };
    let links = farm::seen(app, &stored, observation.as_ref(), policy.as_ref()).await?;
    let mut server = server;
    server.findings.extend(identity::under_one_key(app, id, &links).await?.findings);
    server.findings.extend(release::finding(app, &stored));
    let mut observed = vec![agent, server];
    observed.extend(identity::speaks_again(app, id, stored.message.received_at).await?);
    Ok(Judged { observed, place: place.to_json(), links: Some(links) })
}

/// The published policy that the report names, where there is one.
async fn policy_of(app: &App, stored: &Stored) -> Result<Option<Policy>, CorrelateError> {
    let named = stored.report.policy.version;
    let published = app.store.policy_for(&stored.device.group).await?.filter(|row| row.version == named);
    Ok(published.and_then(|row| {
        // It was verified when it was published; here only its settings are read.
        let payload: PolicyPayload = serde_json::from_slice(&row.envelope.body_unverified().ok()?).ok()?;
        Policy::from_json(&payload.policy).ok()
    }))
}

/// What the server saw of it. Our own envelope: a damaged one is as if it were not there.
fn observation(stored: &Stored) -> Option<ObservationPayload> {
    let envelope = stored.message.observation.as_ref()?;
    serde_json::from_slice(&envelope.body_unverified().ok()?).ok()
}

/// The agent's evaluation.
fn agents(stored: &Stored, policy: Option<&Policy>) -> Observed {
    let report = &stored.report;
    let hostname = stored.disclosures.open::<String>(&report.hostname).and_then(Result::ok);
    let schedule = policy.map(Policy::schedule).copied().unwrap_or_default();
    Observed {
        device: report.device_id.clone(),
        origin: "agent".to_owned(),
        at: stored.message.received_at,
        findings: report.findings.iter().map(|committed| assemble(committed, &stored.disclosures)).collect(),
        assessed: report
            .outcomes
            .iter()
            .filter(|o| matches!(o.outcome, Outcome::Pass | Outcome::Fail | Outcome::NotApplicable))
            .map(|o| o.rule)
            .collect::<Vec<RuleId>>(),
        suspended: Vec::new(),
        result: Some(ObservedResult {
            sequence: report.sequence,
            hostname: hostname.map(|name| printable(truncate(&name, MAX_HOSTNAME_BYTES), MAX_HOSTNAME_CHARS)),
            os: report.os.clone(),
            machine: report.machine,
            agent_version: report.agent_version.clone(),
            policy: report.policy.clone(),
            checkin_seconds: Some(schedule.check_in_every_minutes.saturating_mul(60).max(60)),
            coverage: report.coverage.clone(),
            outcomes: report.outcomes.clone(),
        }),
    }
}
