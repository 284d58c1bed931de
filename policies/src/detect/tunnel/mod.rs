//! Ways out that hide where the user is, and ways in that go around the firewall: consumer VPNs (TU-01), overlay
//! networks (TU-02), reverse tunnels (TU-03), SSH forwarding (TU-04), proxies and proxyware (TU-05), relays of streams and
//! virtual machines' networks (TU-06).
//!
//! Always: reaching out is everyday work; only what lets others in, or hides the place, is a finding.

mod overlay;
mod proxy;
mod relay;
mod ssh;
mod ssh_arguments;
mod ssh_configured;
mod travel_router;
mod words;

use bearing_protocol::severity::Severity;

use super::{
    Context,
    remote_access::report_product,
    sighting::{Sighting, State},
};
use crate::catalogue::{Category, Presence, Prevalence, Role};

/// Applies TU-01 to TU-06.
pub(super) fn detect(context: &mut Context<'_>) {
    let sightings = context.sightings();
    for sighting in sightings.iter() {
        match sighting.tool.category {
            Category::Vpn => report_product(context, "TU-01", sighting, vpn_severity),
            Category::Overlay => {
                report_product(context, "TU-02", sighting, overlay_severity);
                overlay::report(context, sighting);
            }
            Category::Tunnel => report_product(context, "TU-03", sighting, tunnel_severity),
            Category::Proxyware => report_product(context, "TU-05", sighting, proxyware_severity),
            _ => {}
        }
    }
    ssh::report(context);
    ssh_configured::report(context);
    relay::report(context);
    proxy::report(context);
    travel_router::report(context);
}

/// TU-01: medium once it is here; what was used once is low.
fn vpn_severity(sighting: &Sighting<'_>) -> Option<Severity> {
    match sighting.state() {
        State::Installed if sighting.tool.presence == Presence::Ordinary => None,
        State::History if sighting.tool.presence == Presence::Ordinary => None,
        State::History => Some(Severity::Low),
        _ => Some(Severity::Medium),
    }
}

/// TU-02: medium while it runs, high where it lets others in or lends the line.
fn overlay_severity(sighting: &Sighting<'_>) -> Option<Severity> {
    match sighting.state() {
        _ if sighting.tool.role == Role::Client => None,
        State::Running | State::Persistent if overlay::widens(sighting) => Some(Severity::High),
        State::Running | State::Persistent => Some(Severity::Medium),
        State::Installed | State::History => Some(Severity::Low),
    }
}

/// TU-03: high while it runs or is set to start; where web developers have it, installed is low.
fn tunnel_severity(sighting: &Sighting<'_>) -> Option<Severity> {
    match sighting.state() {
        _ if sighting.tool.role == Role::Client => None,
        State::Running | State::Persistent => Some(Severity::High),
        State::Installed if sighting.tool.prevalence == Prevalence::Low => Some(Severity::Medium),
        State::Installed | State::History => Some(Severity::Low),
    }
}

/// TU-05: medium once it is here.
fn proxyware_severity(sighting: &Sighting<'_>) -> Option<Severity> {
    match sighting.state() {
        State::History => Some(Severity::Low),
        _ => Some(Severity::Medium),
    }
}
