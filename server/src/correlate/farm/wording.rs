//! The words of the LF findings: counts and kinds, never who the others are.

use bearing_policies::farm::{EdgeKind, HostFinding};
use bearing_protocol::{
    coverage::Source,
    finding::{Evidence, Finding},
    id::FindingId,
    rule::RuleId,
    severity::Confidence,
};

/// Controls of the correlation bundle.
const CONTROLS: [&str; 6] = ["NIST CA-7", "NIST SI-4", "NIST AU-6", "NIST PM-12", "ISO A.5.7", "SOC2 CC7.3"];

/// The rules that a look decides.
pub(super) fn assessed() -> Vec<RuleId> {
    EdgeKind::ALL.iter().filter_map(|kind| kind.rule().parse().ok()).collect()
}

/// A count that does not change a finding with everybody who comes: exact while few.
fn about(count: usize) -> String {
    match count {
        0..=12 => count.to_string(),
        13..=24 => "more than 12".to_owned(),
        25..=49 => "25 or more".to_owned(),
        50..=99 => "50 or more".to_owned(),
        _ => "100 or more".to_owned(),
    }
}

/// The finding of one host.
pub(super) fn finding(found: &HostFinding) -> Option<Finding> {
    let kind = found.kind;
    let rule: RuleId = kind.rule().parse().ok()?;
    let workers = about(found.workers);
    let title = match kind {
        EdgeKind::Address => format!("{workers} different workers behind one public address in 7 days"),
        EdgeKind::Gateway => format!("{workers} different workers behind one gateway"),
        EdgeKind::Neighbour => {
            format!("Devices of {workers} different workers see one another on one local network")
        }
        EdgeKind::Kvm => format!("One IP-KVM stands near devices of {workers} different workers"),
        EdgeKind::UsbSerial => format!("One USB device was plugged in at {workers} different workers'"),
        EdgeKind::DisplaySerial => format!("One display was plugged in at {workers} different workers'"),
        EdgeKind::Account => format!("Remote access of {workers} different workers answers to one account"),
        EdgeKind::Power => {
            format!("Devices of {workers} different workers start in the same minutes, over weeks")
        }
        EdgeKind::Installs => format!("{workers} different workers' devices were set up by the same steps"),
        EdgeKind::Roster => format!("{workers} different workers have one line of the roster in common"),
    };
    let (source, location) = source(kind);
    let mut evidence = vec![Evidence {
        source,
        location: location.to_owned(),
        field: "workers".to_owned(),
        value: format!(
            "{workers}, {} of them on machines that stay where they are",
            about(found.static_workers)
        ),
        why: format!(
            "Different workers have in common: {}. Who they are stands on the farm page, for those who may see it.",
            kind.words()
        ),
        rule: None,
    }];
    if !found.detail.is_empty() {
        evidence.push(Evidence {
            source,
            location: location.to_owned(),
            field: "what it is".to_owned(),
            value: found.detail.clone(),
            why: "As far as it names nobody.".to_owned(),
            rule: None,
        });
    }
    Some(Finding {
        id: FindingId::of_cause(kind.rule(), None, kind.as_str()),
        rule,
        family: rule.family(),
        severity: found.severity,
        confidence: if kind == EdgeKind::Kvm { Confidence::High } else { Confidence::Medium },
        title,
        subject: format!("shared:{}", kind.as_str()),
        product: None,
        evidence,
        attack: vec!["T1078".to_owned()],
        controls: CONTROLS.iter().map(|text| (*text).to_owned()).collect(),
        disproof: disproof(kind).to_owned(),
        remediation: "Look at the group on the farm page; enter the site, the shared place or an approval where there is \
            one, otherwise have each person show their desk in a live call."
            .to_owned(),
        approval: None,
    })
}

const fn source(kind: EdgeKind) -> (Source, &'static str) {
    match kind {
        EdgeKind::Address => (Source::Routes, "connection"),
        EdgeKind::Gateway => (Source::Routes, "gateway"),
        EdgeKind::Neighbour | EdgeKind::Kvm => (Source::Interfaces, "neighbours"),
        EdgeKind::UsbSerial => (Source::Usb, "serial"),
        EdgeKind::DisplaySerial => (Source::Displays, "serial"),
        EdgeKind::Account => (Source::ToolState, "answers to"),
        EdgeKind::Power => (Source::Boot, "starts"),
        EdgeKind::Installs => (Source::Packages, "first installations"),
        EdgeKind::Roster => (Source::Policy, "roster"),
    }
}

const fn disproof(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Address => {
            "A couple, flatmates, an office, a hotel, a carrier or a VPN share addresses: ask where the people are, and whether \
             a shared place or a site is missing."
        }
        EdgeKind::Gateway | EdgeKind::Neighbour => {
            "People who live or work in one place do this: a shared place that they declare, or a site, explains it."
        }
        EdgeKind::Kvm => {
            "A test lab or a home server has one too: see whether it is theirs, and what it is connected to."
        }
        EdgeKind::UsbSerial | EdgeKind::DisplaySerial => {
            "Docks and monitors are handed on, and some vendors give every unit one serial: ask who has it now."
        }
        EdgeKind::Account => {
            "A help desk's relay is shared on purpose: then policy should approve it by name."
        }
        EdgeKind::Power => {
            "A power cut, a shift or one office switch does this: compare the days with the calendar."
        }
        EdgeKind::Installs => "An onboarding script does this: see who wrote it.",
        EdgeKind::Roster => "Families and agencies share addresses and numbers: ask the people's manager.",
    }
}
