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
pub(super) const PROGRAM: Wording = Wording {
    rule: "AT-04",
    severity: Severity::High,
    attack: &["T1195.002", "T1689"],
    controls: INTEGRITY,
    disproof: "A package that was built or signed in-house, or a release whose list was not loaded yet, looks the same: compare the digest with the package's.",
    remediation: "Load the release's signed list if it is yours; otherwise install the agent anew from the signed repository and look at who changed it.",
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
/// Controls of the network bundle.
const NETWORK: &[&str] = &["NIST AC-4", "NIST SC-7", "NIST SI-4", "ISO A.8.20", "ISO A.8.21", "SOC2 CC6.6"];

pub(super) const COUNTRY: Wording = Wording {
    rule: "GE-01",
    severity: Severity::Medium,
    attack: &["T1078", "T1090"],
    controls: PLACE,
    disproof: "Travel, a mobile carrier or a company network may leave in another country, and tables err: ask where the person is and what line they use; look whether the second source and the round trips agree.",
    remediation: "Enter the trip or the site; otherwise have the person show where they are in a live call.",
};
pub(super) const ELSEWHERE: Wording = Wording {
    rule: "GE-02",
    severity: Severity::High,
    attack: &["T1090.002", "T1665"],
    controls: PLACE,
    disproof: "An imported router or a country set by hand says the same: ask what access point is near, and compare with another network.",
    remediation: "Have the person show where they are in a live call; correct the router's country where it is theirs.",
};
pub(super) const ZONE: Wording = Wording {
    rule: "GE-04",
    severity: Severity::Low,
    attack: &["T1036.012"],
    controls: PLACE,
    disproof: "People keep their home time zone on a trip, and some by habit.",
    remediation: "Low weight: look at it together with what else is open.",
};
pub(super) const SHIPPING: Wording = Wording {
    rule: "GE-05",
    severity: Severity::High,
    attack: &["T1078"],
    controls: PLACE,
    disproof: "A hand-over in an office, staging by IT or a gift of time before a trip look alike: ask who unpacked it, and see the carrier's record.",
    remediation: "Correct the shipping country in the roster, or ask for the device to be shown where it is.",
};
pub(super) const STILL: Wording = Wording {
    rule: "GE-06",
    severity: Severity::Low,
    attack: &[],
    controls: PLACE,
    disproof: "Most people who work from home look exactly like this.",
    remediation: "Nothing by itself.",
};
pub(super) const FLAP: Wording = Wording {
    rule: "GE-07",
    severity: Severity::Medium,
    attack: &["T1078", "T1090.003"],
    controls: PLACE,
    disproof: "A VPN that reconnects to another exit, a fail-over line, or a table that changed its mind: see whether both addresses belong to one provider.",
    remediation: "Ask what the person's line and VPN are; look at sign-ins of the same minutes.",
};
pub(super) const ROUND_TRIP: Wording = Wording {
    rule: "GE-08",
    severity: Severity::Medium,
    attack: &["T1090"],
    controls: PLACE,
    disproof: "An anchor whose place is written wrongly in policy does this: check its coordinates, and probe it from a machine whose place is known. A long round trip proves nothing, and none was used.",
    remediation: "Measure again from two anchors; then have the person show where they are in a live call.",
};
pub(super) const SIGN_IN: Wording = Wording {
    rule: "GE-09",
    severity: Severity::Medium,
    attack: &["T1078"],
    controls: PLACE,
    disproof: "A phone, a second machine or a browser's relay signs in from elsewhere: ask what the person signed in with in those minutes.",
    remediation: "End the session, and have the person sign in again in a live call.",
};
pub(super) const CONCEALED: Wording = Wording {
    rule: "TU-01",
    severity: Severity::Medium,
    attack: &["T1090.002", "T1665"],
    controls: NETWORK,
    disproof: "People who value privacy use such networks, and an organisation's own exit is one where no site names it: ask what it is for.",
    remediation: "Have it switched off on company devices, approve it with an expiry, or enter the exit as a site.",
};
pub(super) const RELAYED: Wording = Wording {
    rule: "TU-05",
    severity: Severity::Medium,
    attack: &["T1090.001", "T1090.002"],
    controls: NETWORK,
    disproof: "An inspecting proxy of the organisation ends connections too, and a machine under heavy load answers late: measure again, and name the proxy as a site.",
    remediation: "Ask what stands between the device and the Internet: a proxy, a travel router, a tunnel.",
};

impl Wording {
    /// The rule's id.
    pub(super) fn rule(&self) -> Option<RuleId> {
        self.rule.parse().ok()
    }

    /// Whether it weighs little.
    pub(super) fn is_low(&self) -> bool {
        self.severity <= Severity::Low
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
