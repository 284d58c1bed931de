//! The commands, as an administrator types them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed helper is a failed test"
)]
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// A data directory made by `init`.
struct Site {
    dir: TempDir,
}

#[expect(clippy::disallowed_methods, reason = "tests start the real binary")]
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bearing-server"));
    command.env_remove("BEARING_DATA_DIR");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Site {
    fn new() -> Self {
        let site = Self { dir: TempDir::new().unwrap() };
        fs::write(site.path("password"), "a password for tests\n").unwrap();
        let out = site.run(&[
            "init",
            "--data-dir",
            site.shown("data").as_str(),
            "--policy-key-out",
            site.shown("policy.key").as_str(),
            "--public-url",
            "https://bearing.example:8443",
            "--admin-password-file",
            site.shown("password").as_str(),
        ]);
        assert!(out.status.success(), "{}", text(&out.stderr));
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn shown(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        command().args(arguments).current_dir(self.dir.path()).output().unwrap()
    }

    /// Runs a command on the data directory; its output, where it succeeded.
    fn on_data(&self, arguments: &[&str]) -> String {
        let out = command()
            .args(arguments)
            .env("BEARING_DATA_DIR", self.path("data"))
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        assert!(out.status.success(), "{arguments:?}: {}{}", text(&out.stdout), text(&out.stderr));
        text(&out.stdout)
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn init_keeps_secrets_from_others_and_the_policy_key_from_itself() {
    let site = Site::new();
    assert_eq!(mode(&site.path("data")), 0o700);
    for name in
        ["ca.key", "evidence.key", "observation.key", "tenant.key", "installation.json", "bearing.toml"]
    {
        assert_eq!(mode(&site.path("data").join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&site.path("policy.key")), 0o600);
    assert!(site.on_data(&["doctor"]).contains("ok     store reads and commits"));

    let data = site.shown("data");
    let again = site.run(&[
        "init",
        "--data-dir",
        &data,
        "--policy-key-out",
        "other.key",
        "--public-url",
        "https://x",
    ]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("is a data directory already"));
    let inside = site.run(&[
        "init",
        "--data-dir",
        "new",
        "--policy-key-out",
        "new/policy.key",
        "--public-url",
        "https://x",
    ]);
    assert!(text(&inside.stderr).contains("outside the data directory"), "{}", text(&inside.stderr));
    assert!(!site.path("new/policy.key").exists());
}

#[test]
fn a_server_that_can_read_the_policy_key_does_not_start() {
    let site = Site::new();
    let key = fs::read_to_string(site.path("policy.key")).unwrap();
    fs::write(site.path("data").join("notes.txt"), format!("key = \"{}\"", key.trim())).unwrap();
    let data = site.shown("data");
    let out = site.run(&["serve", "--data-dir", &data, "--listen", "127.0.0.1:0"]);
    assert_eq!(out.status.code(), Some(2));
    let error = text(&out.stderr);
    assert!(error.contains("private policy key") && error.contains("notes.txt"), "{error}");
    assert!(!error.contains(key.trim()), "the message must not show it");
}

#[test]
fn a_policy_is_signed_offline_and_published_once() {
    let site = Site::new();
    fs::write(site.path("one.toml"), "name = \"site\"\nversion = 3\n").unwrap();
    fs::write(site.path("two.toml"), "name = \"site\"\nversion = 4\n").unwrap();
    assert!(site.on_data(&["policy", "check", "one.toml"]).contains("nothing is wrong"));
    fs::write(site.path("typo.toml"), "name = \"site\"\nverison = 3\n").unwrap();
    let typo = site.run(&["policy", "check", "typo.toml"]);
    assert_eq!(typo.status.code(), Some(1));
    assert!(text(&typo.stdout).contains("verison"), "{}", text(&typo.stdout));

    site.on_data(&["policy", "sign", "one.toml", "--key", "policy.key", "--out", "one.json"]);
    site.on_data(&["policy", "keygen", "--out", "stranger.key"]);
    assert_eq!(mode(&site.path("stranger.key")), 0o600);
    site.on_data(&["policy", "sign", "two.toml", "--key", "stranger.key", "--out", "strange.json"]);
    assert!(site.on_data(&["policy", "publish", "one.json"]).contains("published site version 3"));
    for (file, why) in [("one.json", "not above"), ("strange.json", "not signed")] {
        let out = command()
            .args(["policy", "publish", file])
            .env("BEARING_DATA_DIR", site.path("data"))
            .current_dir(site.dir.path())
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(2), "{file}");
        assert!(text(&out.stderr).contains(why), "{file}: {}", text(&out.stderr));
    }
    // A second signature over the same bytes makes it this installation's.
    site.on_data(&["policy", "sign", "strange.json", "--key", "policy.key", "--out", "both.json"]);
    site.on_data(&["policy", "publish", "both.json"]);
    let diff = site.run(&["policy", "diff", "one.toml", "two.toml"]);
    assert_eq!(diff.status.code(), Some(1));
    assert!(text(&diff.stdout).contains("version = 3 → 4"), "{}", text(&diff.stdout));
    assert!(site.on_data(&["audit", "verify"]).contains("entries fit"));
}

#[test]
fn tokens_and_accounts_are_made_listed_and_taken_back() {
    let site = Site::new();
    site.on_data(&["token", "create", "--group", "berlin", "--max-uses", "5", "--out", "token"]);
    assert_eq!(mode(&site.path("token")), 0o600);
    let token = fs::read_to_string(site.path("token")).unwrap();
    let parsed: bearing_protocol::token::EnrolmentToken = token.parse().unwrap();
    let listed = site.on_data(&["token", "list"]);
    assert!(
        listed.contains("0 of 5 uses") && listed.contains("berlin") && listed.contains("never used"),
        "{listed}"
    );
    assert!(!listed.contains(parsed.secret.as_str()));
    site.on_data(&["token", "revoke", parsed.id.as_str()]);
    assert!(site.on_data(&["token", "list"]).contains("revoked"));

    site.on_data(&["user", "add", "Ana", "--role", "analyst", "--password-file", "password"]);
    assert!(site.on_data(&["user", "list"]).contains("ana"));
    site.on_data(&["user", "disable", "ana"]);
    assert!(site.on_data(&["user", "list"]).contains("DISABLED"));
    site.on_data(&["user", "enable", "ana"]);
    site.on_data(&["user", "reset-password", "ana", "--password-file", "password"]);
    site.on_data(&["backup", "--out", "copy.db"]);
    assert!(site.path("copy.db").exists());
    let again = command()
        .args(["backup", "--out", "copy.db"])
        .env("BEARING_DATA_DIR", site.path("data"))
        .current_dir(site.dir.path())
        .output()
        .unwrap();
    assert!(text(&again.stderr).contains("never overwrites"));
}

#[test]
fn the_configuration_is_explained_and_checked() {
    let site = Site::new();
    let schema = site.on_data(&["config", "schema"]);
    assert!(schema.contains("trusted_proxies"));
    assert!(site.on_data(&["config", "check", "--config", "data/bearing.toml"]).contains("nothing is wrong"));
    fs::write(site.path("wrong.toml"), "listen = \"0.0.0.0:1\"\nlimit = 3\n").unwrap();
    let out = site.run(&["config", "check", "--config", "wrong.toml"]);
    assert_eq!(out.status.code(), Some(2));
    let error = text(&out.stderr);
    assert!(error.contains("wrong.toml") && error.contains("limit"), "{error}");
}
