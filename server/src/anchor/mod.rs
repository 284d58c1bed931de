//! An anchor: a process of the organisation's own at a known point, which signs nonces so that round trips to it can be
//! believed.
//!
//! Always: an answer is smaller than its question, and a question that is not exactly right has none, so nobody is
//! amplified at; one source gets so many answers and no more; what is held is bounded. It knows no device and keeps
//! nothing. Never here: the store.

mod probe;
mod serve;

pub use probe::{ANSWER_BYTES, PROBE_BYTES, answer};
pub use serve::{Anchor, AnchorError};
