//! The words of findings that only the server can make.

use bearing_protocol::{
    coverage::Source,
    finding::{Evidence, Finding},
    id::FindingId,
    rule::RuleId,
    severity::{Confidence, Severity},
};

/// What is always the same about a rule of the server's own.
pub(super) struct Wording {
    rule: &'static str,
    severity: Severity,
    attack: &'static [&'static str],
    controls: &'static [&'static str],
    disproof: &'static str,
    remediation: &'static str,
}

/// Controls of the integrity bundle.
const INTEGRITY: &[&str] = &["NIST SI-7", "NIST AU-8", "NIST AU-9", "NIST AU-10", "ISO A.8.15", "SOC2 CC7.2"];
/// Controls of the place bundle.
const PLACE: &[&str] = &["NIST PE-17", "NIST PE-20", "NIST AC-19", "ISO A.6.7", "SOC2 CC6.4"];

pub(super) const SILENCE: Wording = Wording {
    rule: "AT-01",
    severity: Severity::Medium,
    attack: &["T1685"],
    controls: INTEGRITY,
    disproof: "Ask whether the device is switched off, on leave, lost or in repair; a sign-in elsewhere at the same time speaks against it.",
    remediation: "Have the device started and connected; where that is refused, recover it.",
};
pub(super) const CHAIN: Wording = Wording {
    rule: "AT-02",
    severity: Severity::Critical,
    attack: &["T1685"],
    controls: INTEGRITY,
    disproof: "A machine restored from a backup or an image repeats or skips numbers: ask who restored it, and when.",
    remediation: "Find out what happened to the agent's state directory; enrol the machine again after that.",
};
pub(super) const FORK: Wording = Wording {
    rule: "AT-03",
    severity: Severity::Critical,
    attack: &["T1078"],
    controls: INTEGRITY,
    disproof: "Two machines made from one image, or a snapshot that was rolled back, look alike: compare their hardware.",
    remediation: "Revoke the device, find both machines, and enrol each with a key of its own.",
};
pub(super) const POLICY: Wording = Wording {
    rule: "AT-04",
    severity: Severity::High,
    attack: &["T1195.002", "T1689"],
    controls: INTEGRITY,
    disproof: "A staged roll-out or an expired policy that nobody renewed looks the same: see which policy was published when.",
    remediation: "Publish a current, signed policy; where none was tampered with on the way, look at the server first.",
};
pub(super) const CLOCK: Wording = Wording {
    rule: "AT-06",
    severity: Severity::Medium,
    attack: &[],
    controls: INTEGRITY,
    disproof: "A dead clock battery or a machine without network time does this: look at its time settings.",
    remediation: "Set the clock from network time.",
};
pub(super) const LOSS: Wording = Wording {
    rule: "AT-07",
    severity: Severity::Low,
    attack: &[],
    controls: INTEGRITY,
    disproof: "A device that was long without network runs out of space for waiting reports, and says so.",
    remediation: "Nothing, unless it repeats: then look at the device's network and disk.",
};
pub(super) const COUNTRY: Wording = Wording {
    rule: "GE-01",
    severity: Severity::Medium,
    attack: &["T1078", "T1090"],
    controls: PLACE,
    disproof: "Travel, a mobile carrier or a company network may leave in another country: ask where the person is, and what line they use.",
    remediation: "Enter the trip or the site; otherwise have the person show where they are in a live call.",
};
pub(super) const ZONE: Wording = Wording {
    rule: "GE-04",
    severity: Severity::Low,
    attack: &["T1036.012"],
    controls: PLACE,
    disproof: "People keep their home time zone on a trip, and some by habit.",
    remediation: "Low weight: look at it together with what else is open.",
};

impl Wording {
    /// The rule's id.
    pub(super) fn rule(&self) -> Option<RuleId> {
        self.rule.parse().ok()
    }

    /// A finding whose cause is `shape`.
    pub(super) fn finding(
        &self,
        shape: &str,
        confidence: Confidence,
        title: String,
        subject: &str,
        evidence: Vec<Evidence>,
    ) -> Option<Finding> {
        let rule = self.rule()?;
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Some(Finding {
            id: FindingId::of_cause(self.rule, None, shape),
            rule,
            family: rule.family(),
            severity: self.severity,
            confidence,
            title,
            subject: subject.to_owned(),
            product: None,
            evidence,
            attack: own(self.attack),
            controls: own(self.controls),
            disproof: self.disproof.to_owned(),
            remediation: self.remediation.to_owned(),
            approval: None,
        })
    }
}

/// One piece of evidence.
pub(super) fn evidence(source: Source, location: &str, field: &str, value: String, why: &str) -> Evidence {
    Evidence {
        source,
        location: location.to_owned(),
        field: field.to_owned(),
        value,
        why: why.to_owned(),
        rule: None,
    }
}
