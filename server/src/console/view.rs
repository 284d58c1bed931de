//! How values are shown: times, words, text from devices.
//!
//! Always: text from a device passes [`shown`] before a template sees it; a verdict's word is never an acquittal.

use bearing_protocol::{Timestamp, rule::Family, severity::Severity, text::printable};
use bearing_store::{DeviceState, FindingStatus};

/// Longest text from a device on a page, in characters.
pub(super) const MAX_SHOWN_CHARS: usize = 400;

/// Text from a device, made harmless for a line of a page (escaping is the template's).
pub(super) fn shown(text: &str) -> String {
    printable(text, MAX_SHOWN_CHARS)
}

/// An instant.
#[derive(Clone, Debug)]
pub(super) struct When {
    pub(super) iso: String,
    pub(super) text: String,
    pub(super) age: String,
}

impl When {
    pub(super) fn at(at: Timestamp, now: Timestamp) -> Self {
        Self {
            iso: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            text: at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            age: age(at, now),
        }
    }

    pub(super) fn maybe(at: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        at.map(|at| Self::at(at, now))
    }
}

fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let (seconds, ahead) = (seconds.unsigned_abs(), seconds < 0);
    let span = match seconds {
        0..=44 if ahead => return "in a moment".to_owned(),
        0..=44 => return "just now".to_owned(),
        45..=5_399 => format!("{} min", (seconds + 30) / 60),
        5_400..=172_799 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    };
    if ahead { format!("in {span}") } else { format!("{span} ago") }
}

/// A verdict as it is named to people. Never "clear": nobody is acquitted.
pub(super) fn verdict_word(verdict: &str) -> &'static str {
    match verdict {
        "nothing_found" => "Nothing found",
        "review" => "Review",
        "investigate" => "Investigate",
        "escalate" => "Escalate",
        "platform_incident" => "Platform incident",
        _ => "Not assessed",
    }
}

/// The class a verdict is drawn with.
pub(super) fn verdict_class(verdict: &str) -> &'static str {
    match verdict {
        "nothing_found" => "verdict-nothing_found",
        "review" => "verdict-review",
        "investigate" => "verdict-investigate",
        "escalate" => "verdict-escalate",
        "platform_incident" => "verdict-platform_incident",
        _ => "verdict-not_assessed",
    }
}

/// What a verdict asks of people.
pub(super) fn verdict_meaning(verdict: &str) -> &'static str {
    match verdict {
        "nothing_found" => {
            "What was looked at showed nothing that asks for work. That acquits nobody: see what was not looked at."
        }
        "review" => "An analyst should look at the findings and say what they are.",
        "investigate" => "An analyst should find out, beginning with the disproof steps.",
        "escalate" => {
            "A proposal: a named person decides, with a written reason and after the disproof steps."
        }
        "platform_incident" => {
            "The agent's own supply or policy path is in question: for the platform's owner, not for this person's case."
        }
        _ => "The device did not report, so there is no statement about it.",
    }
}

/// A family, for people.
pub(super) const fn family_word(family: Family) -> &'static str {
    match family {
        Family::RemoteAccess => "Remote access",
        Family::Kvm => "KVM hardware",
        Family::Location => "Location",
        Family::Tunnel => "Tunnels and VPN",
        Family::AntiIdle => "Anti-idle",
        Family::VirtualCamera => "Virtual camera",
        Family::Posture => "Posture",
        Family::OsTampering => "OS tampering",
        Family::AgentTampering => "Agent tampering",
        Family::Farm => "Laptop farm",
    }
}

/// A severity's class.
pub(super) const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "sev-informational",
        Severity::Low => "sev-low",
        Severity::Medium => "sev-medium",
        Severity::High => "sev-high",
        Severity::Critical => "sev-critical",
    }
}

/// A severity, for people.
pub(super) const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// A status, for people.
pub(super) const fn status_word(status: FindingStatus) -> &'static str {
    match status {
        FindingStatus::Open => "Open",
        FindingStatus::InReview => "In review",
        FindingStatus::Approved => "Approved",
        FindingStatus::FalsePositive => "False positive",
        FindingStatus::Resolved => "Resolved",
    }
}

/// A device's state, for people.
pub(super) const fn state_word(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Pending => "Waits for approval",
        DeviceState::Active => "Active",
        DeviceState::Revoked => "Revoked",
    }
}

/// A query string from pairs; pairs without a value are left out.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        out.append_pair(key, value);
    }
    out.finish()
}

/// A score as people read it: no decimals that say nothing.
pub(super) fn points(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_like_speech() {
        let now: Timestamp = "2026-11-25T10:00:00Z".parse().unwrap();
        let age = |text: &str| age(text.parse().unwrap(), now);
        assert_eq!(age("2026-11-25T09:59:40Z"), "just now");
        assert_eq!(age("2026-11-25T09:57:00Z"), "3 min ago");
        assert_eq!(age("2026-11-25T04:00:00Z"), "6 h ago");
        assert_eq!(age("2026-11-20T10:00:00Z"), "5 days ago");
        assert_eq!(age("2026-11-25T12:00:00Z"), "in 2 h");
    }

    #[test]
    fn no_verdict_acquits() {
        for verdict in ["nothing_found", "review", "not_assessed", "platform_incident", "something new"] {
            let word = verdict_word(verdict).to_lowercase();
            assert!(!word.contains("clear") && !word.contains("clean") && !word.contains("ok"), "{word}");
        }
    }
}
