//! HID report descriptors: HID 1.11 section 6.2.2.
//!
//! Always: items are read as the standard writes them, short and long, with the global state's stack; the
//! collections are a flat list with parents, so depth costs no stack; usages are ranges, so a range of 65,536
//! costs one entry. Logical limits are signed by their size in bytes, and a maximum that is then below its
//! minimum is kept as an oddity, because real devices and one IP-KVM write it.
//! Two readings come of it: the exact bytes' digest, and the semantic key, which two descriptors share when a
//! host would treat them alike.

mod item;
mod key;
mod parse;
mod words;

pub use item::{Item, ItemKind, Items};
pub use key::{Axis, CollectionKey};
pub use parse::{
    Collection, CollectionKind, Field, FieldKind, ReportDescriptor, UsageRange, parse, parse_prefix,
};
pub use words::{DecodedLine, decode, decode_lines, usage_name};

use serde::{Deserialize, Serialize};

/// Most bytes of a report descriptor (Linux stops at 4,096; wDescriptorLength could say 65,535).
pub const MAX_REPORT_DESCRIPTOR_BYTES: usize = 16 * 1024;
/// Deepest nesting of collections.
pub const MAX_DEPTH: usize = 128;
/// Deepest global stack (push).
pub const MAX_STACK: usize = 64;
/// Most collections.
pub const MAX_COLLECTIONS: usize = 1_024;
/// Most usages and ranges on one field; more are dropped and counted as an error.
pub const MAX_USAGES: usize = 4_096;

/// Why bytes are not a report descriptor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum HidError {
    /// More bytes than we read.
    #[error("report descriptor of {bytes} bytes: the limit is {limit}", limit = MAX_REPORT_DESCRIPTOR_BYTES)]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// An item runs past the end.
    #[error("item at byte {offset} needs {needed} bytes of data and {available} are there")]
    Truncated {
        /// Where the item starts.
        offset: usize,
        /// Bytes of data it announces.
        needed: usize,
        /// Bytes that follow.
        available: usize,
    },
    /// End Collection without Collection.
    #[error("End Collection at byte {offset} closes nothing")]
    NothingToClose {
        /// Where.
        offset: usize,
    },
    /// The descriptor ends inside collections.
    #[error("{count} collections are still open at the end")]
    Unclosed {
        /// How many.
        count: usize,
    },
    /// Pop without Push.
    #[error("Pop at byte {offset} with an empty stack")]
    NothingToPop {
        /// Where.
        offset: usize,
    },
    /// More than a named limit.
    #[error("more than {limit} {what} at byte {offset}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// Where.
        offset: usize,
    },
    /// Report id 0 is reserved (HID 1.11 section 6.2.2.7).
    #[error("report id {id} at byte {offset}: 1 to 255 are allowed")]
    ReportId {
        /// What it says.
        id: u32,
        /// Where.
        offset: usize,
    },
}
