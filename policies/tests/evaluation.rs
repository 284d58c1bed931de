//! What holds for every evaluation, whatever the machine says.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::sync::OnceLock;

use bearing_policies::{Catalogue, Policy, detect::Evaluation, evaluate};
use bearing_protocol::{
    Timestamp,
    coverage::{Coverage, Source, Status},
    fact::{Artefact, Autostart, AutostartKind, Executable, Facts, Owner, Package, Process, Socket, Unit},
    limits::{MAX_EVIDENCE, MAX_FINDINGS, MAX_OUTCOMES, MAX_TEXT_BYTES},
    outcome::Outcome,
    rule::Family,
    text::is_hostile,
};
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn linux() -> Facts {
    let mut facts = Facts::default();
    facts.os.family = "linux".into();
    facts.coverage = Source::ALL
        .iter()
        .map(|source| Coverage { source: *source, status: Status::Ok, detail: String::new() })
        .collect();
    facts
}

fn anydesk(pid: u32, port: u16) -> Facts {
    let mut facts = linux();
    facts.packages.push(Package { name: "anydesk".into(), version: "6.4.0".into(), ..Package::default() });
    facts.processes.push(Process {
        pid,
        executable: Some("/usr/bin/anydesk".into()),
        arguments: vec!["anydesk".into()],
        ..Process::default()
    });
    let socket = format!(
        "{{\"protocol\":\"tcp\",\"state\":\"listening\",\"local\":\"0.0.0.0\",\"local_port\":{port},\"pids\":[{pid}]}}"
    );
    facts.sockets.push(serde_json::from_str::<Socket>(&socket).unwrap());
    facts
}

fn outcome(evaluation: &Evaluation, rule: &str) -> (Outcome, String) {
    let found = evaluation.outcomes.iter().find(|outcome| outcome.rule.as_str() == rule).unwrap();
    (found.outcome, found.reason.clone().unwrap_or_default())
}

#[test]
fn a_finding_keeps_its_id_when_process_and_port_change() {
    let (catalogue, policy) = (Catalogue::embedded(), Policy::default());
    let one = evaluate(&anydesk(812, 7070), &catalogue, &policy, now());
    let two = evaluate(&anydesk(9_441, 50_001), &catalogue, &policy, "2026-11-23T10:00:00Z".parse().unwrap());
    let ids = |evaluation: &Evaluation| evaluation.findings.iter().map(|f| f.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&one), ids(&two));
    assert_eq!(one.findings.len(), 1);
}

#[test]
fn a_family_that_is_off_is_not_checked_and_says_so() {
    let policy = Policy::default().with_families(&[Family::Posture]);
    let evaluation = evaluate(&anydesk(1, 1), &Catalogue::embedded(), &policy, now());
    assert!(evaluation.findings.iter().all(|finding| finding.family == Family::Posture));
    let (got, reason) = outcome(&evaluation, "RA-01");
    assert_eq!(got, Outcome::NotChecked);
    assert_eq!(reason, "family `remote-access` is switched off by policy `default`");
}

#[test]
fn nothing_read_is_nothing_passed() {
    let evaluation = evaluate(&Facts::default(), &Catalogue::embedded(), &Policy::default(), now());
    for outcome in &evaluation.outcomes {
        if outcome.rule.as_str() != "AT-07" {
            assert_ne!(outcome.outcome, Outcome::Pass, "{}", outcome.rule);
        }
    }
    assert_eq!(outcome(&evaluation, "AT-07").0, Outcome::Fail);
    assert_eq!(outcome(&evaluation, "RA-01").1, "source `packages` was not read");
}

#[test]
fn a_source_that_policy_switches_off_is_the_reason() {
    let text = "name = \"quiet\"\nversion = 1\n[privacy]\nsources_off = [\"processes\"]\n";
    let policy = Policy::from_toml(text).unwrap();
    let evaluation = evaluate(&linux(), &Catalogue::embedded(), &policy, now());
    assert_eq!(
        outcome(&evaluation, "TU-04"),
        (Outcome::NotChecked, "source `processes` is switched off by policy".into())
    );
}

#[test]
fn a_source_that_failed_is_an_error_and_not_a_pass() {
    let mut facts = linux();
    let line = facts.coverage.iter_mut().find(|line| line.source == Source::Processes).unwrap();
    line.status = Status::Error;
    line.detail = "the reader panicked".into();
    let evaluation = evaluate(&facts, &Catalogue::embedded(), &Policy::default(), now());
    let want = "source `processes`: error: the reader panicked";
    assert_eq!(outcome(&evaluation, "TU-04"), (Outcome::Error, want.into()));
}

#[test]
fn another_system_has_no_such_rule() {
    let mut facts = linux();
    facts.os.family = "windows".into();
    let evaluation = evaluate(&facts, &Catalogue::embedded(), &Policy::default(), now());
    assert_eq!(outcome(&evaluation, "TU-04"), (Outcome::NotApplicable, "has no meaning on windows".into()));
}

#[test]
fn policy_decides_the_severity() {
    let policy = Policy::from_toml("name = \"a\"\nversion = 1\n[severity]\nRA-01 = \"low\"\n").unwrap();
    let evaluation = evaluate(&anydesk(1, 1), &Catalogue::embedded(), &policy, now());
    assert_eq!(evaluation.findings[0].severity.as_str(), "low");
}

#[test]
fn own_tools_are_found_with_the_plain_catalogue_too() {
    let text = r#"
        name = "a"
        version = 1
        [[tool]]
        id = "acme-remote"
        name = "Acme Remote"
        vendor = "Acme"
        category = "remote-desktop"
        role = "host"
        prevalence = "low"
        disable = "ask"
        facts = [{ kind = "package", value = "acme-remote", source = "us", trust = "measured" }]
    "#;
    let mut facts = linux();
    facts.packages.push(Package { name: "acme-remote".into(), ..Package::default() });
    let evaluation = evaluate(&facts, &Catalogue::embedded(), &Policy::from_toml(text).unwrap(), now());
    assert_eq!(evaluation.findings[0].product.as_deref(), Some("acme-remote"));
}

#[test]
fn matching_does_not_grow_with_the_catalogue() {
    // Counted in findings and not in time: the copies must not disturb what is found.
    let facts = anydesk(1, 1);
    let plain = evaluate(&facts, &Catalogue::embedded(), &Policy::default(), now());
    let large = Catalogue::embedded_times(10);
    assert!(large.tools().len() >= 10 * 100);
    assert_eq!(evaluate(&facts, &large, &Policy::default(), now()).findings, plain.findings);
}

fn assert_presentable(evaluation: &Evaluation) {
    assert!(evaluation.findings.len() <= MAX_FINDINGS && evaluation.outcomes.len() <= MAX_OUTCOMES);
    for finding in &evaluation.findings {
        assert!(finding.evidence.len() <= MAX_EVIDENCE);
        let mut texts = vec![&finding.title, &finding.subject];
        for piece in &finding.evidence {
            texts.extend([&piece.location, &piece.field, &piece.value, &piece.why]);
        }
        for text in texts {
            assert!(text.len() <= MAX_TEXT_BYTES, "{}", text.len());
            assert!(!text.chars().any(is_hostile), "{text:?}");
        }
    }
    for outcome in &evaluation.outcomes {
        assert!(!outcome.reason.as_deref().unwrap_or_default().chars().any(is_hostile));
    }
}

#[test]
fn hostile_text_is_shown_and_not_obeyed() {
    let mut facts = linux();
    let hostile = "\u{1b}[2J<script>\u{202e}".to_owned() + &"x".repeat(2_000_000);
    facts.processes.push(Process {
        pid: 1,
        executable: Some(format!("/tmp/{hostile}/anydesk")),
        arguments: vec![hostile.clone(); 3],
        ..Process::default()
    });
    facts.packages.push(Package { name: "anydesk".into(), version: hostile.clone(), ..Package::default() });
    facts.units.push(Unit { name: "anydesk.service".into(), path: hostile.clone(), ..Unit::default() });
    facts.coverage.iter_mut().find(|line| line.source == Source::Units).unwrap().detail = hostile;
    let evaluation = evaluate(&facts, &Catalogue::embedded(), &Policy::default(), now());
    assert!(!evaluation.findings.is_empty());
    assert_presentable(&evaluation);
}

#[test]
fn a_flood_of_processes_is_one_finding() {
    let mut facts = linux();
    for pid in 0..20_000 {
        facts.processes.push(Process {
            pid,
            executable: Some("/usr/bin/anydesk".into()),
            ..Process::default()
        });
    }
    let evaluation = evaluate(&facts, &Catalogue::embedded(), &Policy::default(), now());
    assert_eq!(evaluation.findings.len(), 1);
    assert_presentable(&evaluation);
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("anydesk".to_owned()),
        Just("frpc".to_owned()),
        Just("ssh".to_owned()),
        Just("anydesk.service".to_owned()),
        Just("/home/a/.cache/x".to_owned()),
        Just("/usr/bin/autossh".to_owned()),
        "\\PC{0,20}",
        "[a-z/.@*-]{0,20}",
    ]
}

static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
static POLICY: OnceLock<Policy> = OnceLock::new();

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_facts_are_evaluated(
        names in proptest::collection::vec(name(), 8),
        words in proptest::collection::vec(name(), 0..6),
        deleted: bool,
        pids in proptest::collection::vec(0u32..4, 2),
    ) {
        let catalogue = CATALOGUE.get_or_init(Catalogue::embedded);
        let mut facts = linux();
        let command = Some(words.join(" "));
        for pid in &pids {
            facts.processes.push(Process {
                pid: *pid,
                parent: pids[0],
                name: names[0].clone(),
                executable: Some(names[1].clone()),
                deleted,
                arguments: words.clone(),
                cgroup: Some(names[2].clone()),
                unit: Some(names[3].clone()),
                ..Process::default()
            });
        }
        facts.packages.push(Package { name: names[4].clone(), ..Package::default() });
        facts.units.push(Unit {
            name: names[5].clone(),
            program: Some(names[1].clone()),
            command: command.clone(),
            ..Unit::default()
        });
        facts.autostart.push(Autostart {
            kind: AutostartKind::SignIn,
            name: names[6].clone(),
            program: Some(names[1].clone()),
            command,
            ..Autostart::default()
        });
        facts.artefacts.push(Artefact {
            product: "anydesk".into(),
            pattern: names[7].clone(),
            path: names[7].clone(),
            ..Artefact::default()
        });
        facts.executables.push(Executable {
            path: names[1].clone(),
            pids,
            owner: Owner::Nobody,
            deleted,
            go_module: Some(names[7].clone()),
            markers: vec![("rustdesk".into(), names[6].clone()), (names[5].clone(), names[4].clone())],
            ..Executable::default()
        });
        let evaluation = evaluate(&facts, catalogue, POLICY.get_or_init(Policy::default), now());
        assert_presentable(&evaluation);
        prop_assert_eq!(evaluation.outcomes.len(), catalogue.rules().count());
    }
}
