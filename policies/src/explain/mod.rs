//! Hardware explained to a person: how it hangs on the machine, what its descriptors say line by line, what fired.
//!
//! Always: plain lines without colour or control characters; text from a device is made printable; serial numbers
//! are shown as present or absent, not printed.

mod compare;
mod display;
mod usb;

pub use compare::{ComparedLine, compare};
pub use display::{display_lines, display_summary};
pub use usb::{usb_lines, usb_summary, usb_tree};

use bearing_protocol::text::printable;

use crate::{catalogue::kvm::KvmCatalogue, detect::kvm::Story};

/// Longest text of a device in a line.
const MAX_CHARS: usize = 80;

fn clean(text: &str) -> String {
    printable(text.trim(), MAX_CHARS)
}

/// What fired on a subject, strongest first; context marked as such.
fn fired(story: &Story, catalogue: &KvmCatalogue) -> Vec<String> {
    let mut pieces: Vec<_> = story.pieces.0.iter().collect();
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.points));
    let mut lines: Vec<String> = pieces
        .iter()
        .map(|piece| {
            let weight = match piece.points {
                0 => "context".to_owned(),
                points => format!("{points} points"),
            };
            let evidence = &piece.evidence;
            format!(
                "  {} {} ({weight}): {} = {} — {}",
                piece.rule,
                piece.kind.as_str(),
                clean(&evidence.field),
                printable(&evidence.value, 240),
                printable(&evidence.why, 240)
            )
        })
        .collect();
    match story.severity() {
        Some(severity) => {
            let draft = story.clone().draft(catalogue);
            let product = draft.and_then(|draft| draft.product).map(|p| format!(", {p}")).unwrap_or_default();
            lines.insert(0, format!("Judged: {severity}{product}, score {}", story.score()));
        }
        None if lines.is_empty() => lines.push("Judged: nothing speaks for remote control".to_owned()),
        None => lines.insert(0, "Judged: no finding; what was seen is context".to_owned()),
    }
    lines
}
