//! The program as people and scripts meet it: answers, exit codes, errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Output};

use serde_json::Value;

#[expect(clippy::disallowed_methods, reason = "a test may start the program it tests")]
fn agent(arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_bearing-agent"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn machine(root: &Path) {
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(root.join("etc/hostname"), "desk-1\n").unwrap();
    fs::write(root.join("etc/os-release"), "NAME=Debian\nVERSION_ID=12\n").unwrap();
    fs::create_dir_all(root.join("sys/bus/usb/devices")).unwrap();
}

fn plug_pikvm(root: &Path) {
    let device = root.join("sys/bus/usb/devices/1-1");
    fs::create_dir_all(&device).unwrap();
    for (name, value) in [
        ("idVendor", "1d6b"),
        ("idProduct", "0104"),
        ("bcdDevice", "0100"),
        ("speed", "480"),
        ("manufacturer", "PiKVM"),
        ("product", "PiKVM Composite Device"),
        ("serial", "CAFEBABE"),
    ] {
        fs::write(device.join(name), format!("{value}\n")).unwrap();
    }
}

#[test]
fn a_report_has_the_fields_that_programs_rely_on_and_the_exit_code_tells() {
    let root = tempfile::tempdir().unwrap();
    machine(root.path());
    let sysroot = root.path().to_str().unwrap();
    let clean = agent(&["evaluate", "--sysroot", sysroot, "--format", "json"]);
    assert_eq!(code(&clean), 0, "{}", errors(&clean));
    plug_pikvm(root.path());
    let found = agent(&["evaluate", "--sysroot", sysroot, "--format", "json"]);
    assert_eq!(code(&found), 1, "{}", errors(&found));
    let report: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(report["schema"], "bearing.report/1");
    assert_eq!(report["device"]["hostname"], "desk-1");
    assert_eq!(report["device"]["os"]["family"], "linux");
    assert!(report["device"]["machine"]["kind"].is_string() && report["evaluated_at"].is_string());
    assert_eq!(report["policy"]["name"], "default");
    assert!(report["policy"]["digest"].as_str().unwrap().starts_with("sha256:"));
    let usb = report["coverage"].as_array().unwrap().iter().find(|line| line["source"] == "usb").unwrap();
    assert!(usb["status"] == "ok" || usb["status"] == "partial", "{usb}");
    assert!(
        report["outcomes"].as_array().unwrap().iter().any(|o| o["rule"] == "KV-01" && o["outcome"] == "fail")
    );
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["family"] == "kvm").unwrap();
    for field in ["id", "rule", "severity", "confidence", "title", "subject", "disproof", "remediation"] {
        assert!(finding[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {finding}");
    }
    for field in ["source", "location", "field", "value", "why"] {
        assert!(finding["evidence"][0][field].is_string(), "{field} in {finding}");
    }
    assert!(finding["attack"].is_array() && finding["controls"].is_array() && finding["approval"].is_null());
    assert_eq!(finding["product"], "pikvm");
    let again = agent(&["evaluate", "--sysroot", sysroot, "--format", "json"]);
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(
        finding["id"],
        again["findings"].as_array().unwrap().iter().find(|f| f["family"] == "kvm").unwrap()["id"]
    );
    let other = agent(&["evaluate", "--sysroot", sysroot, "--family", "posture"]);
    assert_eq!(code(&other), 2, "of that family nothing could be decided on this copy");
    assert!(String::from_utf8_lossy(&other.stdout).contains("Nothing could be evaluated"));
}

#[test]
fn where_nothing_can_be_evaluated_the_exit_code_is_two() {
    let empty = tempfile::tempdir().unwrap();
    let sysroot = empty.path().to_str().unwrap();
    assert_eq!(code(&agent(&["evaluate", "--sysroot", "/no/such/place"])), 2);
    let nothing = agent(&["evaluate", "--sysroot", sysroot, "--format", "json"]);
    assert_eq!(code(&nothing), 2, "nothing was read, so nothing passed");
    assert!(!String::from_utf8_lossy(&nothing.stdout).contains("\"pass\""), "{nothing:?}");
    assert_eq!(code(&agent(&["evaluate", "--fail-on", "grave"])), 2);
    assert_eq!(code(&agent(&["evaluate", "--family", "ghosts"])), 2);
    assert_eq!(code(&agent(&["frobnicate"])), 2);
    let policy = empty.path().join("policy.toml");
    fs::write(&policy, "name = \"a\"\nversion = 1\nfamilys = 3\n").unwrap();
    let bad = agent(&["evaluate", "--sysroot", sysroot, "--policy", policy.to_str().unwrap()]);
    assert_eq!(code(&bad), 2);
    assert!(errors(&bad).contains("policy") && errors(&bad).contains('3'), "{}", errors(&bad));
    assert_eq!(code(&agent(&["--help"])), 0);
}

#[test]
fn a_bundle_verifies_and_one_that_was_changed_is_named() {
    let root = tempfile::tempdir().unwrap();
    machine(root.path());
    let bundle = root.path().join("bundle.json");
    let path = bundle.to_str().unwrap();
    let made = agent(&["evaluate", "--sysroot", root.path().to_str().unwrap(), "--evidence", path]);
    assert_eq!(code(&made), 0);
    assert!(errors(&made).contains("key drawn for this run"));
    let verified = agent(&["verify", path]);
    assert_eq!(code(&verified), 0);
    let mut value: Value = serde_json::from_slice(&fs::read(&bundle).unwrap()).unwrap();
    let payload = value["envelope"]["payload"].as_str().unwrap();
    let flipped = if payload.as_bytes()[100] == b'A' { "B" } else { "A" };
    let changed = format!("{}{flipped}{}", &payload[..100], &payload[101..]);
    value["envelope"]["payload"] = changed.into();
    fs::write(&bundle, value.to_string()).unwrap();
    let refused = agent(&["verify", path]);
    assert_eq!(code(&refused), 1);
    let said = String::from_utf8(refused.stdout).unwrap();
    assert!(said.contains("bytes were changed after they were signed") && said.contains("key_"), "{said}");
    assert_eq!(code(&agent(&["verify", "/no/such/bundle"])), 2);
}

#[test]
fn a_token_that_others_can_read_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let token = state.path().join("token");
    fs::write(&token, "tok_a.b.c").unwrap();
    let place = state.path().join("state");
    let arguments = [
        "enroll",
        "--server",
        "https://localhost:1",
        "--token-file",
        token.to_str().unwrap(),
        "--state-dir",
        place.to_str().unwrap(),
    ];
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = agent(&arguments);
        assert_eq!(code(&refused), 2);
        assert!(errors(&refused).contains("chmod 600"), "{}", errors(&refused));
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let refused = agent(&arguments);
    assert!(errors(&refused).contains("enrolment token"), "{}", errors(&refused));
    assert!(!place.exists(), "nothing was made");
}

#[test]
fn a_machine_that_is_not_enrolled_says_so() {
    let state = tempfile::tempdir().unwrap();
    let place = state.path().join("state");
    let place = place.to_str().unwrap();
    let status = agent(&["status", "--state-dir", place]);
    assert_eq!(code(&status), 0);
    assert!(String::from_utf8_lossy(&status.stdout).contains("not enrolled"));
    assert_eq!(code(&agent(&["run", "--state-dir", place])), 2);
    assert_eq!(code(&agent(&["doctor", "--state-dir", place])), 1);
    assert_eq!(code(&agent(&["show", "--state-dir", place])), 0);
    assert_eq!(code(&agent(&["uninstall-clean", "--state-dir", place])), 0);
}

#[test]
fn uninstall_clean_wants_to_be_told_twice_and_then_leaves_nothing() {
    let state = tempfile::tempdir().unwrap();
    let place = state.path().to_str().unwrap();
    fs::write(state.path().join("device.key"), "x").unwrap();
    fs::create_dir(state.path().join("spool")).unwrap();
    let board = tempfile::tempdir().unwrap();
    for name in ["status.json", "last-report.json", ".status.json.tmp"] {
        fs::write(board.path().join(name), "x").unwrap();
    }
    let clean = |more: &[&str]| {
        let directories = ["--state-dir", place, "--notice-dir", board.path().to_str().unwrap()];
        agent(&[&["uninstall-clean"], more, &directories].concat())
    };
    assert_eq!(code(&clean(&[])), 2);
    assert!(state.path().join("device.key").exists());
    assert_eq!(code(&clean(&["--yes", "--wait", "5"])), 0);
    for directory in [&state, &board] {
        assert!(fs::read_dir(directory.path()).map_or(true, |mut left| left.next().is_none()));
    }
}

#[test]
fn rules_and_devices_are_explained() {
    let root = tempfile::tempdir().unwrap();
    machine(root.path());
    plug_pikvm(root.path());
    let sysroot = root.path().to_str().unwrap();
    let rule = agent(&["explain", "rule", "KV-01"]);
    assert_eq!(code(&rule), 0);
    assert!(String::from_utf8_lossy(&rule.stdout).contains("What it cannot see"));
    assert_eq!(code(&agent(&["explain", "rule", "XX-99"])), 2);
    let tree = agent(&["explain", "usb", "--sysroot", sysroot]);
    assert!(String::from_utf8_lossy(&tree.stdout).contains("PiKVM"));
    let missing = agent(&["explain", "usb", "9-9", "--sysroot", sysroot]);
    assert!(errors(&missing).contains("there are: 1-1"), "{}", errors(&missing));
}
