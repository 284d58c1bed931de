//! The tenant's own interfaces, as far as the server handed them out: 32 bit of each interface's keyed digest.
//!
//! Always: neighbours are matched here, on the machine; a neighbour that is nobody's of the organisation never leaves, not
//! even as a digest. A filter that is damaged, unsorted or too large is refused whole, and the one before stays.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bearing_protocol::{
    api::{MAX_FILTER_ENTRIES, NeighbourFilter},
    text::printable,
};

use crate::state::{FileError, StateDirectory};

/// The filter in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Colleagues {
    version: Option<String>,
    prefixes: Vec<u32>,
}

/// Why a filter cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum FilterError {
    #[error("the filter of the organisation's interfaces is not base64")]
    Base64,
    #[error("the filter of the organisation's interfaces has {bytes} bytes, which are no whole entries")]
    Length { bytes: usize },
    #[error("the filter of the organisation's interfaces has more than {MAX_FILTER_ENTRIES} entries")]
    TooMany,
    #[error("the filter of the organisation's interfaces is not sorted")]
    Unsorted,
    #[error("`{0}` is no version of a filter")]
    Version(String),
}

impl Colleagues {
    const FILE: &'static str = "colleagues.json";

    /// What was kept; nothing where there is none or it cannot be used: the server hands it out again.
    pub fn load(directory: &StateDirectory) -> Self {
        let filter: Option<NeighbourFilter> = directory.read_json(Self::FILE).ok().flatten();
        filter.and_then(|filter| Self::of(&filter).ok()).unwrap_or_default()
    }

    /// The filter, checked.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn of(filter: &NeighbourFilter) -> Result<Self, FilterError> {
        let version = &filter.version;
        if version.is_empty()
            || version.len() > MAX_VERSION_BYTES
            || !version.bytes().all(|b| b.is_ascii_hexdigit())
        {
            return Err(FilterError::Version(printable(version, MAX_VERSION_BYTES)));
        }
        if filter.prefixes.len() > MAX_FILTER_ENTRIES * BYTES_IN_BASE64 {
            return Err(FilterError::TooMany);
        }
        let bytes = STANDARD.decode(&filter.prefixes).map_err(|_| FilterError::Base64)?;
        let (entries, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(FilterError::Length { bytes: bytes.len() });
        }
        if entries.len() > MAX_FILTER_ENTRIES {
            return Err(FilterError::TooMany);
        }
        let prefixes: Vec<u32> = entries.iter().map(|entry| u32::from_be_bytes(*entry)).collect();
        if !prefixes.is_sorted_by(|a, b| a < b) {
            return Err(FilterError::Unsorted);
        }
        Ok(Self { version: Some(version.clone()), prefixes })
    }

    /// Keeps a filter.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn keep(directory: &StateDirectory, filter: &NeighbourFilter) -> Result<(), FileError> {
        directory.write_json(Self::FILE, filter)
    }

    /// Its version, where there is one.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Whether a pseudonym (hex) may be one of the organisation's interfaces.
    pub fn may_hold(&self, pseudonym: &str) -> bool {
        let prefix = pseudonym.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        prefix.is_some_and(|prefix| self.prefixes.binary_search(&prefix).is_ok())
    }
}

const MAX_VERSION_BYTES: usize = 64;
/// More than four bytes take in base64.
const BYTES_IN_BASE64: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(prefixes: &[u32]) -> NeighbourFilter {
        let bytes: Vec<u8> = prefixes.iter().flat_map(|prefix| prefix.to_be_bytes()).collect();
        NeighbourFilter { version: "00ff00ff00ff00ff".to_owned(), prefixes: STANDARD.encode(bytes) }
    }

    #[test]
    fn only_what_begins_alike_is_held() {
        let colleagues = Colleagues::of(&filter(&[1, 0xaabb_ccdd, u32::MAX])).unwrap();
        assert!(colleagues.may_hold("aabbccdd00112233") && colleagues.may_hold("00000001ffffffff"));
        assert!(
            !colleagues.may_hold("aabbccde00112233")
                && !colleagues.may_hold("aabb")
                && !colleagues.may_hold("üüüü")
        );
        assert!(!Colleagues::default().may_hold("0000000000000000"));
        assert_eq!(Colleagues::of(&filter(&[])).unwrap().version(), Some("00ff00ff00ff00ff"));
    }

    #[test]
    fn damaged_filters_are_refused_whole() {
        let of = |prefixes: &str| {
            let filter = NeighbourFilter { version: "0a".to_owned(), prefixes: prefixes.to_owned() };
            Colleagues::of(&filter).unwrap_err()
        };
        assert_eq!(of("???"), FilterError::Base64);
        assert_eq!(of("AAAA"), FilterError::Length { bytes: 3 });
        assert_eq!(Colleagues::of(&filter(&[2, 1])), Err(FilterError::Unsorted));
        assert_eq!(Colleagues::of(&filter(&[2, 2])), Err(FilterError::Unsorted), "twice");
        assert_eq!(of(&"A".repeat(MAX_FILTER_ENTRIES * 8)), FilterError::TooMany);
        let many: Vec<u32> = (0..=u32::try_from(MAX_FILTER_ENTRIES).unwrap()).collect();
        assert_eq!(Colleagues::of(&filter(&many)), Err(FilterError::TooMany));
        let odd = NeighbourFilter { version: "\u{1b}[2J".to_owned(), prefixes: String::new() };
        assert!(!Colleagues::of(&odd).unwrap_err().to_string().contains('\u{1b}'));
    }

    #[test]
    fn it_survives_a_restart_and_damage_is_none() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDirectory::new(temporary.path());
        assert_eq!(Colleagues::load(&directory), Colleagues::default());
        Colleagues::keep(&directory, &filter(&[7])).unwrap();
        assert!(Colleagues::load(&directory).may_hold("0000000700000000"));
        std::fs::write(directory.file(Colleagues::FILE), "{").unwrap();
        assert_eq!(Colleagues::load(&directory), Colleagues::default());
    }
}
