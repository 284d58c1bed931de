//! EDID: what a display says about itself. VESA E-EDID A2 (structure 1.3 and 1.4), CTA-861 and DisplayID extensions.
//!
//! Always: the header and 128 bytes are needed, everything else wrong is a named fault and the rest is still read,
//! because one display in a thousand carries a wrong checksum or announces blocks that never come.
//! Serial numbers are personal: `shape_sha256` is the digest with all of them zeroed, for telling kinds apart.

mod base;
mod cta;
mod display_id;
mod redact;
mod timing;

pub use base::{Edid, EdidFault, Input, Interface, RangeLimits, StandardTiming, parse};
pub use cta::{Cta, DataBlock, Extension, HdmiBlock, HdmiForumBlock, VideoCode};
pub use display_id::{DisplayId, DisplayIdBlock};
pub use redact::without_personal;
pub use timing::DetailedTiming;

/// Bytes of one block.
pub const BLOCK_BYTES: usize = 128;
/// Most bytes of one EDID: the base block and the 255 extensions it can announce.
pub const MAX_EDID_BYTES: usize = BLOCK_BYTES * 256;

/// Why bytes are not an EDID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum EdidError {
    /// Fewer bytes than a base block.
    #[error("EDID of {bytes} bytes: the base block alone has {BLOCK_BYTES}")]
    TooShort {
        /// How many.
        bytes: usize,
    },
    /// More bytes than 255 extensions can hold.
    #[error("EDID of {bytes} bytes: more than {MAX_EDID_BYTES}")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// The fixed header is not there (E-EDID A2 section 3.3).
    #[error("the EDID header 00 ff ff ff ff ff ff 00 is not there")]
    NoHeader,
}
