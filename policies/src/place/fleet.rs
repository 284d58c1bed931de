//! Who else is there, and where the parcel went.

use super::{
    input::{EgressClass, PlaceCase, SharedPlace},
    model::PlaceModel,
    part::{Finding, Part},
};

/// From how many workers on the gateway counts.
const GATEWAY_WORKERS: u32 = 3;

pub(super) fn evaluate(case: &PlaceCase, model: &PlaceModel) -> Part {
    let weights = &model.fleet;
    let fleet = &case.fleet;
    let workers = fleet.workers_same_ip_7d;
    let mut part = Part::default();
    let points = match workers {
        0 | 1 => 0,
        2 => weights.two,
        3 => weights.three,
        4 | 5 => weights.four,
        _ => weights.six,
    };
    if points > 0 {
        if let Some(reason) = neutral(case) {
            part.why.push(format!("{workers} workers behind one address, {reason}: 0"));
        } else {
            let gateway =
                if fleet.same_gateway && workers >= GATEWAY_WORKERS { weights.same_gateway } else { 0 };
            let mut why = format!("{workers} different workers behind one address in 7 days: {points}");
            if gateway > 0 {
                why.push_str(&format!(", and behind one gateway +{gateway}"));
            }
            part.add(Finding::FleetCluster, points + gateway, why);
            if workers >= 6 {
                part.hard.push("six or more workers on one line");
            }
        }
    }
    if let (Some(first), Some(ship_to)) = (&fleet.first_checkin_country, &case.expect.ship_to)
        && first != ship_to
    {
        let why = format!("shipped to {ship_to}, first seen in {first}: {}", weights.shipping);
        part.add(Finding::ShippingMismatch, weights.shipping, why);
    }
    part.points = part.sum().min(weights.cap);
    part
}

fn neutral(case: &PlaceCase) -> Option<&'static str> {
    match &case.fleet.place {
        Some(SharedPlace::Kind(kind)) if is_place(kind) => return Some("at a declared place"),
        Some(SharedPlace::Sized { kind, size })
            if is_place(kind) && size.is_none_or(|size| case.fleet.workers_same_ip_7d <= size) =>
        {
            return Some("at a declared place, within its size");
        }
        _ => {}
    }
    let mobile = !case.obs.is_empty() && case.obs.iter().all(|one| one.class == EgressClass::Mobile);
    (mobile && !case.fleet.same_gateway).then_some("a mobile carrier's shared address")
}

fn is_place(kind: &str) -> bool {
    matches!(kind, "office" | "coworking" | "shared" | "shared_place" | "household" | "site")
}
