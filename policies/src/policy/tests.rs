//! What policies accept, refuse and mean.

use super::*;

fn refused(text: &str) -> String {
    Policy::from_toml(text).unwrap_err().to_string()
}

#[test]
fn every_profile_compiles_and_survives_the_way_to_json_and_back() {
    for name in PROFILES {
        let policy = Policy::profile(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(policy.name(), name);
        let json = policy.to_json();
        let back = Policy::from_json(&json).unwrap();
        assert_eq!(back, policy);
        assert_eq!(back.summary(), policy.summary());
        // As it comes out of an envelope: other key order, same digest.
        let text = json.to_string();
        assert_eq!(
            Policy::from_json(&serde_json::from_str(&text).unwrap()).unwrap().summary(),
            policy.summary()
        );
    }
    assert!(Policy::profile("nobody's").is_none());
}

#[test]
fn the_digest_is_of_the_meaning_and_not_of_the_text() {
    let short = Policy::from_toml("name = \"a\"\nversion = 2\n").unwrap();
    let long =
        Policy::from_toml("# remark\nversion = 2\nname = \"a\"\n[privacy]\ninventory = true\n").unwrap();
    assert_eq!(short.summary().digest, long.summary().digest);
    let other = Policy::from_toml("name = \"a\"\nversion = 3\n").unwrap();
    assert_ne!(short.summary().digest, other.summary().digest);
}

#[test]
fn an_unknown_field_is_named_with_its_line() {
    let error = refused("name = \"a\"\nversion = 1\nfamilys = {}\n");
    assert!(error.starts_with("policy:3: unknown field `familys`"), "{error}");
    let error = refused("name = \"a\"\nversion = 1\n[privacy]\ninventry = true\n");
    assert!(error.starts_with("policy:4: unknown field `inventry`"), "{error}");
    let json = serde_json::json!({"name": "a", "version": 1, "extra": 1});
    assert!(Policy::from_json(&json).unwrap_err().to_string().contains("extra"));
}

#[test]
fn an_unknown_rule_is_named_with_the_nearest_known() {
    let error = refused("name = \"a\"\nversion = 1\n[severity]\nRA-12 = \"low\"\n");
    assert_eq!(error, "policy:4: [severity] names unknown rule `RA-12`; the nearest known is `RA-11`");
    let error = refused("name = \"a\"\nversion = 1\n[severity]\nQQ-01 = \"low\"\n");
    assert!(error.starts_with("policy:4: not a rule id"), "{error}");
    let approval =
        "[[approval]]\nrule = \"TU-00\"\nowner = \"o\"\nreason = \"r\"\nexpires = \"2027-01-01\"\n";
    let error = refused(&format!("name = \"a\"\nversion = 1\n{approval}"));
    assert!(error.contains("unknown rule `TU-00`; the nearest known is `TU-01`"), "{error}");
}

#[test]
fn malformed_and_hostile_policies_are_refused_in_words() {
    for (text, want) in [
        ("", "missing field"),
        ("name = \"a", "policy:1"),
        ("name = \"\"\nversion = 1", "`name` has 1 to"),
        ("name = \"a\"\nversion = 0", "`version` starts at 1"),
        ("name = \"a\"\nversion = -1", "policy:2"),
        ("name = \"a\"\nversion = 1\nexpected_countries = [\"de\"]", "no country code"),
        ("name = \"a\"\nversion = 1\nexpected_countries = [\"\\u001b[31m\"]", "no country code"),
        ("name = \"a\"\nversion = 1\nexpires = \"soon\"", "no instant"),
        ("name = \"a\"\nversion = 1\nexpires = 2027-01-01", "policy:3"),
        ("name = \"a\"\nversion = 1\n[schedule]\nevaluate_every_minutes = 0", "1 to 10080 minutes"),
        ("name = \"a\"\nversion = 1\n[schedule]\njitter_percent = 101", "0 to 100"),
        ("name = \"a\"\nversion = 1\n[families]\nteleport = true", "policy:4"),
        ("name = \"a\"\nversion = 1\n[severity]\nRA-01 = \"dire\"", "policy:4"),
        ("name = \"a\"\nversion = 1\n[[site]]\nname = \"x\"\nnetworks = [\"10.0.0.0/99\"]", "policy:"),
        (
            "name = \"a\"\nversion = 1\nminimum_coverage = [\"usb\"]\n[privacy]\nsources_off = [\"usb\"]",
            "and in `sources_off`",
        ),
        (
            "name = \"a\"\nversion = 1\n[[approval]]\nowner = \"o\"\nreason = \"r\"\nexpires = \"2027-01-01\"",
            "names a `rule`",
        ),
        (
            "name = \"a\"\nversion = 1\n[[approval]]\nrule = \"RA-01\"\nowner = \" \"\nreason = \"r\"\nexpires = \"2027-01-01\"",
            "has an `owner`",
        ),
        (
            "name = \"a\"\nversion = 1\n[[approval]]\nrule = \"RA-01\"\nowner = \"o\"\nreason = \"r\"",
            "missing field `expires`",
        ),
    ] {
        let error = refused(text);
        assert!(error.contains(want), "{text:?}: {error}");
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
    let huge = format!("name = \"{}\"", "a".repeat(source_text::MAX_FILE_BYTES));
    assert!(refused(&huge).contains("larger than"));
}

#[test]
fn approvals_keep_to_their_scope() {
    let text = r#"
        name = "a"
        version = 1
        group = "sales"
        [[approval]]
        rule = "RA-01"
        product = "anydesk"
        group = "support"
        owner = "o"
        reason = "r"
        expires = "2027-01-01"
        [[approval]]
        product = "tailscale"
        tenant = "acme.example"
        owner = "o"
        reason = "r"
        expires = "2027-01-01"
        [[approval]]
        rule = "RA-01"
        product = "teamviewer"
        not_before = "2026-12-01"
        owner = "o"
        reason = "r"
        expires = "2027-01-01T00:00:00Z"
    "#;
    let policy = Policy::from_toml(text).unwrap();
    let covers = |rule: &str, product: &str, at: &str| {
        policy.approval_for(rule.parse().unwrap(), Some(product), at.parse().unwrap()).is_some()
    };
    assert!(!covers("RA-01", "anydesk", "2026-12-10T00:00:00Z"), "another group's");
    assert!(!covers("TU-02", "tailscale", "2026-12-10T00:00:00Z"), "a tenant that nobody knows");
    assert!(!covers("RA-01", "teamviewer", "2026-11-30T00:00:00Z"), "too early");
    assert!(covers("RA-01", "teamviewer", "2026-12-01T00:00:00Z"));
    assert!(!covers("RA-01", "teamviewer", "2027-01-01T00:00:00Z"), "expired");
    assert!(!covers("RA-06", "teamviewer", "2026-12-10T00:00:00Z"), "another rule");
}

#[test]
fn families_and_privacy_decide_what_is_read() {
    let default = Policy::default();
    assert!(default.sources().contains(&Source::Packages));
    let only_kvm = default.clone().with_families(&[Family::Kvm]);
    assert!(only_kvm.sources().contains(&Source::Usb));
    assert!(!only_kvm.sources().contains(&Source::AuthorizedKeys));
    let quiet =
        Policy::from_toml("name = \"a\"\nversion = 1\n[privacy]\nsources_off = [\"usb\", \"boot\"]\n")
            .unwrap();
    assert!(!quiet.sources().contains(&Source::Usb) && !quiet.sources().contains(&Source::Boot));
}

#[test]
fn widening_is_seen() {
    let narrow = Policy::profile("privacy-eu").unwrap();
    let wide = Policy::profile("default").unwrap();
    assert!(wide.widens_collection_over(&narrow));
    assert!(!narrow.widens_collection_over(&wide));
    assert!(!wide.widens_collection_over(&wide));
    let tool = r#"
        name = "default"
        version = 2
        [[tool]]
        id = "own-tool"
        name = "Own"
        vendor = "Acme"
        category = "rmm"
        role = "host"
        prevalence = "high"
        disable = "ask"
        facts = [{ kind = "artefact", value = "/opt/own", source = "us", trust = "measured" }]
        [families]
        anti-idle = false
        virtual-camera = false
    "#;
    assert!(Policy::from_toml(tool).unwrap().widens_collection_over(&wide));
}

#[test]
fn own_tools_are_checked_and_used() {
    let tool = |id: &str, facts: &str| {
        format!(
            "name = \"a\"\nversion = 1\n[[tool]]\nid = \"{id}\"\nname = \"Own\"\nvendor = \"Acme\"\ncategory = \"rmm\"\n\
             role = \"host\"\nprevalence = \"low\"\ndisable = \"ask\"\nfacts = [{facts}]\n"
        )
    };
    let package = "{ kind = \"package\", value = \"own-agent\", source = \"us\", trust = \"measured\" }";
    let policy = Policy::from_toml(&tool("own-tool", package)).unwrap();
    let catalogue = crate::Catalogue::for_policy(&policy);
    assert!(catalogue.tool("own-tool").is_some());
    assert!(catalogue.plan().packages.contains(&"own-agent".to_owned()));
    assert!(refused(&tool("anydesk", package)).contains("in the catalogue already"));
    assert!(refused(&tool("Own Tool", package)).contains("no tool id"));
    assert!(refused(&tool("own-tool", "")).contains("no facts"));
    let never = "{ kind = \"executable\", value = \"%APPDATA%/x\", source = \"us\", trust = \"measured\" }";
    assert!(refused(&tool("own-tool", never)).contains("could never match"));
    let broad = "{ kind = \"executable\", value = \"a*\", source = \"us\", trust = \"measured\" }";
    assert!(refused(&tool("own-tool", broad)).contains("too little before"));
    let assistive = "{ kind = \"windows-executable\", value = \"NVDA.exe\", source = \"a list\", trust = \"third-party\" }";
    assert!(refused(&tool("own-tool", assistive)).contains("NVDA screen reader: assistive technology"));
}

#[test]
fn the_guide_s_example_is_a_policy() {
    let guide = include_str!("../../../docs/guide/policy.md");
    let example = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let policy = Policy::from_toml(example).unwrap();
    assert_eq!((policy.name(), policy.version()), ("acme-laptops", 7));
    assert_eq!((policy.approvals().len(), policy.sites().len(), policy.tools().len()), (1, 1, 1));
    assert!(crate::Catalogue::for_policy(&policy).tool("acme-assist").is_some());
}
