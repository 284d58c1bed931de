//! `geo`, as an administrator types it, and what `doctor` says of address tables.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed helper is a failed test"
)]
#![cfg(unix)]

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

/// Exit code, standard output, standard error.
#[expect(clippy::disallowed_methods, reason = "tests start the real binary")]
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bearing-server"))
        .env_remove("BEARING_DATA_DIR")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn put(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn addresses_are_looked_up() {
    let (code, out, _) = run(&["geo", "lookup", "--builtin", "8.8.8.8", "146.70.10.1", "100.64.0.1"]);
    assert_eq!(code, 0);
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1][..5], ["8.8.8.8", "US", "US", "AS15169", "hosting"]);
    assert_eq!(lines[2][..5], ["146.70.10.1", "CR", "RO", "AS9009", "vpn"]);
    assert_eq!(lines[3][..5], ["100.64.0.1", "-", "-", "-", "unknown"]);
    let (_, out, _) = run(&["geo", "lookup", "--builtin", "--json", "2001:4860:4860::8888"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["answers"][0]["country"], "US");
    assert!(json["tables"].as_array().unwrap().len() >= 4);
    let (code, _, problem) = run(&["geo", "lookup", "--builtin", "somewhere\u{7}"]);
    assert!(code != 0 && problem.contains("is no address") && !problem.contains('\u{7}'), "{problem}");
}

#[test]
fn a_file_is_checked_before_it_is_plugged_in() {
    let dir = TempDir::new().unwrap();
    let good = put(dir.path(), "good.txt", "203.0.113.0/24\nAS64496\n");
    let (code, out, _) = run(&["geo", "check", &good]);
    assert_eq!((code, out.trim()), (0, "2 rows, 1 merged ranges, 1 networks"));
    let bad = put(dir.path(), "bad.csv", "network,name\n203.0.113.0/24,x\nnonsense,y\n");
    let (code, out, _) = run(&["geo", "check", &bad, "--format", "csv"]);
    assert!(code == 1 && out.contains("line 3: `nonsense`") && out.contains("keep_good_rows"), "{out}");
    let page = put(dir.path(), "page.mmdb", "<html>not found</html>");
    let (code, _, problem) = run(&["geo", "check", &page, "--role", "country"]);
    assert!(code != 0 && problem.contains("no MaxMind database"), "{problem}");
}

#[test]
fn status_and_doctor_name_a_broken_file() {
    let dir = TempDir::new().unwrap();
    let list = put(dir.path(), "vpn.txt", "73.0.0.0/24\n");
    let broken = put(dir.path(), "broken.mmdb", "no database");
    let data = dir.path().display().to_string();
    let config = |second: &str| format!("[[geo.lists]]\npath = {list:?}\nclass = \"vpn\"\n{second}\n");
    put(dir.path(), "bearing.toml", &config(""));
    let (code, out, problem) = run(&["geo", "status", "--data-dir", &data]);
    assert_eq!(code, 0, "{problem}");
    assert!(out.contains("ip-location-db user country") && out.contains("in use: 1 rows"), "{out}");
    let (_, out, _) = run(&["geo", "lookup", "--data-dir", &data, "73.0.0.9"]);
    assert!(out.contains(" vpn"), "{out}");

    put(
        dir.path(),
        "bearing.toml",
        &config(&format!("[[geo.databases]]\npath = {broken:?}\nrole = \"country\"\npriority = 1")),
    );
    let (code, out, _) = run(&["geo", "status", "--data-dir", &data]);
    assert!(code == 1 && out.contains("WRONG: it is no MaxMind database"), "{out}");
    let (code, out, _) = run(&["doctor", "--data-dir", &data]);
    let line = out.lines().find(|line| line.contains("broken.mmdb")).unwrap();
    assert!(code == 1 && line.contains("WRONG"), "{out}");
    assert!(
        out.lines().any(|line| line.contains("ok") && line.contains("ip-location-db user country")),
        "{out}"
    );

    put(dir.path(), "bearing.toml", "[[geo.lists]]\npath = \"x\"\nclass = \"unknown\"\n");
    let (code, _, problem) = run(&["geo", "status", "--data-dir", &data]);
    assert!(code != 0 && problem.contains("says nothing"), "{problem}");
    put(dir.path(), "bearing.toml", "[[geo.databases]]\npath = \"x\"\nrole = \"planet\"\n");
    let (_, _, problem) = run(&["geo", "status", "--data-dir", &data]);
    assert!(problem.contains("planet"), "{problem}");
}
