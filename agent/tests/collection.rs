//! `evaluate --collection`: verdicts over what was collected on other machines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Output};

use serde_json::Value;

const COLLECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/host/captures/collections");

#[expect(clippy::disallowed_methods, reason = "a test may start the program it tests")]
fn agent(arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_bearing-agent"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn evaluate(folder: &Path) -> (i32, Value) {
    let output =
        agent(&["evaluate", "--collection", folder.to_str().unwrap(), "--family", "kvm", "--format", "json"]);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), report)
}

fn put(folder: &Path, path: &str, contents: impl AsRef<[u8]>) {
    let place = folder.join(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, contents).unwrap();
}

fn collected(name: &str) -> Vec<u8> {
    fs::read(Path::new(COLLECTED).join(name)).unwrap()
}

fn outcome<'a>(report: &'a Value, rule: &str) -> &'a str {
    let outcomes = report["outcomes"].as_array().unwrap();
    outcomes.iter().find(|outcome| outcome["rule"] == rule).unwrap()["outcome"].as_str().unwrap()
}

#[test]
fn a_disguised_kvm_is_found_in_what_lsusb_printed() {
    let folder = tempfile::tempdir().unwrap();
    let text = collected("lsusb-v-pikvm-as-dell-keyboard.txt");
    put(folder.path(), "live_response/hardware/lsusb_-vv.txt", &text);
    let (code, report) = evaluate(folder.path());
    assert_eq!(code, 1);
    assert_eq!(report["device"]["os"]["family"], "linux");
    let finding = &report["findings"][0];
    assert_eq!(
        (finding["severity"].as_str(), finding["product"].as_str()),
        (Some("critical"), Some("pikvm"))
    );
    // No EDID was collected: what it would show is not checked, which is no pass.
    assert_eq!(outcome(&report, "KV-02"), "not_checked");
    // The same text without the device: nothing is found, and the exit code says so.
    let text = String::from_utf8(text).unwrap();
    let rest = text.find("\nBus 003 Device 001").unwrap();
    put(folder.path(), "live_response/hardware/lsusb_-vv.txt", &text[rest..]);
    let (code, report) = evaluate(folder.path());
    assert_eq!((code, report["findings"].as_array().unwrap().len()), (0, 0));
}

#[test]
fn a_hive_remembers_what_was_unplugged_long_ago() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "uploads/auto/C%3A/Windows/System32/config/SYSTEM", collected("system.hive"));
    let (code, report) = evaluate(folder.path());
    assert_eq!(code, 1);
    assert_eq!(report["device"]["hostname"], "FINANCE-14");
    assert_eq!(report["device"]["machine"]["kind"], "laptop");
    let findings = report["findings"].as_array().unwrap();
    let products: Vec<_> = findings.iter().filter_map(|finding| finding["product"].as_str()).collect();
    assert!(products.contains(&"pikvm") && products.contains(&"jetkvm"), "{products:?}");
    // The wired keyboard and the mouse beside them are left alone.
    assert!(findings.iter().all(|finding| !finding["title"].as_str().unwrap().contains("KB216")));
    assert_eq!(outcome(&report, "KV-03"), "not_checked");
}

#[test]
fn what_cannot_be_evaluated_says_why() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "triage.zip", b"PK\x03\x04");
    let place = folder.path().to_str().unwrap();
    let nothing = agent(&["evaluate", "--collection", place]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("1 archives or disk images were not opened"));
    let both = agent(&["evaluate", "--collection", place, "--sysroot", place]);
    assert_eq!(both.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&both.stderr).contains("cannot be used with"));
}
