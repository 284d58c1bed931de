//! Hardware explained to a person: how it hangs on the machine, what its descriptors say line by line, what fired.
//!
//! Always: one model of typed lines, [`Sheet`], which terminal and page draw alike; text from a device is made
//! printable; serial numbers are shown as present or absent, not printed.

mod compare;
mod display;
mod edid_fields;
mod kinds;
mod sheet;
mod text;
mod usb;
mod usb_descriptors;

pub use compare::{ComparedLine, compare};
pub use display::{display_lines, display_sheet, display_summary, display_tree};
pub use kinds::{confidence_reason, kind_of, kinds_of};
pub use sheet::{Line, Mark, Section, Sheet};
pub use text::text;
pub use usb::{usb_lines, usb_sheet, usb_summary, usb_tree};

use bearing_protocol::text::printable;

use crate::{catalogue::kvm::KvmCatalogue, detect::kvm::Story};

/// Longest text of a device in a line.
const MAX_CHARS: usize = 80;
/// Longest value and reason of a piece of evidence.
const MAX_VALUE_CHARS: usize = 240;

fn clean(text: &str) -> String {
    printable(text.trim(), MAX_CHARS)
}

fn clean_value(text: &str) -> String {
    printable(text.trim(), MAX_VALUE_CHARS)
}

/// What a subject was judged to be, on one line.
fn judged(story: Option<&Story>, catalogue: &KvmCatalogue) -> String {
    let Some(story) = story else { return NOTHING.to_owned() };
    match story.severity() {
        Some(severity) => {
            let told = story.clone().told(catalogue);
            let product = told.and_then(|told| told.draft.product);
            let product = product.map(|product| format!(", {product}")).unwrap_or_default();
            format!("Judged: {severity}{product}, score {}", story.score())
        }
        None if story.pieces.0.is_empty() => NOTHING.to_owned(),
        None => "Judged: no finding; what was seen is context".to_owned(),
    }
}

const NOTHING: &str = "Judged: nothing speaks for remote control";

#[cfg(test)]
mod tests;
