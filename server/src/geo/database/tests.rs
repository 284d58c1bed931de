use maxminddb_writer::{Database as Writer, metadata::IpVersion, paths::IpAddrWithMask};
use serde_json::{Value, json};

use super::*;

/// A database of a vendor's shape.
pub(crate) fn made(kind: &str, version: IpVersion, networks: &[(&str, Value)]) -> Vec<u8> {
    let mut writer = Writer::default();
    let is_six = matches!(version, IpVersion::V6);
    writer.metadata.ip_version = version;
    kind.clone_into(&mut writer.metadata.database_type);
    writer.metadata.binary_format_major_version = 2;
    writer.metadata.build_epoch = 1_789_600_861;
    for (network, value) in networks {
        let network: ipnet::IpNet = network.parse().unwrap();
        let path = match (network.network(), is_six) {
            (IpAddr::V4(v4), true) => IpAddrWithMask::new(
                IpAddr::from(u128::from(u32::from(v4)).to_be_bytes()),
                network.prefix_len() + 96,
            ),
            (address, _) => IpAddrWithMask::new(address, network.prefix_len()),
        };
        let data = writer.insert_value(value).unwrap();
        writer.insert_node(path, data);
    }
    writer.write_to(Vec::new()).unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn countries_of_all_vendors_shapes() {
    let maxmind = json!({"country": {"iso_code": "SE", "geoname_id": 2_661_886, "names": {"en": "Sweden"}},
        "registered_country": {"iso_code": "DE"}, "location": {"latitude": 58.4, "accuracy_radius": 76}});
    let registered = json!({"registered_country": {"iso_code": "GB"}});
    for (kind, record, country) in [
        ("GeoIP2-City-Test", maxmind.clone(), "SE"),
        ("GeoLite2-Country", maxmind, "SE"),
        ("GeoIP2-Country", registered, "GB"),
        ("DBIP-Country-Lite", json!({"country": {"iso_code": "FX"}}), "FR"),
        ("country ipvAll", json!({"country_code": "TH"}), "TH"),
        ("ipinfo lite", json!({"country_code": "CA", "country": "Canada", "asn": "AS64496"}), "CA"),
        ("ipinfo country_asn", json!({"country": "JP", "country_name": "Japan"}), "JP"),
        ("a name that says nothing", json!({"country": "jp"}), "JP"),
    ] {
        let bytes =
            made(kind, IpVersion::V6, &[("89.160.20.0/24", record.clone()), ("2a02:dead::/32", record)]);
        let database = Database::read(bytes, Role::Country).unwrap_or_else(|error| panic!("{kind}: {error}"));
        for known in ["89.160.20.128", "2a02:dead::1"] {
            assert_eq!(database.country(address(known)).as_deref(), Some(country), "{kind}");
        }
        assert_eq!(database.country(address("8.8.8.8")), None, "{kind}");
        assert_eq!((database.kind(), database.built()), (kind, "2026-09-16"));
    }
}

#[test]
fn networks_as_numbers_and_as_text() {
    for (kind, record) in [
        (
            "GeoLite2-ASN",
            json!({"autonomous_system_number": 29518, "autonomous_system_organization": "Bredband2 AB"}),
        ),
        (
            "GeoIP2-Enterprise",
            json!({"country": {"iso_code": "SE"}, "traits": {"autonomous_system_number": 29518}}),
        ),
        ("asn ipvAll", json!({"autonomous_system_number": 29518})),
        ("ipinfo lite", json!({"country_code": "SE", "asn": "AS29518", "as_name": "Bredband2"})),
        ("DBIP-ASN-Lite (compat=GeoLite2-ASN)", json!({"autonomous_system_number": 29518})),
    ] {
        let bytes = made(kind, IpVersion::V6, &[("89.160.20.0/24", record)]);
        let database = Database::read(bytes, Role::Asn).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(database.network(address("89.160.20.128")), Some(29518), "{kind}");
        assert_eq!(database.country(address("89.160.20.128")), None, "it was not asked for countries");
    }
}

#[test]
fn flags_are_classes() {
    let networks = [
        ("203.0.113.0/28", json!({"is_anonymous": true, "is_tor_exit_node": true, "is_anonymous_vpn": true})),
        ("203.0.113.16/28", json!({"is_anonymous": true, "is_anonymous_vpn": true})),
        ("203.0.113.32/28", json!({"is_anonymous": true, "is_residential_proxy": true})),
        ("203.0.113.48/28", json!({"is_anonymous": true, "is_hosting_provider": true})),
        ("203.0.113.64/28", json!({"is_anonymous": true, "is_public_proxy": true})),
        ("203.0.113.80/28", json!({"is_anonymous": false})),
    ];
    let bytes = made("GeoIP2-Anonymous-IP", IpVersion::V4, &networks);
    let database = Database::read(bytes, Role::Anonymous).unwrap();
    for (last, class) in [
        (1, Some(EgressClass::Tor)),
        (17, Some(EgressClass::Vpn)),
        (33, Some(EgressClass::ResidentialProxy)),
        (49, Some(EgressClass::Hosting)),
        (65, Some(EgressClass::Vpn)),
        (81, None),
        (200, None),
    ] {
        assert_eq!(database.class(IpAddr::from([203, 0, 113, last])), class, "{last}");
    }
    let privacy = json!({"vpn": "true", "proxy": "", "tor": "", "relay": "", "hosting": "true"});
    let bytes = made("ipinfo standard_privacy", IpVersion::V6, &[("203.0.113.0/24", privacy)]);
    let database = Database::read(bytes, Role::Anonymous).unwrap();
    assert_eq!(database.class(address("203.0.113.9")), Some(EgressClass::Vpn));
    let proxies =
        json!({"anonymizer_confidence": 99, "network_last_seen": "2026-11-20", "provider_name": "example"});
    let bytes = made("GeoIP-Residential-Proxy", IpVersion::V6, &[("203.0.113.0/24", proxies)]);
    let database = Database::read(bytes, Role::Anonymous).unwrap();
    assert_eq!(database.class(address("203.0.113.9")), Some(EgressClass::ResidentialProxy));
    assert_eq!(database.class(address("203.0.114.9")), None);
}

#[test]
fn a_database_of_the_wrong_role_says_what_it_lacks() {
    let bytes =
        made("GeoLite2-ASN", IpVersion::V6, &[("5.9.0.0/16", json!({"autonomous_system_number": 24940}))]);
    let error = Database::read(bytes.clone(), Role::Country).unwrap_err().to_string();
    assert!(error.contains("`GeoLite2-ASN`") && error.contains("country.iso_code"), "{error}");
    let error = Database::read(bytes, Role::Anonymous).unwrap_err().to_string();
    assert!(error.contains("is_tor_exit_node"), "{error}");
    let none = made("GeoLite2-ASN", IpVersion::V6, &[]);
    assert!(Database::read(none, Role::Asn).is_err());
}

#[test]
fn a_cut_database_is_an_error_and_never_a_panic() {
    let whole = made("country ipvAll", IpVersion::V6, &[("5.9.0.0/16", json!({"country_code": "DE"}))]);
    for end in 0..whole.len() {
        let error = Database::read(whole[..end].to_vec(), Role::Country).expect_err("cut");
        assert!(!error.to_string().is_empty());
    }
    for text in ["<html>404</html>", "\u{1f}\u{8b}"] {
        let error = Database::read(text.as_bytes().to_vec(), Role::Country).unwrap_err().to_string();
        assert!(error.contains("no MaxMind database"), "{error}");
    }
    // Every single byte changed: whatever it then says, it does not panic.
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        if let Ok(database) = Database::read(changed, Role::Country) {
            let _ = database.country(address("5.9.0.1"));
            let _ = database.country(address("2001:4860::1"));
        }
    }
}

#[test]
fn a_database_of_ipv4_alone_knows_nothing_of_ipv6() {
    let bytes = made("country ipv4", IpVersion::V4, &[("5.9.0.0/16", json!({"country_code": "DE"}))]);
    let database = Database::read(bytes, Role::Country).unwrap();
    assert!(database.is_ipv4_only());
    assert_eq!(database.country(address("5.9.0.1")).as_deref(), Some("DE"));
    assert_eq!(database.country(address("2a01:4f8::1")), None);
}
