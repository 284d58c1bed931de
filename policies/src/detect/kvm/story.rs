//! One physical device is one story: pieces become one finding with words that can be checked at the desk.

use std::collections::BTreeMap;

use bearing_protocol::{coverage::Source, finding::Evidence, severity::Severity};

use super::{
    past::Known,
    piece::{Heuristic, Kind, Piece, Pieces, Weight},
    severity::{confidence, score, severity},
    title,
};
use crate::{catalogue::kvm::KvmCatalogue, detect::Draft, policy::DeviceScope};

/// What pointers at a product have to add up to before it is named.
const NAMES_A_PRODUCT: u32 = 100;
/// Most phrases in a title.
const MAX_PHRASES: usize = 6;

/// What was collected about one subject.
#[derive(Clone, Debug)]
pub struct Story {
    /// `usb:1-1`, `display:card0-HDMI-A-1`.
    pub subject: String,
    /// How a title begins (`USB device 1-1 calls itself …`).
    pub opening: String,
    /// What makes it the same tomorrow.
    pub shape: String,
    /// What fired.
    pub pieces: Pieces,
    /// What names it in a title.
    pub head: Head,
    /// Vendor and product id, of a device.
    pub ids: Option<(u16, u16)>,
    /// The port it is or was at.
    pub port: Option<String>,
    /// How it is known.
    pub known: Known,
    /// What an approval would have to name.
    pub device: Option<DeviceScope>,
}

/// What a title begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// The whole title.
    Said(String),
    /// A device (`Dell Keyboard 413c:2011 at 1-1`).
    Device(String),
    /// A display.
    Display(String),
}

/// A finding with what an approval and a person need beside it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The finding.
    pub draft: Draft,
    /// The device, where it is about one that can be plugged in.
    pub device: Option<DeviceScope>,
    /// How to show that it is wrong, where the story has words of its own.
    pub disproof: Option<String>,
}

impl Story {
    /// Its severity, where it is worth a finding.
    pub fn severity(&self) -> Option<Severity> {
        severity(&self.pieces)
    }

    /// The score that orders findings.
    pub fn score(&self) -> u32 {
        score(&self.pieces)
    }

    /// Takes a display's pieces in: the same hardware seen from its other side.
    pub fn join(&mut self, display: Self) {
        self.opening = format!("{} ({})", self.opening, display.opening);
        for mut piece in display.pieces.0 {
            // A disguise of a monitor is proof once the USB side says the same.
            if piece.weight == Weight::DisplayDisguise {
                piece.weight = Weight::DisplayDisguiseJoined;
                piece.points = self.pieces.scoring().points(piece.weight);
            }
            if !piece.phrase.is_empty() {
                piece.phrase = format!("its display {}", piece.phrase);
            }
            self.pieces.0.push(piece);
        }
    }

    /// Takes in what an earlier state of the same device showed and this one does not.
    pub fn remember(&mut self, earlier: Self) {
        let told = earlier.known.told();
        for mut piece in earlier.pieces.0 {
            let same = |own: &Piece| {
                own.weight == piece.weight
                    && (&own.evidence.field, &own.evidence.value)
                        == (&piece.evidence.field, &piece.evidence.value)
            };
            if self.pieces.0.iter().any(same) {
                continue;
            }
            piece.evidence.why = format!("{}{told}", piece.evidence.why);
            if !piece.phrase.is_empty() {
                piece.phrase = format!("earlier {}", piece.phrase);
            }
            self.pieces.0.push(piece);
        }
    }

    /// The finding.
    pub fn told(mut self, catalogue: &KvmCatalogue) -> Option<Told> {
        let (device, disproof) = (self.device.take(), title::disproof(&self));
        let mut draft = self.draft(catalogue)?;
        if let Some(digest) = device.as_ref().and_then(|device| device.descriptor_digest) {
            let named = Evidence {
                source: Source::Usb,
                location: draft.subject.clone(),
                field: "digest that an approval names".to_owned(),
                value: digest.to_string(),
                why: "an approval covers this device while its ids, serial, port and build stay the same"
                    .to_owned(),
                rule: None,
            };
            draft.evidence.push(named);
        }
        Some(Told { draft, device, disproof })
    }

    /// The finding alone.
    pub fn draft(self, catalogue: &KvmCatalogue) -> Option<Draft> {
        let severity = self.severity()?;
        let confidence = self.known.caps(confidence(&self.pieces));
        let product = product(&self.pieces, catalogue);
        let title = title::title(&self, severity, product.as_deref(), catalogue);
        let sentence = sentence(&self.opening, &self.pieces);
        // From here on a piece speaks for its own rule; below it supports another's.
        let clear = self.pieces.scoring().severity.clear;
        let mut pieces = self.pieces.0;
        pieces.sort_by_key(|piece| {
            (std::cmp::Reverse(piece.points), piece.kind != Kind::Enterprise, piece.heuristic)
        });
        let rule = pieces.first()?.rule;
        // Context stays with the explanation; a finding carries the least that shows it.
        let weighty = pieces.iter().filter(|piece| piece.points > 0).count();
        let mut evidence: Vec<Evidence> =
            pieces.iter().take(weighty.max(1)).map(|piece| tagged(piece, rule, clear)).collect();
        // What can be checked at the desk, in one sentence, before the single values.
        if let (Some(first), false) = (pieces.first(), matches!(self.head, Head::Said(_))) {
            let in_short = Evidence {
                source: first.evidence.source,
                location: first.evidence.location.clone(),
                field: "at the desk".to_owned(),
                value: sentence,
                why: "what a person can check without tools".to_owned(),
                rule: None,
            };
            evidence.insert(0, in_short);
        }
        Some(Draft {
            rule,
            severity: Some(severity),
            confidence,
            title,
            subject: self.subject,
            product,
            cause: format!("KV {}", self.shape),
            evidence,
        })
    }
}

fn tagged(piece: &Piece, finding_rule: &str, clear: u8) -> Evidence {
    let speaks = piece.points >= clear || piece.rule == finding_rule;
    Evidence { rule: piece.rule_id().filter(|_| speaks), ..piece.evidence.clone() }
}

/// The product line that most points at; of equals the one that stands first in the catalogue.
fn product(pieces: &Pieces, catalogue: &KvmCatalogue) -> Option<String> {
    let mut votes: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut counted: Vec<(&str, &str, Heuristic)> = Vec::new();
    let pointers =
        pieces.0.iter().flat_map(|piece| piece.products.iter().map(move |(at, s)| (piece, *at, *s)));
    for (piece, at, strength) in pointers {
        let Some(entry) = catalogue.entry(at) else { continue };
        // Several entries of one line may hold the same fact: it counts once.
        let once = (entry.family.as_str(), piece.evidence.location.as_str(), piece.heuristic);
        if counted.contains(&once) {
            continue;
        }
        counted.push(once);
        let vote = votes.entry(entry.family.as_str()).or_insert((0, entry.order));
        vote.0 += strength;
        vote.1 = vote.1.min(entry.order);
    }
    votes
        .into_iter()
        .filter(|(_, (strength, _))| *strength >= NAMES_A_PRODUCT)
        .max_by_key(|(_, (strength, order))| (*strength, std::cmp::Reverse(*order)))
        .map(|(family, _)| family.to_owned())
}

/// The order in which a title tells what fired: what meets the eye first.
const TELLING: [Heuristic; 18] = [
    Heuristic::DefaultIdentity,
    Heuristic::ShippedDisplay,
    Heuristic::BrandContradiction,
    Heuristic::GadgetMarks,
    Heuristic::HighSpeedKeyboard,
    Heuristic::DisguiseStrings,
    Heuristic::KeyboardWithAbsolutePointer,
    Heuristic::ShippedDescriptor,
    Heuristic::InquiryString,
    Heuristic::MediaBesideInput,
    Heuristic::ConstantSerial,
    Heuristic::OctalProduct,
    Heuristic::SerialBridge,
    Heuristic::EnterpriseKvm,
    Heuristic::ManagementController,
    Heuristic::CaptureSink,
    Heuristic::DummyPlug,
    Heuristic::GadgetIds,
];

fn sentence(opening: &str, pieces: &Pieces) -> String {
    let mut phrases: Vec<&str> = Vec::new();
    for heuristic in TELLING {
        let mut of_it: Vec<&Piece> = pieces.0.iter().filter(|piece| piece.heuristic == heuristic).collect();
        of_it.sort_by_key(|piece| std::cmp::Reverse(piece.points));
        for piece in of_it {
            let phrase = piece.phrase.as_str();
            if phrase.is_empty() || phrases.iter().any(|known| says_already(known, phrase)) {
                continue;
            }
            phrases.push(phrase);
        }
    }
    phrases.truncate(MAX_PHRASES);
    let but = if pieces.points(Heuristic::DefaultIdentity) >= pieces.scoring().severity.proof
        || pieces.kind_points(Kind::Identity) == 0 && is_display(pieces)
    {
        ": it "
    } else {
        ", but "
    };
    match phrases.as_slice() {
        [] => opening.to_owned(),
        [only] => format!("{opening}{}{only}", lead(but, only)),
        [first, middle @ .., last] => {
            let middle: String = middle.iter().map(|phrase| format!(", {phrase}")).collect();
            format!("{opening}{}{first}{middle} and {last}", lead(but, first))
        }
    }
}

fn is_display(pieces: &Pieces) -> bool {
    pieces.0.iter().all(|piece| piece.evidence.source == Source::Displays)
}

/// A phrase that is a sentence of its own takes no `it`.
fn lead<'a>(but: &'a str, phrase: &str) -> &'a str {
    if phrase.starts_with("that is") { ": " } else { but }
}

/// Whether a title that has `known` needs no `phrase`.
fn says_already(known: &str, phrase: &str) -> bool {
    known.contains(phrase)
        || (phrase.contains("absolute pointer") && known.contains("absolute pointer"))
        || (phrase.contains("CD-ROM") && known.contains("CD-ROM"))
        || (phrase.contains("drive along") && known.contains("virtual drive"))
}
