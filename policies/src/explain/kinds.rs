//! Kinds of evidence: what a piece rests on, and how many independent kinds a finding has.
//!
//! Always: a kind is a place a machine can be read at; two pieces of one kind do not make each other surer.

use std::collections::BTreeMap;

use bearing_protocol::{
    coverage::Source,
    finding::{Evidence, Finding},
    severity::Confidence,
};

/// What a piece of evidence rests on.
pub fn kind_of(evidence: &Evidence) -> &'static str {
    match evidence.source {
        Source::Hid => "descriptor",
        Source::Displays => "display",
        Source::Storage => "function",
        Source::Neighbours => "network",
        Source::Usb => usb_kind(&evidence.field.to_lowercase()),
        source => source.as_str(),
    }
}

/// A USB device says who it is in strings and numbers that its owner can change, and what it is in descriptors.
fn usb_kind(field: &str) -> &'static str {
    let of = |words: &[&str]| words.iter().any(|word| field.contains(word));
    if of(&["fixed fields", "descriptor", "speed", "bcddevice"]) {
        "descriptor"
    } else if of(&["function"]) {
        "function"
    } else {
        "identity"
    }
}

/// The kinds of a finding with how many pieces each has, the largest first.
pub fn kinds_of(finding: &Finding) -> Vec<(&'static str, usize)> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for evidence in &finding.evidence {
        *counts.entry(kind_of(evidence)).or_default() += 1;
    }
    let mut kinds: Vec<_> = counts.into_iter().collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
    kinds
}

/// Why a finding is as sure as it is, for people.
pub fn confidence_reason(finding: &Finding) -> String {
    let kinds = kinds_of(finding);
    let names: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
    let rests = match names.as_slice() {
        [] => return "No piece of evidence came with it.".to_owned(),
        [one] => format!("It rests on one kind of evidence, {one}"),
        [rest @ .., last] => {
            format!(
                "It rests on {} independent kinds of evidence: {} and {last}",
                names.len(),
                rest.join(", ")
            )
        }
    };
    let so = match (finding.confidence, names.len()) {
        (Confidence::High, 1) => ", one that does not come about by chance.",
        (Confidence::High, _) => ".",
        (Confidence::Medium, 1) => "; a second kind would make it surer.",
        (Confidence::Medium, _) => ", none of which decides alone.",
        (Confidence::Low, 1) => ", which an honest thing may show as well.",
        (Confidence::Low, _) => ", each of which an honest thing may show as well.",
    };
    rests + so
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(source: Source, field: &str) -> Evidence {
        Evidence {
            source,
            location: "1-1".into(),
            field: field.into(),
            value: String::new(),
            why: String::new(),
            rule: None,
        }
    }

    #[test]
    fn strings_and_descriptors_of_one_device_are_two_kinds() {
        assert_eq!(kind_of(&evidence(Source::Usb, "product")), "identity");
        assert_eq!(kind_of(&evidence(Source::Usb, "fixed fields of its HID interface")), "descriptor");
        assert_eq!(kind_of(&evidence(Source::Hid, "report descriptor")), "descriptor");
        assert_eq!(kind_of(&evidence(Source::Packages, "name")), "packages");
    }
}
