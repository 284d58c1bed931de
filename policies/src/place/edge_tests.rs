//! The model's edges, each with its nearest neighbour on the other side.

use serde_json::{Value, json};

use super::{PlaceResult, evaluate_places};

/// A settled device that should be in the US, with `more` laid over it.
fn judged(more: &Value) -> PlaceResult {
    let mut case = json!({
        "id": "edge", "expect": {"countries": ["US"]},
        "obs": [{"family": 4, "country": "US", "class": "residential"}],
        "history": {"observations": 12, "span_hours": 96},
    });
    for (field, value) in more.as_object().unwrap() {
        case[field] = value.clone();
    }
    evaluate_places(&case).unwrap().results.remove(0)
}

fn seen(country: &str, class: &str, family: u8) -> Value {
    json!({"family": family, "country": country, "class": class})
}

#[test]
fn the_highest_observation_counts_and_not_the_sum() {
    let both = json!({"obs": [seen("VN", "residential", 4), seen("VN", "residential", 6)]});
    assert_eq!(judged(&both).groups.location, 40);
}

#[test]
fn one_group_alone_is_at_most_medium() {
    let alone = judged(&json!({"obs": [seen("VN", "residential", 4)],
        "travel": {"from_class": "residential", "to_class": "residential", "km": 9000, "hours": 1}}));
    assert_eq!((alone.score, alone.severity.as_str()), (Some(65), "medium"));
    assert_eq!(alone.confidence.as_deref(), Some("low"));
}

#[test]
fn three_groups_open_the_young_gate() {
    let young = json!({"observations": 2, "span_hours": 30});
    let two = judged(
        &json!({"history": young, "obs": [seen("VN", "residential", 4)], "device": {"tz": "Asia/Ho_Chi_Minh"}}),
    );
    assert_eq!(two.severity, "low");
    let three = judged(&json!({"history": young, "obs": [seen("VN", "residential", 4)],
        "device": {"tz": "Asia/Ho_Chi_Minh"}, "human": {"remote_control": true}}));
    assert_eq!((three.severity.as_str(), three.confidence.as_deref()), ("high", Some("high")));
}

#[test]
fn a_split_family_is_held_down_in_location_and_egress() {
    let split = judged(&json!({"obs": [seen("VN", "residential", 4), seen("US", "residential", 6)]}));
    assert_eq!((split.groups.location, split.severity.as_str()), (10, "none"));
    let leak = judged(&json!({"obs": [seen("NL", "vpn", 4), seen("US", "residential", 6)]}));
    assert_eq!(leak.groups.egress, 10);
    let both = judged(&json!({"obs": [seen("NL", "vpn", 4), seen("US", "hosting", 6)]}));
    assert_eq!(both.groups.egress, 30, "a hosted address does not say where the device is");
}

#[test]
fn ipv6_alone_and_an_old_table_count_less() {
    let v6 = judged(&json!({"obs": [seen("VN", "residential", 6)]}));
    assert_eq!(v6.groups.location, 30);
    let old = json!({"obs": [seen("VN", "residential", 6)], "policy": {"db_age_days": 91}});
    assert_eq!(judged(&old).groups.location, 20);
    let fresh = json!({"obs": [seen("VN", "residential", 6)], "policy": {"db_age_days": 90}});
    assert_eq!(judged(&fresh).groups.location, 30);
}

#[test]
fn a_denied_country_needs_a_second_source() {
    let one = judged(&json!({"obs": [seen("KP", "residential", 4)]}));
    assert_eq!((one.groups.location, one.findings.len()), (40, 1));
    let asn = judged(&json!({"obs": [{"family": 4, "country": "KP", "asn": 131_279, "class": "unknown"}]}));
    assert_eq!((asn.groups.location, asn.severity.as_str()), (100, "critical"));
    let label =
        judged(&json!({"obs": [{"family": 4, "country": "KP", "alt_country": "KP", "class": "vpn"}]}));
    assert_eq!((label.groups.location, label.severity.as_str()), (0, "low"), "a label on a VPN exit");
}

#[test]
fn nothing_offsets_a_denied_country_or_the_fleet() {
    let denied =
        judged(&json!({"obs": [{"family": 4, "country": "KP", "alt_country": "KP", "class": "residential"}],
        "device": {"wifi_reg": "US", "known_network": true}}));
    assert_eq!((denied.groups.physical, denied.score), (-35, Some(65)));
    let farm = judged(
        &json!({"fleet": {"workers_same_ip_7d": 4}, "device": {"wifi_reg": "US", "known_network": "in"}}),
    );
    assert_eq!((farm.score, farm.verdict.as_str(), farm.severity.as_str()), (Some(40), "cluster", "medium"));
}

#[test]
fn a_relayed_transport_needs_samples_and_a_gap() {
    let trip = |tcp: f64, app: f64, n: u32| {
        judged(&json!({"rtt": {"cross_layer": {"tcp_ms": tcp, "app_ms": app, "n": n}}})).groups.egress
    };
    assert_eq!((trip(20.0, 60.0, 5), trip(20.0, 59.0, 5), trip(20.0, 60.0, 4)), (25, 0, 0));
    assert_eq!((trip(200.0, 299.0, 9), trip(200.0, 300.0, 9)), (0, 25), "half of the transport's");
}

#[test]
fn hours_count_only_where_they_were_opted_into() {
    let shifted = |opt_in: Value, days: u32| {
        let case = json!({"obs": [seen("VN", "residential", 4)], "human": {"hours_shift": -6.0, "days": days},
            "policy": {"opt_in": opt_in}});
        judged(&case).groups.human
    };
    assert_eq!(
        (shifted(json!(["hours"]), 10), shifted(Value::Null, 10), shifted(json!(["hours"]), 9)),
        (10, 0, 0)
    );
    let alone = json!({"human": {"remote_control": true}});
    assert_eq!(judged(&alone).score, Some(0), "alone it says nothing about a place");
}

#[test]
fn a_declared_place_holds_as_many_as_it_declared() {
    let shared = |workers: u32, same_gateway: bool, place: Value| {
        judged(
            &json!({"fleet": {"workers_same_ip_7d": workers, "same_gateway": same_gateway, "place": place}}),
        )
        .groups
        .fleet
    };
    assert_eq!(shared(3, true, json!({"kind": "shared", "size": 3})), 0);
    assert_eq!(shared(4, true, json!({"kind": "shared", "size": 3})), 55);
    assert_eq!((shared(30, true, json!("office")), shared(30, true, json!("coworking"))), (0, 0));
    assert_eq!((shared(2, true, Value::Null), shared(3, true, Value::Null)), (5, 40));
}

#[test]
fn a_carrier_shares_addresses_until_the_gateway_is_one() {
    let mobile = |same_gateway: bool| {
        let case = json!({"obs": [seen("US", "mobile", 4)],
            "fleet": {"workers_same_ip_7d": 6, "same_gateway": same_gateway}});
        judged(&case).groups.fleet
    };
    assert_eq!((mobile(false), mobile(true)), (0, 75));
}

#[test]
fn a_match_says_how_sure_it_is() {
    let confidence = |obs: Value, device: Value| {
        let result = judged(&json!({"obs": [obs], "device": device}));
        assert_eq!(result.verdict, "match");
        result.confidence.unwrap()
    };
    assert_eq!(confidence(seen("US", "unknown", 4), json!({})), "high");
    assert_eq!(confidence(seen("US", "mobile", 4), json!({})), "medium");
    assert_eq!(confidence(seen("US", "relay", 4), json!({})), "low");
    assert_eq!(confidence(seen("US", "corporate", 4), json!({"tz": "America/Tijuana"})), "low");
    let doubted = json!({"family": 4, "country": "US", "alt_country": "CA", "class": "residential"});
    assert_eq!(confidence(doubted, json!({})), "medium");
}

#[test]
fn anchors_refute_one_by_one() {
    let anchor = |name: &str, lat: f64, lon: f64, ms: f64| json!({"name": name, "lat": lat, "lon": lon, "country": "XX", "min_rtt_ms": ms});
    // Anchorage is near Alaska's disc and Miami near the mainland's: each reaches a part of the claim.
    let both =
        json!({"rtt": {"anchors": [anchor("anc", 61.2, -149.9, 5.0), anchor("mia", 25.8, -80.2, 5.0)]}});
    assert_eq!(judged(&both).groups.physical, 0);
    let outlined = json!({"rtt": {"anchors": [{"name": "fra", "lat": 50.1, "lon": 8.7, "min_rtt_ms": 9.0, "claim_km": 901.0}]}});
    assert_eq!(judged(&outlined).groups.physical, 60, "outlines stand before discs");
    let unknown = judged(&json!({"expect": {"countries": ["NZ"]}, "obs": [seen("NZ", "residential", 4)],
        "rtt": {"anchors": [anchor("fra", 50.1, 8.7, 1.0)]}}));
    assert_eq!(unknown.groups.physical, 0, "a country whose extent is not known refutes nothing");
}

#[test]
fn a_regulatory_domain_that_is_no_country_says_nothing() {
    for code in ["00", "99", "", "ZZ", "U"] {
        assert_eq!(judged(&json!({"device": {"wifi_reg": code}})).groups.physical, 0, "{code}");
    }
    assert_eq!(judged(&json!({"device": {"wifi_reg": "us"}})).groups.physical, -10);
    assert_eq!(judged(&json!({"device": {"wifi_reg": "CN"}})).groups.physical, 15);
}

#[test]
fn a_zone_set_by_the_system_weighs_more() {
    let zone = |device: Value| judged(&json!({ "device": device })).groups.clock;
    assert_eq!(zone(json!({"tz": "Asia/Seoul", "auto_tz": true})), 30);
    assert_eq!(zone(json!({"tz": "Asia/Seoul", "auto_tz": true, "session_tz": "Asia/Seoul"})), 30, "capped");
    assert_eq!(zone(json!({"tz": "America/Chicago", "session_tz": "Asia/Shanghai"})), 20);
    assert_eq!((zone(json!({"tz": "UTC", "auto_tz": true})), zone(json!({"tz": "Mars/Olympus"}))), (0, 0));
}
