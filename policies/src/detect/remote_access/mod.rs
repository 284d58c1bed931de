//! Remote access by software: products (RA-01, RA-02, RA-06), how they are set up and used (RA-03, RA-04, RA-05, RA-08),
//! services of the system (RA-07), meetings (RA-09), the screen (RA-10), shared terminals and development environments
//! (RA-11).
//!
//! Always: one finding per product and machine; being installed, running and listening are evidence in it.

mod early;
mod foreign;
mod meeting;
mod os_service;
mod product;
mod screen;
mod session;
mod unattended;
mod vendors;

use bearing_protocol::severity::Severity;

use super::{
    Context,
    sighting::{Reach, Sighting, State},
};
use crate::catalogue::{Category, Presence, Prevalence, Role};

pub(super) use foreign::foreign_states;
pub(super) use product::report_product;

/// Applies RA-01 to RA-11.
pub(super) fn detect(context: &mut Context<'_>) {
    let sightings = context.sightings();
    for sighting in sightings.iter() {
        match sighting.tool.category {
            Category::RemoteDesktop | Category::Rmm => {
                report_product(context, "RA-01", sighting, product_severity);
            }
            Category::TerminalSharing | Category::IdeTunnel => {
                report_product(context, "RA-11", sighting, sharing_severity);
            }
            Category::OsService => os_service::report(context, sighting),
            Category::InputSharing => screen::report_input(context, sighting),
            _ => {}
        }
        if is_way_in(sighting) {
            unattended::report(context, sighting);
            session::report(context, sighting);
            early::report(context, sighting);
            foreign::report(context, sighting);
        }
    }
    session::report_sign_ins(context);
    vendors::report(context, &sightings);
    screen::report_grants(context);
    meeting::report(context, &sightings);
}

/// Whether somebody could come in by it.
fn is_way_in(sighting: &Sighting<'_>) -> bool {
    let category = sighting.tool.category;
    sighting.tool.role != Role::Client
        && matches!(
            category,
            Category::RemoteDesktop
                | Category::Rmm
                | Category::TerminalSharing
                | Category::IdeTunnel
                | Category::Tunnel
        )
}

/// RA-01: high while it runs or starts by itself, medium where it is only installed, low where it was used once.
fn product_severity(sighting: &Sighting<'_>) -> Option<Severity> {
    match sighting.state() {
        _ if sighting.tool.role == Role::Client => None,
        // Management that companies have and that shows no screen.
        _ if sighting.tool.presence == Presence::Ordinary => Some(Severity::Low),
        State::Running | State::Persistent => Some(Severity::High),
        State::Installed => Some(Severity::Medium),
        State::History => Some(Severity::Low),
    }
}

/// RA-11: high while live or set to start, one step less where only this machine can reach it.
fn sharing_severity(sighting: &Sighting<'_>) -> Option<Severity> {
    let tool = sighting.tool;
    match (sighting.state(), sighting.listening()) {
        _ if tool.role == Role::Client => None,
        (State::Running | State::Persistent, Some(Reach::Loopback)) => Some(Severity::Medium),
        (State::Running | State::Persistent, _) => Some(Severity::High),
        (State::Installed, _) if tool.presence == Presence::Ordinary => None,
        (State::Installed, _) if tool.prevalence != Prevalence::Low => Some(Severity::Low),
        (State::Installed, _) => Some(Severity::Medium),
        (State::History, _) => Some(Severity::Low),
    }
}
