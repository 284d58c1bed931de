//! What policies accept, refuse and mean.

use bearing_protocol::fact::{Binding, BindingKind};

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
        policy
            .approval_for(rule.parse().unwrap(), Some(product), &Scope::default(), at.parse().unwrap())
            .is_some()
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
    assert_eq!((policy.approvals().len(), policy.sites().len(), policy.tools().len()), (3, 1, 1));
    assert!(crate::Catalogue::for_policy(&policy).tool("acme-assist").is_some());
}

fn approving(scope: &str) -> Policy {
    let text = format!(
        "name = \"a\"\nversion = 1\ngroup = \"helpdesk\"\n[[approval]]\n{scope}\nowner = \"o\"\nreason = \"r\"\nexpires = \"2027-01-01\"\n"
    );
    Policy::from_toml(&text).unwrap_or_else(|error| panic!("{scope}: {error}"))
}

fn bound(kind: BindingKind, value: &str) -> Scope {
    Scope { bindings: vec![Binding { kind, value: value.into() }], ..Scope::default() }
}

fn is_covered(policy: &Policy, product: &str, scope: &Scope, at: &str) -> bool {
    policy.approval_for("RA-01".parse().unwrap(), Some(product), scope, at.parse().unwrap()).is_some()
}

#[test]
fn an_approval_of_one_tenant_covers_no_other() {
    let policy = approving("tool = \"screenconnect\"\ninstance = \"help.acme.example\"");
    let noon = "2026-11-25T12:00:00Z";
    assert!(is_covered(&policy, "screenconnect", &bound(BindingKind::Instance, "Help.acme.example"), noon));
    assert!(!is_covered(&policy, "screenconnect", &bound(BindingKind::Instance, "relay.evil.example"), noon));
    assert!(!is_covered(&policy, "screenconnect", &bound(BindingKind::Account, "help.acme.example"), noon));
    assert!(!is_covered(&policy, "screenconnect", &Scope::default(), noon), "nobody knows whose it is");
    let any = approving("tool = \"tailscale\"\ntenant = \"acme.example\"");
    assert!(is_covered(&any, "tailscale", &bound(BindingKind::Network, "acme.example"), noon));
}

#[test]
fn another_name_of_the_same_tenant_is_as_good() {
    let policy = approving("tool = \"tailscale\"\nnetwork = \"acme.ts.net\"");
    let noon = "2026-11-25T12:00:00Z";
    let alias = |network: &str| Scope {
        aliases: vec![Binding { kind: BindingKind::Network, value: network.into() }],
        ..bound(BindingKind::Network, "acme.example")
    };
    assert!(is_covered(&policy, "tailscale", &alias("acme.ts.net"), noon));
    assert!(!is_covered(&policy, "tailscale", &alias("evil.ts.net"), noon));
    let mut two = alias("acme.ts.net");
    two.bindings.push(Binding { kind: BindingKind::Network, value: "evil.example".into() });
    assert!(
        !is_covered(&policy, "tailscale", &two, noon),
        "the alias is of one of the two, nobody knows which"
    );
}

#[test]
fn an_approval_holds_in_its_hours_and_for_its_way() {
    let policy = approving(
        "tool = \"teamviewer\"\ngroup = \"helpdesk\"\nwindow = { weekdays = [\"mon\", \"wed\"], from = \"08:00\", to = \"18:00\", zone = \"Europe/Berlin\" }",
    );
    assert!(is_covered(&policy, "teamviewer", &Scope::default(), "2026-11-25T09:00:00Z"));
    assert!(!is_covered(&policy, "teamviewer", &Scope::default(), "2026-11-25T02:10:00Z"), "03:10");
    let at_night = Scope { at: Some("2026-11-25T02:10:00Z".parse().unwrap()), ..Scope::default() };
    assert!(!is_covered(&policy, "teamviewer", &at_night, "2026-11-25T09:00:00Z"), "it happened at 03:10");
    let out = approving("tool = \"teamviewer\"\ndirection = \"outgoing\"");
    assert!(is_covered(&out, "teamviewer", &Scope::default(), "2026-11-25T09:00:00Z"));
    assert!(!is_covered(
        &out,
        "teamviewer",
        &Scope::default().going(Direction::Incoming),
        "2026-11-25T09:00:00Z"
    ));
}

#[test]
fn what_widens_a_product_is_approved_by_name() {
    let policy = approving("tool = \"tailscale\"\nnetwork = \"acme.ts.net\"\nfeatures = [\"ssh\"]");
    let with = |feature: &str| Scope {
        features: vec![feature.into()],
        ..bound(BindingKind::Network, "acme.ts.net")
    };
    assert!(is_covered(&policy, "tailscale", &with("ssh"), "2026-11-25T09:00:00Z"));
    assert!(is_covered(&policy, "tailscale", &with("view-only"), "2026-11-25T09:00:00Z"));
    assert!(!is_covered(&policy, "tailscale", &with("funnel"), "2026-11-25T09:00:00Z"));
}

#[test]
fn an_approval_that_could_not_hold_is_an_error() {
    for (scope, want) in [
        ("product = \"x\"\nwindow = { from = \"8\", to = \"18:00\", zone = \"UTC\" }", "no time of day"),
        ("product = \"x\"\nwindow = { from = \"08:00\", to = \"18:00\", zone = \"Berlin\" }", "no time zone"),
        (
            "product = \"x\"\nwindow = { weekdays = [\"funday\"], from = \"08:00\", to = \"18:00\", zone = \"UTC\" }",
            "funday",
        ),
        ("product = \"x\"\nfeatures = [\"funel\"]", "no feature"),
        ("rule = \"RA-01\"\ntenant = \"acme\"", "names the `product`"),
        ("product = \"x\"\ninstance = \" \"", "not empty"),
        ("product = \"x\"\ndirection = \"both\"", "direction"),
    ] {
        let text = format!(
            "name = \"a\"\nversion = 1\n[[approval]]\n{scope}\nowner = \"o\"\nreason = \"r\"\nexpires = \"2027-01-01\"\n"
        );
        let error = Policy::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(want) || error.contains("unknown variant"), "{scope}: {error}");
    }
}

#[test]
fn day_flags_are_read_only_where_policy_asks_for_their_rule() {
    let policy = |more: &str| Policy::from_toml(&format!("name = \"x\"\nversion = 1\n{more}")).unwrap();
    assert!(!Policy::default().sources().contains(&Source::PresenceDays));
    assert!(!policy("").sources().contains(&Source::PresenceDays));
    let asking = policy("opt_in = [\"KV-08\"]\n");
    assert!(asking.sources().contains(&Source::PresenceDays));
    assert!(asking.widens_collection_over(&policy("")));
}
