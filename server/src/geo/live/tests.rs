use std::net::IpAddr;

use bearing_policies::place::EgressClass;
use maxminddb_writer::metadata::IpVersion;
use serde_json::json;

use super::*;
use crate::geo::{
    database::{Role, tests::made},
    list::ListFormat,
};

fn put(dir: &Path, name: &str, bytes: &[u8]) {
    let draft = dir.join(format!("{name}.new"));
    fs::write(&draft, bytes).unwrap();
    fs::rename(draft, dir.join(name)).unwrap();
}

fn at(live: &Live, address: &str) -> crate::geo::Seen {
    live.current().look_up(address.parse::<IpAddr>().unwrap())
}

fn config(dir: &Path) -> GeoConfig {
    GeoConfig {
        databases: vec![
            DatabaseConfig { path: dir.join("low.mmdb"), role: Role::Country, priority: 1 },
            DatabaseConfig { path: dir.join("high.mmdb"), role: Role::City, priority: 2 },
        ],
        lists: vec![ListConfig {
            path: dir.join("vpn.txt"),
            class: EgressClass::Vpn,
            format: ListFormat::Lines,
            keep_good_rows: false,
        }],
        ..GeoConfig::default()
    }
}

#[test]
fn the_highest_priority_answers_and_the_built_in_table_fills_in() {
    let dir = tempfile::tempdir().unwrap();
    let low = [("5.9.0.0/16", json!({"country_code": "AT"})), ("8.8.8.0/24", json!({"country_code": "CA"}))];
    put(dir.path(), "low.mmdb", &made("low", IpVersion::V6, &low));
    let high = [("5.9.0.0/16", json!({"country": {"iso_code": "CH"}}))];
    put(dir.path(), "high.mmdb", &made("high", IpVersion::V6, &high));
    put(dir.path(), "vpn.txt", b"73.0.0.0/24\nAS24940\n");
    let live = Live::load(&config(dir.path()));
    assert_eq!(live.problems(), Vec::<String>::new());
    for (address, country, class) in [
        ("5.9.0.1", "CH", EgressClass::Vpn), // by its network; a VPN is believed before hosting
        ("8.8.8.8", "CA", EgressClass::Hosting),
        ("73.0.0.1", "US", EgressClass::Vpn),
        ("73.0.1.1", "US", EgressClass::Residential),
    ] {
        let seen = at(&live, address);
        assert_eq!((seen.country.as_deref(), seen.class), (Some(country), class), "{address}");
    }
    let names: Vec<_> = live.current().tables().into_iter().map(|table| table.name).collect();
    assert_eq!(&names[..2], ["high (city)", "low (country)"]);
    assert_eq!(names.last().unwrap(), "list vpn.txt (vpn)");
}

#[test]
fn a_file_renamed_over_another_is_read_and_a_broken_one_leaves_the_old_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let country = |code: &str| made("one", IpVersion::V6, &[("5.9.0.0/16", json!({ "country_code": code }))]);
    put(dir.path(), "low.mmdb", &country("AT"));
    put(dir.path(), "high.mmdb", &country("CH"));
    put(dir.path(), "vpn.txt", b"73.0.0.0/24\n");
    let live = Live::load(&config(dir.path()));
    assert_eq!(live.look_again(), (0, Vec::new()), "nothing changed");

    put(dir.path(), "high.mmdb", &country("LI"));
    put(dir.path(), "vpn.txt", b"73.0.1.0/24\n");
    assert_eq!(live.look_again(), (2, Vec::new()));
    assert_eq!(at(&live, "5.9.0.1").country.as_deref(), Some("LI"));
    assert_eq!(at(&live, "73.0.1.1").class, EgressClass::Vpn);
    assert_eq!(at(&live, "73.0.0.1").class, EgressClass::Residential);

    put(dir.path(), "high.mmdb", b"<html>not found</html>");
    put(dir.path(), "vpn.txt", b"73.0.2.0/24\nnonsense\n");
    let (changed, problems) = live.look_again();
    assert_eq!(changed, 2);
    assert!(problems[0].contains("high.mmdb") && problems[0].contains("stays in use"), "{problems:?}");
    assert!(problems[1].contains("line 2: `nonsense`"), "{problems:?}");
    assert_eq!(at(&live, "5.9.0.1").country.as_deref(), Some("LI"));
    assert_eq!(at(&live, "73.0.1.1").class, EgressClass::Vpn);
    assert_eq!(live.look_again().0, 0, "a broken file is not read again and again");
    assert_eq!(live.problems().len(), 2, "but it is named until it is mended");

    fs::remove_file(dir.path().join("low.mmdb")).unwrap();
    let (_, problems) = live.look_again();
    assert!(problems.iter().any(|problem| problem.contains("low.mmdb")), "{problems:?}");
    put(dir.path(), "high.mmdb", &country("CH"));
    put(dir.path(), "low.mmdb", &country("AT"));
    put(dir.path(), "vpn.txt", b"73.0.2.0/24\n");
    assert_eq!(live.look_again(), (3, Vec::new()));
    assert_eq!(at(&live, "5.9.0.1").country.as_deref(), Some("CH"));
}

#[test]
fn a_file_that_is_missing_at_the_start_is_named_and_comes_in_later() {
    let dir = tempfile::tempdir().unwrap();
    let live = Live::load(&config(dir.path()));
    assert_eq!(live.problems().len(), 3);
    assert!(live.problems()[0].contains("nothing of it is in use"));
    assert_eq!(at(&live, "5.9.0.1").country.as_deref(), Some("DE"), "the built-in table answers");
    let now = "2026-11-25T12:00:00Z".parse().unwrap();
    assert!(live.status(now).iter().all(|status| status.problem.is_some() && status.content.is_none()));
    put(dir.path(), "vpn.txt", b"73.0.0.0/24\n");
    live.look_again();
    assert_eq!(at(&live, "73.0.0.1").class, EgressClass::Vpn);
    let status = live.status(now).pop().unwrap();
    assert_eq!(status.content.as_deref(), Some("1 rows, 1 merged ranges"));
}
