//! TU-05, the travel router: a small router between this machine and the line, which can carry everything through a VPN
//! that no program on the machine shows.
//!
//! Always: only the gateway itself, by its maker's address range or the name its firmware announces; many people own one.

use bearing_protocol::{
    coverage::Source,
    severity::{Confidence, Severity},
};

use crate::{
    detect::{Context, Draft, evidence},
    hardware_address::{travel_router, travel_router_by_name},
    way_out,
};

pub(super) fn report(context: &mut Context<'_>) {
    let facts = context.facts;
    let Some(gateway) = way_out::gateway(facts) else { return };
    let range = gateway.mac.as_deref().and_then(|mac| Some((travel_router(mac)?, mac)));
    let named =
        facts.network.heard.iter().filter(|heard| heard.address == Some(gateway.address)).find_map(|heard| {
            let label = heard.name.split('.').next().unwrap_or_default();
            Some((travel_router_by_name(label)?, label))
        });
    let Some(maker) = range.map(|(maker, _)| maker).or(named.map(|(maker, _)| maker)) else { return };
    let mut pieces = Vec::new();
    if let Some((maker, mac)) = range {
        pieces.push(evidence(
            Source::Routes,
            gateway.interface.clone(),
            "gateway's hardware address, first half",
            mac.chars().take(8).collect::<String>(),
            format!("the address range of {maker}, which makes travel routers"),
        ));
    }
    if let Some((maker, label)) = named {
        pieces.push(evidence(
            Source::HeardNames,
            gateway.interface.clone(),
            "name the gateway announces",
            label,
            format!("as the firmware of {maker} sets it"),
        ));
    }
    context.report(Draft {
        rule: "TU-05",
        severity: Some(Severity::Low),
        confidence: if range.is_some() && named.is_some() { Confidence::Medium } else { Confidence::Low },
        title: format!("The way to the Internet is a travel router ({maker})"),
        subject: "gateway:travel-router".into(),
        product: None,
        cause: "travel-router".into(),
        evidence: pieces,
    });
}
