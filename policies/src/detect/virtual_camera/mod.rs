//! Made pictures: virtual cameras and audio cables (VC-01), programs that change faces or voices (VC-02).
//!
//! Always: a virtual camera is everyday work for many and never more than low.

use bearing_protocol::severity::Severity;

use super::{
    Context,
    remote_access::report_product,
    sighting::{Sighting, State},
};
use crate::catalogue::{Category, Presence};

/// Applies VC-01 and VC-02.
pub(super) fn detect(context: &mut Context<'_>) {
    let sightings = context.sightings();
    for sighting in sightings.iter() {
        match sighting.tool.category {
            Category::VirtualCamera => report_product(context, "VC-01", sighting, camera_severity),
            Category::Deepfake => report_product(context, "VC-02", sighting, face_severity),
            _ => {}
        }
    }
}

fn camera_severity(sighting: &Sighting<'_>) -> Option<Severity> {
    match sighting.state() {
        State::Installed | State::History if sighting.tool.presence == Presence::Ordinary => None,
        _ => Some(Severity::Low),
    }
}

/// Such programs are folders with models: being there is all that being installed means.
fn face_severity(sighting: &Sighting<'_>) -> Option<Severity> {
    match sighting.state() {
        State::History => Some(Severity::Medium),
        _ => Some(Severity::High),
    }
}
