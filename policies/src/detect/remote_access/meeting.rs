//! RA-09: a meeting program used as a remote desktop.
//!
//! Always: off unless policy asks for it by name, because it comes near to watching how people work; never from a
//! meeting alone, only from a screen that was shown for more than eight hours or control that is given unasked.

use bearing_protocol::{
    coverage::Source,
    finding::Evidence,
    rule::RuleId,
    severity::{Confidence, Severity},
};

use crate::{
    catalogue::Category,
    detect::{Context, Draft, evidence, sighting::Sighting},
};

pub(super) fn report(context: &mut Context<'_>, sightings: &[Sighting<'_>]) {
    let Ok(rule) = RULE.parse::<RuleId>() else { return };
    if !context.policy.opts_into(rule) {
        context.settle(
            RULE,
            bearing_protocol::outcome::Outcome::NotChecked,
            "off by default: policy switches it on by `opt_in`",
        );
        return;
    }
    for sighting in sightings.iter().filter(|sighting| sighting.tool.category == Category::Meeting) {
        let tool = sighting.tool;
        let mut pieces: Vec<Evidence> = Vec::new();
        let grants = context.facts.screen_grants.iter().filter(|grant| grant.live == Some(true));
        let shown = grants.filter(|grant| super::screen::is_of(context, grant, &tool.id)).count() > 0;
        let since = context
            .facts
            .processes
            .iter()
            .filter(|process| process.executable.as_deref().is_some_and(|path| runs(context, path, &tool.id)))
            .filter_map(|process| process.started_at)
            .min();
        let hours = since.map(|since| (context.now.as_second() - since.as_second()) / 3600);
        if let Some(hours) = hours.filter(|hours| shown && *hours >= LONG_HOURS) {
            let value = format!("running for {hours} hours, screen shown now");
            let why = "a meeting that lasts a working day is a remote desktop";
            pieces.push(evidence(Source::ScreenGrants, "session", "duration", value, why));
        }
        if let Some(state) = sighting.states.iter().find(|s| s.features.iter().any(|f| f == AUTO_ACCEPT)) {
            let why = "whoever asks for control gets it, with nobody to agree";
            pieces.push(evidence(
                Source::ToolState,
                &state.location,
                "remote control",
                "accepted unasked",
                why,
            ));
        }
        if pieces.is_empty() {
            continue;
        }
        let both = pieces.len() > 1;
        let draft = Draft {
            rule: RULE,
            severity: Some(if both { Severity::High } else { Severity::Medium }),
            confidence: if both { Confidence::High } else { Confidence::Medium },
            title: format!("{} is used like a remote desktop", tool.name),
            subject: format!("product:{}", tool.id),
            product: Some(tool.id.clone()),
            cause: "meeting".into(),
            evidence: pieces,
        };
        context.report_scoped(draft, &sighting.scopes());
    }
}

fn runs(context: &Context<'_>, path: &str, product: &str) -> bool {
    let hits = context.catalogue.index().executable(path);
    hits.iter().any(|hit| context.catalogue.tools().get(hit.tool).is_some_and(|tool| tool.id == product))
}

const RULE: &str = "RA-09";
const LONG_HOURS: i64 = 8;
const AUTO_ACCEPT: &str = "auto-accept";
