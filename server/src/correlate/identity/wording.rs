//! The words of OT-02 and AT-03.

use bearing_protocol::{
    coverage::Source,
    finding::{Evidence, Finding},
    id::FindingId,
    severity::{Confidence, Severity},
};

/// Controls of the integrity bundle.
const CONTROLS: [&str; 5] = ["NIST SI-7", "NIST IA-3", "NIST CM-8", "ISO A.8.15", "SOC2 CC7.2"];

struct Words<'a> {
    rule: &'static str,
    shape: &'static str,
    confidence: Confidence,
    title: &'static str,
    value: &'a str,
    why: &'static str,
    disproof: &'static str,
    remediation: &'static str,
}

fn finding(words: &Words<'_>) -> Option<Finding> {
    let rule: bearing_protocol::rule::RuleId = words.rule.parse().ok()?;
    Some(Finding {
        id: FindingId::of_cause(words.rule, None, words.shape),
        rule,
        family: rule.family(),
        severity: Severity::Critical,
        confidence: words.confidence,
        title: words.title.to_owned(),
        subject: "device:hardware".to_owned(),
        product: None,
        evidence: vec![Evidence {
            source: Source::Machine,
            location: "hardware set".to_owned(),
            field: "parts".to_owned(),
            value: words.value.to_owned(),
            why: words.why.to_owned(),
            rule: None,
        }],
        attack: if words.rule == "AT-03" { vec!["T1078".to_owned()] } else { Vec::new() },
        controls: CONTROLS.iter().map(|text| (*text).to_owned()).collect(),
        disproof: words.disproof.to_owned(),
        remediation: words.remediation.to_owned(),
        approval: None,
    })
}

/// The key reports from another machine than before.
pub(super) fn other_hardware(parts: &[&str], judged: usize) -> Option<Finding> {
    finding(&Words {
        rule: "OT-02",
        shape: "hardware",
        confidence: if judged >= 2 { Confidence::High } else { Confidence::Medium },
        title: "This device's key reports from other hardware than before",
        value: &format!("{} differ from the earlier set", parts.join(" and ")),
        why: "A repair changes one of main board, disk and panel; with two of them it is another machine.",
        disproof: "Ask the service desk: a warranty exchange may keep the disk. Compare the serials on the machine with the \
                   purchase.",
        remediation: "Where it is an exchange, enrol the new machine with a key of its own; otherwise find both machines.",
    })
}

/// One key, two machines in turn.
pub(super) fn taking_turns(parts: &[&str]) -> Option<Finding> {
    finding(&Words {
        rule: "AT-03",
        shape: "interleaved",
        confidence: Confidence::High,
        title: "Two machines take turns with one device key",
        value: &format!("{} went and came back", parts.join(" and ")),
        why: "The set that reports now was there before the last report, which came from another one.",
        disproof: "A disk that is carried between two docks or test machines does this: ask who does.",
        remediation: "Revoke the device, find both machines, and enrol each with a key of its own.",
    })
}

/// One machine, or one inventory, two keys.
pub(super) fn two_keys(what: &str) -> Option<Finding> {
    finding(&Words {
        rule: "AT-03",
        shape: "two-keys",
        confidence: Confidence::High,
        title: "The same hardware reports under two device keys",
        value: what,
        why: "Both keys are in use: a machine that was set up again lays its old key down.",
        disproof: "Two installations on one machine, or a virtual machine that was copied, look alike: ask who set it up.",
        remediation: "Revoke the key that is not wanted, and find out where the copy runs.",
    })
}
