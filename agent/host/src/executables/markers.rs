//! Byte strings that name a product whatever its file is called, and the crates of Rust programs.
//!
//! Always: a file is read in windows that overlap by the longest thing looked for, at most `limit` bytes of
//! it, and once; one automaton for all, so that time grows with bytes and not with the catalogue.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use bearing_protocol::plan::Marker;

use super::{
    read_at::ReadAt,
    rust_crate::{MAX_PATH_BYTES, REGISTRY, RustCrate, parse_crate_path},
};

/// Bytes that are read at once.
const WINDOW_BYTES: usize = 256 * 1024;
/// Longest marker that is looked for; longer ones are cut to it.
const MAX_MARKER_BYTES: usize = 256;
/// What every window shares with the one before.
const OVERLAP_BYTES: usize = MAX_PATH_BYTES + REGISTRY[0].len();
/// Most crates of one program.
const MAX_CRATES: usize = 256;

/// All markers of a plan, compiled.
pub struct Markers<'a> {
    automaton: AhoCorasick,
    /// The patterns before those of [`REGISTRY`], in order.
    markers: Vec<&'a Marker>,
}

/// What was found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Products and markers, each once, in the plan's order.
    pub markers: Vec<(String, String)>,
    /// Crates, each once, those with a main file first.
    pub crates: Vec<RustCrate>,
    /// How many bytes were read.
    pub read_bytes: u64,
}

impl<'a> Markers<'a> {
    /// Compiles the markers of a plan. Empty ones are left out.
    ///
    /// # Errors
    /// Where the automaton would be too large to build.
    pub fn compile(markers: &'a [Marker]) -> Result<Self, BuildError> {
        let markers: Vec<&Marker> = markers.iter().filter(|m| !m.text.is_empty()).collect();
        let cut = |text: &'a str| text.as_bytes().get(..MAX_MARKER_BYTES).unwrap_or(text.as_bytes());
        let patterns = markers.iter().map(|marker| cut(&marker.text));
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(patterns.chain(REGISTRY.iter().map(|prefix| prefix.as_bytes())))?;
        Ok(Self { automaton, markers })
    }

    /// What occurs in the first `limit` bytes of `source`.
    pub fn find(&self, source: &dyn ReadAt, limit: u64) -> Found {
        let mut hits = vec![false; self.markers.len()];
        let mut crates: BTreeSet<RustCrate> = BTreeSet::new();
        let mut buffer = vec![0; OVERLAP_BYTES + WINDOW_BYTES];
        let (mut offset, mut carried) = (0_u64, 0);
        while offset < limit {
            let want = usize::try_from(limit - offset).unwrap_or(usize::MAX).min(WINDOW_BYTES);
            let Some(fresh) = buffer.get_mut(carried..carried + want) else { break };
            let read = source.read_into(offset, fresh);
            if read == 0 {
                break;
            }
            offset += read as u64;
            let end = carried + read;
            let window = buffer.get(..end).unwrap_or_default();
            for hit in self.automaton.find_overlapping_iter(window) {
                match hits.get_mut(hit.pattern().as_usize()) {
                    Some(flag) => *flag = true,
                    // A path at the window's end is seen whole in the next one.
                    None if crates.len() < MAX_CRATES => {
                        crates.extend(window.get(hit.end()..).and_then(parse_crate_path));
                    }
                    None => {}
                }
            }
            let keep = end.saturating_sub(OVERLAP_BYTES);
            buffer.copy_within(keep..end, 0);
            carried = end - keep;
        }
        let hits = self.markers.iter().zip(hits).filter(|(_, found)| *found);
        let markers = hits.map(|(marker, _)| (marker.product.clone(), marker.text.clone())).collect();
        let mains: BTreeSet<String> =
            crates.iter().filter(|found| !found.is_dependency).map(|found| found.name.clone()).collect();
        // A crate with a main file has others, too.
        crates.retain(|found| !found.is_dependency || !mains.contains(&found.name));
        Found { markers, crates: crates.into_iter().collect(), read_bytes: offset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(product: &str, text: &str) -> Marker {
        Marker { product: product.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_marker_across_two_windows_is_found_once() {
        let plan = [
            marker("rustdesk", "rs-ny.rustdesk.com"),
            marker("chisel", "chisel-v3"),
            marker("x", "rustdesk"),
        ];
        let markers = Markers::compile(&plan).unwrap();
        let mut bytes = vec![b'.'; 2 * WINDOW_BYTES];
        bytes[WINDOW_BYTES - 5..WINDOW_BYTES + 13].copy_from_slice(b"rs-ny.rustdesk.com");
        let found = markers.find(&bytes.as_slice(), u64::MAX);
        assert_eq!(
            found.markers,
            [
                ("rustdesk".to_owned(), "rs-ny.rustdesk.com".to_owned()),
                ("x".to_owned(), "rustdesk".to_owned())
            ]
        );
        assert_eq!(found.read_bytes, 2 * WINDOW_BYTES as u64);
    }

    #[test]
    fn the_limit_is_kept() {
        let plan = [marker("chisel", "chisel-v3")];
        let markers = Markers::compile(&plan).unwrap();
        let bytes = [vec![b'.'; 1000], b"chisel-v3".to_vec()].concat();
        assert_eq!(markers.find(&bytes.as_slice(), 1000), Found { read_bytes: 1000, ..Found::default() });
    }

    #[test]
    fn crates_are_found_without_any_marker_and_across_windows() {
        let markers = Markers::compile(&[]).unwrap();
        let mut bytes = vec![b'.'; 2 * WINDOW_BYTES];
        let path = |name: &str| format!("/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/{name}");
        for (at, text) in [
            (0, path("tokio-1.52.3/src/lib.rs")),
            (WINDOW_BYTES - 70, path("rathole-0.5.0/src/main.rs")),
            (WINDOW_BYTES + 200, path("rathole-0.5.0/src/cli.rs")),
        ] {
            bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        let found = markers.find(&bytes.as_slice(), u64::MAX);
        let names: Vec<&str> = found.crates.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["rathole", "tokio"]);
    }
}
