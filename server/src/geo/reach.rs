//! What round trips to known points allow: 100 km of distance for each millisecond, and not more.
//!
//! Always: a long round trip proves nothing; only a short one refutes a place or confirms one. Where a shape's tolerance
//! could decide, nothing is refuted and nothing is confirmed.

use super::world::{Point, Polygon, TOLERANCE_KM, world};

/// How far the answering end may be for each millisecond of round trip: light in fibre, both ways.
pub const KM_PER_MS: f64 = 100.0;

/// A declared home.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HomeDisc {
    /// Its middle.
    pub middle: Point,
    /// Its radius in km.
    pub radius_km: f64,
}

/// A round trip to a known point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disc {
    /// The point.
    pub middle: Point,
    /// The least round trip in ms.
    pub round_trip_ms: f64,
}

impl Disc {
    /// How far the answering end can be, in km. `None` where the round trip is none.
    pub fn radius_km(&self) -> Option<f64> {
        let ms = self.round_trip_ms;
        (ms.is_finite() && ms > 0.0).then_some(ms * KM_PER_MS)
    }
}

/// Distance in km from a point to the nearest point of a claim: any of these countries, or a home. 0 inside. Tolerances are
/// taken off already. `None` where the claim is empty or names a country whose shape is not known: it can refute nothing.
pub fn claim_km(point: Point, countries: &[&str], home: Option<HomeDisc>) -> Option<f64> {
    let to_home = home.map(|home| bearing_policies::place::distance_km(point, home.middle) - home.radius_km);
    let mut nearest = to_home;
    for country in countries {
        let away = world().distance_km(point, country)? - TOLERANCE_KM;
        nearest = Some(nearest.map_or(away, |nearest| nearest.min(away)));
    }
    nearest.map(|km| km.max(0.0))
}

/// Distance in km from a point in a country to the nearest point of any other country, less the tolerance: a round trip that
/// reaches no farther is inside. `None` where the point is not in the country.
pub fn border_km(point: Point, country: &str) -> Option<f64> {
    world().border_km(point, country).map(|km| (km - TOLERANCE_KM).max(0.0))
}

/// Whether the answering end can be where it is claimed to be: some one piece of the claim (an island, a mainland, a home) is
/// reached by every disc. `None` where the claim is empty, a shape is not known, or there is no round trip.
pub fn feasible(countries: &[&str], home: Option<HomeDisc>, discs: &[Disc]) -> Option<bool> {
    let discs: Vec<(Point, f64)> =
        discs.iter().filter_map(|disc| Some((disc.middle, disc.radius_km()?))).collect();
    if discs.is_empty() || (countries.is_empty() && home.is_none()) {
        return None;
    }
    if let Some(home) = home {
        let reached = |(middle, radius): &(Point, f64)| {
            bearing_policies::place::distance_km(*middle, home.middle) - home.radius_km <= *radius
        };
        if discs.iter().all(reached) {
            return Some(true);
        }
    }
    let mut any = false;
    for country in countries {
        let mut pieces = world().pieces(country).peekable();
        pieces.peek()?;
        let reached = |piece: &Polygon| {
            discs.iter().all(|(middle, radius)| piece.is_within(*middle, radius + TOLERANCE_KM))
        };
        any |= pieces.any(reached);
    }
    Some(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DALLAS: Point = (32.7767, -96.797);
    const TOKYO: Point = (35.6762, 139.6503);
    const ASHBURN: Point = (39.0438, -77.4874);
    const FRANKFURT: Point = (50.1109, 8.6821);

    fn disc(middle: Point, round_trip_ms: f64) -> Disc {
        Disc { middle, round_trip_ms }
    }

    #[test]
    fn a_short_round_trip_from_afar_refutes() {
        assert_eq!(feasible(&["US"], None, &[disc(TOKYO, 15.0)]), Some(false));
        // The Marianas and the Aleutian islands are American.
        assert_eq!(feasible(&["US"], None, &[disc(TOKYO, 45.0)]), Some(true));
        let dallas = HomeDisc { middle: DALLAS, radius_km: 100.0 };
        assert_eq!(feasible(&[], Some(dallas), &[disc(TOKYO, 45.0)]), Some(false));
        assert_eq!(feasible(&["DE"], None, &[disc(ASHBURN, 20.0)]), Some(false));
        assert_eq!(feasible(&["DE", "CA"], None, &[disc(ASHBURN, 20.0)]), Some(true));
    }

    #[test]
    fn a_long_round_trip_proves_nothing() {
        assert_eq!(feasible(&["DE"], None, &[disc(TOKYO, 300.0)]), Some(true));
    }

    #[test]
    fn one_piece_must_be_reached_by_all() {
        // Hawaii by one, Maine by the other: no piece of the United States by both.
        let honolulu = (21.3069, -157.8583);
        let discs = [disc(honolulu, 5.0), disc((45.5019, -73.5674), 2.0)];
        assert_eq!(feasible(&["US"], None, &discs), Some(false));
    }

    #[test]
    fn what_is_not_known_refutes_nothing() {
        assert_eq!(feasible(&["ZZ"], None, &[disc(TOKYO, 1.0)]), None);
        assert_eq!(feasible(&[], None, &[disc(TOKYO, 1.0)]), None);
        for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(feasible(&["US"], None, &[disc(TOKYO, nonsense)]), None);
        }
        assert_eq!(claim_km(TOKYO, &["US", "ZZ"], None), None);
        assert_eq!(claim_km(TOKYO, &[], None), None);
    }

    #[test]
    fn the_tolerance_is_on_the_side_of_the_person() {
        // Who claims Germany answers Strasbourg, 3 km from it, at once.
        let strasbourg = (48.5734, 7.7521);
        assert_eq!(feasible(&["DE"], None, &[disc(strasbourg, 0.01)]), Some(true));
        assert_eq!(claim_km(strasbourg, &["DE"], None), Some(0.0));
        assert_eq!(border_km(strasbourg, "FR"), Some(0.0));
        let dallas = border_km(DALLAS, "US").unwrap();
        assert!(dallas > 480.0 && dallas < 560.0, "{dallas}");
        assert_eq!(border_km(FRANKFURT, "US"), None);
    }
}
