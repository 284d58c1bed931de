//! RA-04: somebody is in, or was lately.
//!
//! Always: an approval's hours are asked about the time of the session, not of the evaluation.

use bearing_protocol::{
    Timestamp,
    coverage::Source,
    fact::LoginSession,
    severity::{Confidence, Severity},
};

use crate::{
    detect::{Context, Draft, evidence, sighting::Sighting},
    policy::{Direction, Scope},
};

pub(super) fn report(context: &mut Context<'_>, sighting: &Sighting<'_>) {
    let tool = sighting.tool;
    let mut pieces = Vec::new();
    let mut scopes = Vec::new();
    let mut live = false;
    for state in &sighting.states {
        let scope = Scope::of_state(state).going(Direction::Incoming);
        if state.session_live == Some(true) {
            live = true;
            let why = format!("{} shows an incoming session now", tool.name);
            pieces.push(evidence(Source::ToolState, &state.location, "session", "live", why));
            scopes.push(scope);
        } else if let Some(at) = state.last_incoming_at.filter(|at| is_recent(*at, context.now)) {
            let value = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
            let why = format!("{} wrote down an incoming session", tool.name);
            pieces.push(evidence(Source::ToolState, &state.location, "session began", value, why));
            scopes.push(Scope { at: Some(at), ..scope });
        }
    }
    if pieces.is_empty() {
        return;
    }
    let title = if live { "has an incoming session now" } else { "had an incoming session lately" };
    let draft = Draft {
        rule: "RA-04",
        severity: Some(Severity::High),
        confidence: if live { Confidence::High } else { Confidence::Medium },
        title: format!("{} {title}", tool.name),
        subject: format!("product:{}", tool.id),
        product: Some(tool.id.clone()),
        cause: "session".into(),
        evidence: pieces,
    };
    context.report_scoped(draft, &scopes);
}

/// Sign-ins with a screen that come from another machine.
pub(super) fn report_sign_ins(context: &mut Context<'_>) {
    let is_screen = |session: &&LoginSession| {
        let word = |text: &Option<String>| text.as_deref().unwrap_or_default().to_ascii_lowercase();
        let (kind, service) = (word(&session.kind), word(&session.service));
        let screen = ["rdp", "vnc"].iter().any(|name| kind == *name || service.contains(name));
        screen && session.remote != Some(false)
    };
    let sessions: Vec<_> = context.facts.sessions.iter().filter(is_screen).collect();
    let pieces: Vec<_> = sessions
        .iter()
        .map(|session| {
            let value = session.service.clone().or_else(|| session.kind.clone()).unwrap_or_default();
            let place = session.terminal.clone().unwrap_or_else(|| "session".into());
            evidence(
                Source::Sessions,
                place,
                "sign-in",
                value,
                "a sign-in with a screen, from another machine",
            )
        })
        .collect();
    if pieces.is_empty() {
        return;
    }
    let draft = Draft {
        rule: "RA-04",
        severity: Some(Severity::High),
        confidence: Confidence::High,
        title: "Somebody is signed in with a screen from another machine".into(),
        subject: "session:screen".into(),
        product: None,
        cause: "screen-sign-in".into(),
        evidence: pieces,
    };
    context.report_scoped(draft, &[Scope::default().going(Direction::Incoming)]);
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    let age = now.as_second() - at.as_second();
    (-FUTURE_SECONDS..=RECENT_SECONDS).contains(&age)
}

/// A week: what an analyst still gets an answer about.
const RECENT_SECONDS: i64 = 7 * 24 * 3600;
/// Clocks differ.
const FUTURE_SECONDS: i64 = 3600;
