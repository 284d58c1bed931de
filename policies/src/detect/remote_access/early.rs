//! RA-05: a remote-access product came within three days of the system's first start.
//!
//! Always: only what is older than nothing else counts: without a first start or a first sign there is no finding.

use bearing_protocol::{
    coverage::Source,
    severity::{Confidence, Severity},
};

use crate::{
    catalogue::{Category, Presence},
    detect::{
        Context, Draft, evidence,
        sighting::{Sighting, State},
    },
};

pub(super) fn report(context: &mut Context<'_>, sighting: &Sighting<'_>) {
    let tool = sighting.tool;
    let remote = matches!(tool.category, Category::RemoteDesktop | Category::Rmm);
    if !remote || tool.presence == Presence::Ordinary || sighting.state() == State::History {
        return;
    }
    let (Some(start), Some(first)) = (context.facts.boot.installed_at, sighting.first_seen()) else { return };
    let after = first.as_second() - start.as_second();
    // What came with the image is as old as the image.
    if !(IMAGE_SECONDS..=EARLY_SECONDS).contains(&after) {
        return;
    }
    let hours = after / 3600;
    let Some(sign) =
        sighting.traces.iter().filter(|trace| trace.first_seen == Some(first)).map(|t| &t.evidence).next()
    else {
        return;
    };
    let pieces = vec![
        evidence(
            sign.source,
            sign.location.clone(),
            "first seen",
            format!("{}, {hours} hours after the system's first start", first.strftime("%Y-%m-%d %H:%M UTC")),
            format!("{} was among the first things on this machine", tool.name),
        ),
        evidence(
            Source::Boot,
            "system",
            "first start",
            start.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            "by the oldest sign of it",
        ),
    ];
    let draft = Draft {
        rule: "RA-05",
        severity: Some(if sighting.is_weak() { Severity::Low } else { Severity::High }),
        confidence: Confidence::Medium,
        title: format!("{} came within three days of the machine's first start", tool.name),
        subject: format!("product:{}", tool.id),
        product: Some(tool.id.clone()),
        cause: "early".into(),
        evidence: pieces,
    };
    context.report_scoped(draft, &sighting.scopes());
}

/// Before this, it is taken for a part of the image.
const IMAGE_SECONDS: i64 = 30 * 60;
const EARLY_SECONDS: i64 = 72 * 3600;
