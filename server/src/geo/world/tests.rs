use super::*;

const DALLAS: Point = (32.7767, -96.797);
const TOKYO: Point = (35.6762, 139.6503);
const FRANKFURT: Point = (50.1109, 8.6821);

fn near(a: f64, b: f64, within: f64) -> bool {
    (a - b).abs() <= within
}

#[test]
fn cities_are_in_their_countries() {
    for (point, code) in [
        (DALLAS, "US"),
        (TOKYO, "JP"),
        (FRANKFURT, "DE"),
        ((39.0438, -77.4874), "US"),
        ((40.1292, 124.3947), "CN"), // Dandong
        ((39.0392, 125.7625), "KP"),
        ((51.5074, -0.1278), "GB"),
        ((-33.8688, 151.2093), "AU"),
        ((21.3069, -157.8583), "US"), // Honolulu
        ((64.8378, -147.7164), "US"), // Fairbanks
        ((66.5, -172.5), "RU"),       // past the 180th meridian
        ((67.0, 100.0), "RU"),
        ((66.0, 179.0), "RU"),
        ((65.0, 50.0), "RU"),
        ((-17.8, 178.0), "FJ"),
        ((-80.0, 100.0), "AQ"),
        ((-89.9, 0.0), "AQ"),
        ((1.3521, 103.8198), "SG"),
        ((56.0, 9.3), "DK"),
        ((-51.6977, -57.8517), "FK"),
        ((4.9372, -52.3260), "GF"),
        ((48.8566, 2.3522), "FR"),
        ((47.3769, 8.5417), "CH"),
        ((-29.6100, 28.2336), "LS"), // a hole in another country
        ((-28.4793, 24.6727), "ZA"),
    ] {
        assert_eq!(world().country_at(point), Some(code), "{point:?}");
        assert_eq!(world().distance_km(point, code), Some(0.0), "{point:?}");
    }
    for sea in [(0.0, -30.0), (-16.5, 100.0), (65.0, -30.0), (69.0, -3.0), (-60.0, 0.0)] {
        assert_eq!(world().country_at(sea), None, "{sea:?}");
    }
}

#[test]
fn distances_are_right_to_the_tolerance() {
    for (point, code, km) in [
        (DALLAS, "MX", 545.0),
        (FRANKFURT, "FR", 120.0),
        (FRANKFURT, "US", 5_360.0),         // Maine
        (TOKYO, "US", 1_965.0),             // the northernmost of the Marianas
        ((45.5019, -73.5674), "US", 55.0),  // Montreal
        ((49.2827, -123.1207), "US", 30.0), // Vancouver, by a border along a parallel
        ((49.8954, -97.1385), "US", 99.0),  // Winnipeg, the same far from its ends
        ((40.1292, 124.3947), "KP", 0.0),
        ((36.1408, -5.3536), "ES", 2.0),
        ((64.5, -165.4), "RU", 250.0), // Nome, across the Bering Strait
        ((66.0, 0.0), "RU", 1_240.0),  // far from it, at the latitude of its far end
    ] {
        let measured = world().distance_km(point, code).unwrap();
        assert!(near(measured, km, 25.0), "{point:?} {code}: {measured} and not {km}");
    }
    assert_eq!(world().distance_km(DALLAS, "ZZ"), None);
}

#[test]
fn far_off_parts_count_for_their_country() {
    let cayenne = (4.9372, -52.3260);
    assert_eq!(world().contains(cayenne, "FR"), Some(true));
    assert_eq!(world().contains(cayenne, "BR"), Some(false));
    assert_eq!(world().distance_km((18.2, -66.4), "US"), Some(0.0));
    assert_eq!(world().contains(cayenne, "QQ"), None);
}

#[test]
fn the_border_is_the_nearest_other_country() {
    let dallas = world().border_km(DALLAS, "US").unwrap();
    assert!(near(dallas, 545.0, 25.0), "{dallas}");
    let frankfurt = world().border_km(FRANKFURT, "DE").unwrap();
    assert!(near(frankfurt, 120.0, 25.0), "{frankfurt}");
    assert_eq!(world().border_km(FRANKFURT, "FR"), None);
    assert_eq!(world().border_km(FRANKFURT, "ZZ"), None);
}

#[test]
fn neighbours_are_those_of_the_place_evaluation() {
    let zones = bearing_policies::place::zones();
    let (mut agreed, mut only_there) = (0, Vec::new());
    for a in world().shapes() {
        for b in world().shapes() {
            match (zones.adjacent(&a.code, &b.code), world().adjacent(&a.code, &b.code)) {
                (true, true) => agreed += 1,
                (true, false) if a.code < b.code => only_there.push(format!("{} {}", a.code, b.code)),
                _ => {}
            }
        }
    }
    assert!(agreed > 500, "{agreed}");
    // They meet in a point, or by what has a code of its own here.
    assert_eq!(only_there, ["BR FR", "BW ZM", "CM NE", "FR SR"]);
    assert!(world().adjacent("CH", "FR") && world().adjacent("US", "CA") && !world().adjacent("CH", "PT"));
}

#[test]
fn every_country_that_can_be_expected_has_a_shape() {
    let missing: Vec<&str> =
        crate::geo::country::codes().filter(|code| world().distance_km((0.0, 0.0), code).is_none()).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
