//! The one line that names a finding, and what would show that it is wrong.
//!
//! Always: short, and in words for a person who has never heard of descriptors; the evidence carries the rest.

use bearing_protocol::severity::Severity;

use super::{
    piece::{Heuristic, Kind, Pieces, Weight},
    story::{Head, Story},
};
use crate::catalogue::kvm::{KvmCatalogue, Standing};

/// The title of `story`, which names a product line where one is recognised.
pub(super) fn title(
    story: &Story,
    severity: Severity,
    product: Option<&str>,
    catalogue: &KvmCatalogue,
) -> String {
    // Only the entries that a piece points at can be meant; the catalogue may be large.
    let pointed = story.pieces.0.iter().flat_map(|piece| &piece.products);
    let label = pointed
        .filter_map(|(entry, _)| catalogue.entry(*entry))
        .filter(|entry| Some(entry.family.as_str()) == product)
        .min_by_key(|entry| entry.order)
        .map(|entry| entry.label.as_str());
    let named = label.map(|label| format!(" ({label})")).unwrap_or_default();
    let is = if story.known.is_present() { "is" } else { "was" };
    let told = story.known.told();
    match &story.head {
        Head::Said(title) => title.clone(),
        Head::Device(noun) => {
            format!("{noun} {is} {}{told}", verdict(story, severity, &named, catalogue))
        }
        Head::Display(noun) => {
            let phrase = strongest_phrase(&story.pieces);
            let phrase = phrase.strip_prefix("is ").map(|rest| format!("{is} {rest}")).unwrap_or(phrase);
            format!("{noun} {phrase}{told}")
        }
    }
}

/// What a device is, as far as the evidence goes.
fn verdict(story: &Story, severity: Severity, named: &str, catalogue: &KvmCatalogue) -> String {
    let pieces = &story.pieces;
    let standing = |wanted: Standing| {
        let pointed = pieces.0.iter().flat_map(|piece| &piece.products);
        pointed.filter_map(|(entry, _)| catalogue.entry(*entry)).any(|entry| entry.standing == wanted)
    };
    let enterprise = pieces.0.iter().any(|piece| piece.kind == Kind::Enterprise);
    if pieces.at(Weight::IdsAndNames) || pieces.at(Weight::OwnNames) {
        return format!("remote-control hardware under its own name{named}");
    }
    if enterprise && pieces.kind_points(Kind::Descriptor) < pieces.scoring().severity.joins {
        return format!("remote control of the server room{named}");
    }
    match severity {
        Severity::Critical | Severity::High if pieces.at(Weight::ExclusiveIds) => {
            format!("remote-control hardware by its ids{named}")
        }
        Severity::Critical => format!("an IP-KVM in disguise{named}"),
        Severity::High if named.is_empty() => "a computer that plays a keyboard or mouse".to_owned(),
        Severity::High => format!("an IP-KVM in disguise{named}"),
        Severity::Medium if standing(Standing::Injector) => format!("a keystroke injector{named}"),
        Severity::Medium if pieces.has(Heuristic::SerialBridge) => {
            format!("a chip through which another computer types here{named}")
        }
        Severity::Medium if pieces.at(Weight::KeyboardAndPointer) => {
            format!("built like remote-control hardware, or like a desk switch{named}")
        }
        Severity::Medium => format!("perhaps remote-control hardware{named}"),
        Severity::Low | Severity::Informational => format!("marked by weak signs of remote control{named}"),
    }
}

fn strongest_phrase(pieces: &Pieces) -> String {
    let spoken = pieces.0.iter().filter(|piece| !piece.phrase.is_empty());
    spoken
        .max_by_key(|piece| piece.points)
        .map_or_else(|| "shows signs of remote control".to_owned(), |piece| piece.phrase.clone())
}

/// What a person would do to show that the finding is wrong; `None` leaves the rule's own words.
pub(super) fn disproof(story: &Story) -> Option<String> {
    let port = story.port.as_deref()?;
    let Head::Device(noun) = &story.head else { return None };
    let mut steps = vec![if story.known.is_present() {
        format!(
            "Follow the cable from port {port}. If it ends in a keyboard, mouse, dock or switch bought for this desk, note its model and serial"
        )
    } else {
        format!("Ask what was plugged into port {port}, and have it shown: model, serial, where it came from")
    }];
    let pieces = &story.pieces;
    if pieces.has(Heuristic::GadgetMarks) {
        steps.push(
            "plug it into another computer: a maker's keyboard shows no interface string \"HID Interface\""
                .to_owned(),
        );
    }
    if pieces.has(Heuristic::KeyboardWithAbsolutePointer) {
        steps.push(
            "a desk switch, kiosk or drawing tablet may point at positions too: its maker's page says so"
                .to_owned(),
        );
    }
    if pieces.kind_points(Kind::Function) > 0 {
        steps.push("open the drive it brings: a maker's keyboard brings none".to_owned());
    }
    if pieces.has(Heuristic::BrandContradiction) {
        steps.push("hold it beside a genuine unit of the same model and compare both with `bearing-agent explain usb`".to_owned());
    }
    if story.known.is_present() {
        steps.push(format!(
            "unplug {noun}: this finding, and no other, must be gone from the next evaluation"
        ));
    }
    Some(format!("{}.", steps.join("; ")))
}
