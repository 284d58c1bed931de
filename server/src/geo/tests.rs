use std::time::Instant;

use super::*;

fn seen(address: &str) -> Seen {
    look_up(address.parse().unwrap())
}

/// Addresses with the country of their user and their network, as recorded from the sources.
const RECORDED: [(&str, Option<&str>, Option<u32>); 12] = [
    ("8.8.8.8", Some("US"), Some(15169)),
    ("1.1.1.1", Some("AU"), Some(13335)),
    ("2001:4860:4860::8888", Some("US"), Some(15169)),
    ("5.9.0.1", Some("DE"), Some(24940)),
    ("73.0.0.1", Some("US"), Some(7922)),
    ("175.45.176.1", Some("KP"), Some(131_279)),
    ("218.25.43.1", Some("CN"), Some(4837)),
    ("113.23.40.1", Some("VN"), Some(18403)),
    ("98.97.0.1", Some("US"), Some(14593)),
    ("172.58.0.1", Some("US"), Some(21928)),
    ("100.64.0.1", None, None),
    ("192.0.2.1", None, None),
];

#[test]
fn recorded_addresses_are_known() {
    for (address, country, asn) in RECORDED {
        let seen = seen(address);
        assert_eq!((seen.country.as_deref(), seen.asn), (country, asn), "{address}");
    }
}

#[test]
fn a_registry_and_the_network_expose_a_feed_that_lies() {
    for (address, country, registry, asn) in [
        ("8.8.8.8", "US", "US", 15169),
        ("1.1.1.1", "AU", "AU", 13335),
        ("2001:4860:4860::8888", "US", "US", 15169),
        ("5.9.0.1", "DE", "DE", 24940),
        ("73.0.0.1", "US", "US", 7922),
        ("175.45.176.1", "KP", "KP", 131_279),
        ("218.25.43.1", "CN", "CN", 4837),
        ("146.70.10.1", "CR", "RO", 9009),
        ("82.41.249.167", "TH", "GB", 215_294),
        ("172.224.226.1", "GB", "US", 36183),
    ] {
        let seen = seen(address);
        assert_eq!(
            (seen.country.as_deref(), seen.alt_country.as_deref(), seen.asn),
            (Some(country), Some(registry), Some(asn)),
            "{address}"
        );
    }
}

#[test]
fn the_class_is_the_networks_and_unknown_is_not_residential() {
    for (address, class) in [
        ("5.9.0.1", EgressClass::Hosting),
        ("146.70.10.1", EgressClass::Vpn),
        ("1.1.1.1", EgressClass::Relay),
        ("172.224.226.1", EgressClass::Relay),
        ("73.0.0.1", EgressClass::Residential),
        ("98.97.0.1", EgressClass::Satellite),
        ("172.58.0.1", EgressClass::Mobile),
        ("175.45.176.1", EgressClass::Unknown),
        ("82.41.249.167", EgressClass::Unknown),
        ("192.168.1.1", EgressClass::Unknown),
    ] {
        assert_eq!(seen(address).class, class, "{address}");
    }
}

#[test]
fn addresses_of_no_place_have_nothing() {
    for address in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "100.64.0.1", "::1", "fe80::1", "fd00::1"] {
        let seen = seen(address);
        assert_eq!((seen.country, seen.alt_country, seen.asn), (None, None, None), "{address}");
    }
    let mapped = seen("::ffff:5.9.0.1");
    assert_eq!((mapped.family, mapped.country.as_deref()), (4, Some("DE")));
}

#[test]
fn an_office_and_an_own_way_out_are_corporate_and_a_coworking_place_is_not() {
    let site = |kind, network: &str| Site {
        name: "one".to_owned(),
        kind,
        networks: vec![network.parse().unwrap()],
        gateways: Vec::new(),
        countries: Vec::new(),
    };
    let geo = Geo::default();
    let class = |address: &str, sites: &[Site]| geo.look_up_from(address.parse().unwrap(), sites).class;
    let hosted = "5.9.0.0/16";
    assert_eq!(class("5.9.0.1", &[site(SiteKind::Egress, hosted)]), EgressClass::Corporate);
    assert_eq!(class("5.9.0.1", &[site(SiteKind::Office, hosted)]), EgressClass::Corporate);
    assert_eq!(class("5.9.0.1", &[site(SiteKind::Coworking, hosted)]), EgressClass::Hosting);
    assert_eq!(class("73.0.0.1", &[site(SiteKind::Egress, hosted)]), EgressClass::Residential);
}

#[test]
fn every_answer_names_its_tables_and_their_days() {
    let tables = tables();
    assert_eq!(tables.len(), 4);
    let now = "2026-11-25T12:00:00Z".parse().unwrap();
    for table in &tables {
        assert!(age_days(&table.built, now).is_some(), "{table:?}");
    }
    assert_eq!(Geo::default().country_age_days(now), Some(70));
    assert_eq!(age_days("unknown", now), None);
}

/// A look-up is a few searches by halving. The bound is a hundred times what it takes, so that it holds on any machine;
/// what it takes is printed.
#[test]
fn look_ups_are_cheap() {
    const COUNT: u32 = 20_000;
    let geo = Geo::default();
    let mut known = 0;
    geo.look_up(IpAddr::from([8, 8, 8, 8]));
    let begun = Instant::now();
    for at in 0..COUNT {
        let address = IpAddr::from(at.wrapping_mul(2_654_435_761).to_be_bytes());
        known += u32::from(geo.look_up(address).country.is_some());
    }
    let each = begun.elapsed() / COUNT;
    println!("{each:?} a look-up");
    assert!(known > COUNT / 2, "{known}");
    assert!(each.as_micros() < 1_000, "{each:?}");
}
