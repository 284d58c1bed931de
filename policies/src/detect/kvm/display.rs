//! The displays a machine drives: heuristics 2, 15, 16 and the server room's EDIDs (17, 18).

use bearing_descriptors::edid::{self, Edid};
use bearing_protocol::{
    coverage::Source,
    fact::{Display, Facts, MachineKind},
};

use super::{
    identity::server_room_weight,
    past::Known,
    piece::{Pieces, Seen, Weight},
};
use crate::catalogue::kvm::{Display as Entry, KvmCatalogue, Standing};

/// Whether a display is there, and not merely remembered.
pub(super) fn is_present(display: &Display) -> bool {
    Known::of(display.provenance.as_deref(), display.last_seen).is_present()
}

/// One display with its EDID read.
pub struct DisplayView<'a> {
    /// The fact.
    pub display: &'a Display,
    /// Its EDID.
    pub edid: Edid,
}

impl<'a> DisplayView<'a> {
    /// All connected displays whose EDID can be read.
    pub fn all(facts: &'a Facts) -> Vec<Self> {
        facts
            .displays
            .iter()
            .filter(|display| display.connected != Some(false) || !is_present(display))
            .filter_map(|display| Some(Self { display, edid: edid::parse(&display.edid).ok()? }))
            .collect()
    }

    /// `LNX 7770 "PiKVM"`.
    pub fn calls_itself(&self) -> String {
        let name = self.edid.name.as_deref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
        format!("{} {:04x}{name}", self.edid.manufacturer, self.edid.product)
    }
}

/// Adds what `view` says; `others` is how many other displays are in use.
pub(super) fn display(
    view: &DisplayView<'_>,
    others: usize,
    facts: &Facts,
    catalogue: &KvmCatalogue,
    out: &mut Pieces,
) {
    let edid = &view.edid;
    let name = edid.name.as_deref().unwrap_or_default();
    let exact = catalogue.edid_digest(&edid.sha256).or_else(|| catalogue.edid_digest(&edid.base_sha256));
    if let Some(known) = exact {
        known_display(view, known, Match::Bytes, others, facts, catalogue, out);
    } else if let Some(known) = catalogue.edid_name(&edid.manufacturer, edid.product, name) {
        known_display(view, known, Match::Name, others, facts, catalogue, out);
    } else if let Some(known) = catalogue.edid_layout(&edid.layout_sha256) {
        known_display(view, known, Match::Layout, others, facts, catalogue, out);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Bytes,
    Name,
    Layout,
}

fn known_display(
    view: &DisplayView<'_>,
    known: &Entry,
    how: Match,
    others: usize,
    facts: &Facts,
    catalogue: &KvmCatalogue,
    out: &mut Pieces,
) {
    let name = catalogue.label(known.entry);
    let seen = |field| Seen {
        source: Source::Displays,
        location: &view.display.connector,
        field,
        value: view.calls_itself(),
    };
    match known.standing {
        Standing::Kvm => shipped(view, known, how, name, out),
        Standing::Capture => {
            let lid_open = facts.machine.lid_open == Some(true);
            if others == 0
                && is_present(view.display)
                && !lid_open
                && facts.machine.kind != MachineKind::Server
            {
                out.add(
                    Weight::CaptureOnly,
                    seen("EDID"),
                    "a capture card's input is the only display in use: what it shows goes to another computer",
                )
                .say("is the input of a capture card, and the only display in use")
                .of(known.entry, 100);
            }
        }
        Standing::Dummy if facts.machine.kind == MachineKind::Laptop => {
            out.add(
                Weight::DummyOnLaptop,
                seen("EDID"),
                "a plug that pretends to be a display; a laptop has a display of its own",
            )
            .say("is a dummy plug")
            .of(known.entry, 100);
        }
        Standing::Enterprise | Standing::Bmc => {
            let bmc = known.standing == Standing::Bmc;
            let weight = server_room_weight(facts.machine.kind, bmc);
            let piece = out.add(weight, seen("EDID"), format!("the display that {name} pretends to be"));
            piece.say(format!("is what {name} shows")).of(known.entry, 200);
            if !bmc {
                piece.rule = "KV-02";
            }
        }
        _ => {}
    }
}

fn shipped(view: &DisplayView<'_>, known: &Entry, how: Match, name: &str, out: &mut Pieces) {
    let seen = |field| Seen {
        source: Source::Displays,
        location: &view.display.connector,
        field,
        value: view.calls_itself(),
    };
    let (weight, field, why, phrase) = match (how, &known.disguise_of) {
        (Match::Bytes, Some(monitor)) => (
            Weight::DisplayDisguise,
            "EDID, all bytes",
            format!("byte for byte the {monitor} that {name} offers as a disguise, its serial included"),
            format!("has every byte of the {monitor} that {name} offers as a disguise"),
        ),
        (Match::Bytes, None) => (
            Weight::DisplayBytes,
            "EDID, all bytes",
            format!("byte for byte the display that {name} ships"),
            format!("is the display that {name} ships"),
        ),
        (Match::Name, _) => (
            Weight::DisplayNames,
            "EDID maker, product and name",
            format!("maker, product code and name of the display that {name} ships"),
            format!("has the names of the display that {name} ships"),
        ),
        (Match::Layout, _) => (
            Weight::DisplayLayout,
            "EDID without its names",
            format!("but for its names and numbers, byte for byte the display that {name} ships"),
            format!("is built like the display that {name} ships, under another name"),
        ),
    };
    out.add(weight, seen(field), why).say(phrase).of(known.entry, 500);
}
