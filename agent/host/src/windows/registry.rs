//! The registry, as every source here sees it: one key at a time, bounded.
//!
//! Always: a path begins with `HKLM\` or `HKU\`; names are compared without case; both views of a 64-bit system are
//! named (`WOW6432Node`), never switched.

use bearing_protocol::Timestamp;

use crate::{
    collection::hive::Data,
    gaps::{Gaps, Why},
    reading::Unread,
};

/// Most keys below one key, and most values of it.
pub(super) const MAX_ENTRIES: usize = 20_000;
/// Most bytes of a value.
pub(super) const MAX_VALUE_BYTES: usize = 1024 * 1024;

/// Why a key was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is not there.
    Missing,
    /// No permission.
    Denied,
    /// The system's error number.
    System(u32),
}

/// A key that was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("registry key `{path}`: {}", .failure.words())]
pub(super) struct RegistryError {
    pub(super) path: String,
    pub(super) failure: Failure,
}

impl Failure {
    fn words(self) -> String {
        match self {
            Self::Missing => "not there".to_owned(),
            Self::Denied => "no permission".to_owned(),
            Self::System(number) => format!("error {number}"),
        }
    }
}

impl From<RegistryError> for Unread {
    fn from(error: RegistryError) -> Self {
        match error.failure {
            Failure::Missing => Self::Unsupported(error.to_string()),
            Failure::Denied => Self::Denied(error.to_string()),
            Failure::System(_) => Self::Failed(error.to_string()),
        }
    }
}

/// A key: its values and the names of the keys below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) values: Vec<(String, Data)>,
    pub(super) children: Vec<String>,
    pub(super) written: Option<Timestamp>,
    /// Whether there is more than the limits allow.
    pub(super) cut: bool,
}

impl Key {
    /// A value's data; `""` is the value without a name.
    pub(super) fn value(&self, wanted: &str) -> Option<&Data> {
        self.values.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, data)| data)
    }

    /// A value's text; an empty one is none.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A value's number.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.value(name)?.number()
    }

    /// A value's texts.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Data::Texts(texts)) => texts.clone(),
            Some(Data::Text(text)) if !text.is_empty() => vec![text.clone()],
            _ => Vec::new(),
        }
    }

    /// A value's bytes.
    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        match self.value(name)? {
            Data::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Where keys come from.
pub(super) trait Registry {
    /// One key.
    fn key(&self, path: &str) -> Result<Key, RegistryError>;

    /// One key, where there is one; another failure is counted.
    fn found(&self, path: &str, gaps: &mut Gaps) -> Option<Key> {
        match self.key(path) {
            Ok(key) => {
                if key.cut {
                    gaps.add("registry keys", Why::OverLimit);
                }
                Some(key)
            }
            Err(error) => {
                match error.failure {
                    Failure::Missing => {}
                    Failure::Denied => gaps.add("registry keys", Why::Denied),
                    Failure::System(_) => gaps.add("registry keys", Why::Failed),
                }
                None
            }
        }
    }

    /// The accounts whose hive is loaded, by their security identifiers.
    fn loaded_accounts(&self, gaps: &mut Gaps) -> Vec<String> {
        let all = self.found("HKU", gaps).map(|key| key.children).unwrap_or_default();
        all.into_iter().filter(|sid| is_person(sid)).collect()
    }
}

/// Whether a security identifier is that of an account that people have: local, of a domain, or of Entra ID.
pub(super) fn is_person(sid: &str) -> bool {
    (sid.starts_with("S-1-5-21-") || sid.starts_with("S-1-12-1-")) && !sid.ends_with("_Classes")
}
