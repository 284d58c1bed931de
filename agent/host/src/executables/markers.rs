//! Byte strings that name a product whatever its file is called.
//!
//! Always: a file is read in windows that overlap by the longest marker, at most `limit` bytes of it;
//! one automaton for all markers, so that time grows with bytes and not with the catalogue.

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use bearing_protocol::plan::Marker;

use super::read_at::ReadAt;

/// Bytes that are read at once.
const WINDOW_BYTES: usize = 256 * 1024;
/// Longest marker that is looked for; longer ones are cut to it.
const MAX_MARKER_BYTES: usize = 256;

/// All markers of a plan, compiled.
pub struct Markers<'a> {
    automaton: AhoCorasick,
    markers: Vec<&'a Marker>,
    overlap: usize,
}

impl<'a> Markers<'a> {
    /// Compiles the markers of a plan. Empty ones are left out.
    ///
    /// # Errors
    /// Where the automaton would be too large to build.
    pub fn compile(markers: &'a [Marker]) -> Result<Self, BuildError> {
        let markers: Vec<&Marker> = markers.iter().filter(|m| !m.text.is_empty()).collect();
        let cut = |text: &'a str| text.as_bytes().get(..MAX_MARKER_BYTES).unwrap_or(text.as_bytes());
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(markers.iter().map(|marker| cut(&marker.text)))?;
        let overlap = automaton.max_pattern_len().saturating_sub(1);
        Ok(Self { automaton, markers, overlap })
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.markers.is_empty()
    }

    /// The markers found in the first `limit` bytes of `source`, each once, in the plan's order, and how
    /// many bytes were read.
    pub fn find<R: ReadAt + ?Sized>(&self, source: &R, limit: u64) -> (Vec<(String, String)>, u64) {
        let mut found = vec![false; self.markers.len()];
        let mut offset = 0_u64;
        let mut carried: Vec<u8> = Vec::new();
        while !self.is_empty() && offset < limit {
            let want = usize::try_from(limit - offset).unwrap_or(usize::MAX).min(WINDOW_BYTES);
            let fresh = source.read_at(offset, want);
            if fresh.is_empty() {
                break;
            }
            offset += fresh.len() as u64;
            carried.extend_from_slice(&fresh);
            for hit in self.automaton.find_overlapping_iter(&carried) {
                if let Some(flag) = found.get_mut(hit.pattern().as_usize()) {
                    *flag = true;
                }
            }
            let keep = carried.len().saturating_sub(self.overlap);
            carried.drain(..keep);
        }
        let hits = self.markers.iter().zip(found).filter(|(_, found)| *found);
        (hits.map(|(marker, _)| (marker.product.clone(), marker.text.clone())).collect(), offset)
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
        let (found, read) = markers.find(bytes.as_slice(), u64::MAX);
        assert_eq!(
            found,
            [
                ("rustdesk".to_owned(), "rs-ny.rustdesk.com".to_owned()),
                ("x".to_owned(), "rustdesk".to_owned())
            ]
        );
        assert_eq!(read, 2 * WINDOW_BYTES as u64);
    }

    #[test]
    fn the_limit_is_kept() {
        let plan = [marker("chisel", "chisel-v3")];
        let markers = Markers::compile(&plan).unwrap();
        let bytes = [vec![b'.'; 1000], b"chisel-v3".to_vec()].concat();
        assert_eq!(markers.find(bytes.as_slice(), 1000), (vec![], 1000));
    }

    #[test]
    fn no_markers_read_nothing() {
        let markers = Markers::compile(&[]).unwrap();
        assert_eq!(markers.find([1, 2, 3].as_slice(), 10), (vec![], 0));
    }
}
