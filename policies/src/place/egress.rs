//! Whether the way out hides where the device is.

use super::{
    input::{EgressClass, PlaceCase},
    location,
    model::PlaceModel,
    part::{Allowed, Finding, Part},
};

pub(super) fn evaluate(case: &PlaceCase, allowed: &Allowed, model: &PlaceModel) -> Part {
    let weights = &model.egress;
    let mut part = Part::default();
    let worst = case
        .obs
        .iter()
        .filter_map(|one| {
            let points = match one.class {
                EgressClass::Tor => weights.tor,
                EgressClass::ResidentialProxy => weights.residential_proxy,
                EgressClass::Vpn => weights.vpn,
                EgressClass::Hosting => weights.hosting,
                _ => return None,
            };
            let split = location::split(case, allowed, one);
            Some((if split { points.min(model.location.family_split_cap) } else { points }, one))
        })
        .max_by_key(|(points, _)| *points);
    if let Some((points, one)) = worst {
        let why = format!(
            "the IPv{} address is of class {}, which hides where the device is: {points}",
            one.family,
            one.class.as_str()
        );
        part.add(Finding::EgressConcealed, points, why);
    }
    if let Some(cross) = &case.rtt.cross_layer {
        let gap = cross.app_ms - cross.tcp_ms;
        let threshold = weights.relayed_ms.max(weights.relayed_ratio * cross.tcp_ms);
        if cross.n >= weights.relayed_samples && gap >= threshold {
            let why = format!(
                "the application answers {gap:.0} ms later than the transport over {} samples: the transport ends before the device: {}",
                cross.n, weights.relayed_transport
            );
            part.add(Finding::RelayedTransport, weights.relayed_transport, why);
        }
    }
    part.points = part.sum().min(weights.cap);
    part
}
