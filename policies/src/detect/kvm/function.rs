//! What else an input device does: heuristics 7 and 8.

use bearing_descriptors::inquiry::{Inquiry, normalise};
use bearing_protocol::{coverage::Source, fact::StorageDevice};

use super::{
    piece::{Heuristic, Pieces, Seen, Weight},
    view::View,
};
use crate::catalogue::kvm::{KvmCatalogue, Standing};

/// SCSI peripheral device type of CD and DVD drives (SPC-4 table 141).
const OPTICAL: u8 = 5;

/// Adds what drives, network cards and sound of `view` say.
pub(super) fn function(view: &View<'_>, catalogue: &KvmCatalogue, out: &mut Pieces) {
    for drive in &view.storage {
        inquiry(view, drive, catalogue, out);
    }
    let joins = out.scoring().severity.joins;
    let pointing =
        out.has(Heuristic::KeyboardWithAbsolutePointer) || out.points(Heuristic::ShippedDescriptor) >= joins;
    if !pointing {
        return;
    }
    let extras = extras(view);
    if extras.is_empty() {
        return;
    }
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "other functions of the same device",
        value: extras.join(", "),
    };
    out.add(
        Weight::MediaAndInput,
        seen,
        "the device that types and points also brings a drive, a network card or sound, not through a hub",
    )
    .say(format!("brings {} along", extras.join(" and ")));
}

fn extras(view: &View<'_>) -> Vec<&'static str> {
    let mut extras = Vec::new();
    let has = |wanted: fn((u8, u8, u8)) -> bool| view.interfaces.iter().any(|i| wanted(i.triplet));
    if view.storage.iter().any(|drive| drive.device_type == Some(OPTICAL)) {
        extras.push("a CD-ROM drive");
    } else if !view.storage.is_empty() || has(|t| t.0 == 0x08) {
        extras.push("a drive");
    }
    let network = |t: (u8, u8, u8)| {
        matches!(t, (0x02, 0x06 | 0x0d, _) | (0x02, 0x02, 0xff) | (0xe0, 0x01, 0x03) | (0xef, 0x04, 0x01))
    };
    if !view.network.is_empty() || has(network) {
        extras.push("a network card");
    }
    if has(|t| t.0 == 0x01) {
        extras.push("a sound card");
    }
    extras
}

fn inquiry(view: &View<'_>, drive: &StorageDevice, catalogue: &KvmCatalogue, out: &mut Pieces) {
    let vendor = drive.vendor.as_deref().unwrap_or_default();
    let product = drive.model.as_deref().unwrap_or_default();
    let revision = normalise(drive.revision.as_deref().unwrap_or_default());
    let shown = Inquiry::new(vendor, product, &revision);
    let value = [shown.vendor.as_str(), &shown.product, &shown.revision].join(" ");
    let seen = || Seen {
        source: Source::Storage,
        location: &drive.name,
        field: "inquiry strings",
        value: value.trim().to_owned(),
    };
    let product_only = shown.product.to_lowercase();
    let hits = catalogue
        .inquiry(&shown.joined(vendor, product))
        .iter()
        .filter(|known| !known.any_vendor)
        .chain(catalogue.inquiry(&product_only).iter().filter(|known| known.any_vendor));
    let fits = |known: &&crate::catalogue::kvm::Inquiry| {
        known.revision.as_ref().is_none_or(|r| *r == revision || revision.is_empty())
            && (!known.needs_input || view.is_input())
    };
    if let Some(known) = hits.filter(fits).min_by_key(|known| (known.generic, known.entry)) {
        let name = catalogue.label(known.entry);
        let generic = known.generic;
        match known.standing {
            Standing::Bmc | Standing::Enterprise => {
                out.add(Weight::ControllerDrive, seen(), format!("a virtual drive of {name}"));
            }
            _ => {
                let why = if generic {
                    "a computer that plays a drive; gadgets, cameras and players of many kinds do".to_owned()
                } else {
                    format!("the virtual drive of {name}")
                };
                let weight = if generic { Weight::GenericInquiry } else { Weight::KnownInquiry };
                let piece = out.add(weight, seen(), why);
                if !generic {
                    piece.say(format!("brings the virtual drive \"{}\"", value.trim()));
                    piece.of(known.entry, 150);
                }
            }
        }
    }
    if drive.device_type == Some(OPTICAL) && view.is_input() {
        out.add(
            Weight::OpticalDrive,
            Seen { field: "peripheral device type", value: format!("CD-ROM ({})", value.trim()), ..seen() },
            "a CD-ROM drive inside a keyboard or mouse: that is how remote control mounts an image",
        )
        .say("brings a CD-ROM drive");
    }
}
