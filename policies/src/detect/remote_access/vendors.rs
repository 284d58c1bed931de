//! RA-02: remote-control products of two or more unrelated vendors.

use std::collections::BTreeMap;

use bearing_protocol::{
    finding::Evidence,
    severity::{Confidence, Severity},
};

use crate::{
    catalogue::{Category, Presence, Role},
    detect::{
        Context, Draft,
        sighting::{Sighting, State},
    },
};

pub(super) fn report(context: &mut Context<'_>, sightings: &[Sighting<'_>]) {
    let mut vendors: BTreeMap<&str, Vec<&Sighting<'_>>> = BTreeMap::new();
    let present: Vec<&Sighting<'_>> = sightings.iter().filter(|sighting| counts(context, sighting)).collect();
    for sighting in &present {
        let brought_along = |other: &&Sighting<'_>| sighting.tool.bundled_with.contains(&other.tool.id);
        if !present.iter().copied().any(|other| brought_along(&other)) {
            vendors.entry(&sighting.tool.vendor).or_default().push(sighting);
        }
    }
    if vendors.len() < 2 {
        return;
    }
    let of_each: Vec<&Sighting<'_>> = vendors.values().flatten().copied().collect();
    let active = of_each.iter().filter(|sighting| sighting.state() >= State::Persistent).count();
    let evidence: Vec<Evidence> = of_each
        .iter()
        .filter_map(|sighting| {
            let first = sighting.evidence().into_iter().next()?;
            let why =
                format!("{} by {} {}", sighting.tool.name, sighting.tool.vendor, sighting.state().describe());
            Some(Evidence { why, ..first })
        })
        .collect();
    let names: Vec<&str> = of_each.iter().map(|sighting| sighting.tool.name.as_str()).collect();
    let sure = of_each.iter().map(|sighting| sighting.confidence()).min().unwrap_or(Confidence::Low);
    context.report(Draft {
        rule: "RA-02",
        severity: Some(if active > 0 { Severity::High } else { Severity::Medium }),
        confidence: sure,
        title: format!("Remote control by {} unrelated vendors: {}", vendors.len(), names.join(", ")),
        subject: "product:several".into(),
        product: None,
        cause: "several-vendors".into(),
        evidence,
    });
}

/// A host of remote control that is here now and that no approval covers.
fn counts(context: &Context<'_>, sighting: &Sighting<'_>) -> bool {
    let tool = sighting.tool;
    let rule = if sighting.disguise().is_some() { "RA-06" } else { "RA-01" };
    let approved = context
        .catalogue
        .rule(rule)
        .is_some_and(|rule| context.approval_of(rule.id, Some(&tool.id), &sighting.scopes()).is_some());
    matches!(tool.category, Category::RemoteDesktop | Category::Rmm)
        && tool.role != Role::Client
        && sighting.state() >= State::Installed
        && tool.presence == Presence::Notable
        && !sighting.is_weak()
        && !approved
}
