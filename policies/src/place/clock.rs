//! What the device's clock says.

use super::{
    input::PlaceCase,
    model::PlaceModel,
    part::{Allowed, Finding, Part},
    tables::Zones,
};

pub(super) fn evaluate(case: &PlaceCase, allowed: &Allowed, model: &PlaceModel, zones: &Zones) -> Part {
    let weights = &model.clock;
    let mut part = Part::default();
    if let Some((points, why)) = case.device.tz.as_deref().and_then(|tz| mismatch(tz, allowed, model, zones))
    {
        let automatic = case.device.auto_tz == Some(true);
        let extra = if automatic { weights.automatic } else { 0 };
        let why = if automatic { format!("{why}, set automatically +{extra}") } else { why };
        part.add(Finding::TimezoneMismatch, points + extra, why);
    }
    if let Some((_, why)) =
        case.device.session_tz.as_deref().and_then(|tz| mismatch(tz, allowed, model, zones))
    {
        part.add(Finding::SessionTimezone, weights.session, format!("remote session: {why}"));
    }
    part.points = part.sum().min(weights.cap);
    part
}

/// Points and reason where a zone fits no allowed country; `None` where it fits or is neutral.
fn mismatch(name: &str, allowed: &Allowed, model: &PlaceModel, zones: &Zones) -> Option<(i64, String)> {
    let zone = zones.zone(name)?;
    if zone.countries.iter().any(|country| allowed.has(country)) {
        return None;
    }
    let hours = allowed
        .iter()
        .flat_map(|country| model.offsets.get(country).map_or_else(|| zones.offsets(country), Vec::as_slice))
        .map(|offset| (offset - zone.offset_hours).abs())
        .min_by(f64::total_cmp)?;
    let weights = &model.clock;
    let points = if hours >= 3.0 {
        weights.offset_3h
    } else if hours >= 1.0 {
        weights.offset_1h
    } else {
        weights.offset_less
    };
    Some((
        points,
        format!("time zone {name} is civil time in no allowed country, {hours:.1} h off: {points}"),
    ))
}
