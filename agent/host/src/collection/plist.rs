//! Property lists of macOS: XML and binary.
//!
//! Always: depth, values and bytes are bounded, so a file that refers to itself or nests without end is an error and
//! never a wait; what is no property list is told apart from what is a broken one.
//! Facts: `PropertyList-1.0.dtd` and `CFBinaryPList.c` of Apple's CoreFoundation.

mod binary;
mod xml;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `string`.
    Text(String),
    /// `integer`; negative ones as two's complement, as the I/O registry prints them.
    Number(u64),
    /// `data`.
    Bytes(Vec<u8>),
    /// `true` and `false`.
    Flag(bool),
    /// `array`.
    List(Vec<Self>),
    /// `dict`, in its order.
    Map(Vec<(String, Self)>),
    /// `real`, `date`, and references.
    Other,
}

impl Value {
    /// The value of a key, where this is a dictionary that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Its text.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Its number.
    pub fn number(&self) -> Option<u64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// Its bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// Its elements; nothing where it is no array.
    pub fn list(&self) -> &[Self] {
        if let Self::List(list) = self { list } else { &[] }
    }
}

/// Why a file that begins as a property list is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlistError {
    /// It ends early, or points outside itself.
    #[error("the property list breaks off or points outside itself at byte {offset}")]
    Broken {
        /// Where.
        offset: usize,
    },
    /// Something that the format does not have.
    #[error("byte {offset} of the property list is no element of the format")]
    Syntax {
        /// Where.
        offset: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the property list nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More than [`MAX_VALUES`].
    #[error("the property list has more than {MAX_VALUES} values")]
    TooMany,
}

/// Reads either form; `None` where `bytes` begin as neither.
///
/// # Errors
/// See [`PlistError`].
pub fn parse(bytes: &[u8]) -> Option<Result<Value, PlistError>> {
    if bytes.starts_with(b"bplist0") {
        return Some(binary::parse(bytes));
    }
    is_xml(bytes).then(|| xml::parse(bytes))
}

fn is_xml(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    (text.starts_with("<?xml") || text.starts_with("<!DOCTYPE plist") || text.starts_with("<plist"))
        && text.contains("<plist")
}

/// How far into a file its kind must show.
const HEAD_BYTES: usize = 1_024;
/// Deepest nesting. The I/O registry of a Mac is about 40 levels deep, two for each.
pub const MAX_DEPTH: usize = 512;
/// Most values of one list. A Mac's whole I/O registry has about 300,000.
pub const MAX_VALUES: usize = 4_000_000;

#[cfg(test)]
mod tests;
