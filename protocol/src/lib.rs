//! What agent and server say to each other, and the words both think in.
//!
//! Always: plain serde types and pure functions over them. Never here: files, sockets, the real
//! clock, anything of one operating system.

pub mod api;
pub mod clock;
pub mod commitment;
pub mod coverage;
pub mod digest;
pub mod envelope;
pub mod fact;
pub mod finding;
pub mod id;
pub mod key;
pub mod limits;
pub mod outcome;
pub mod payload;
pub mod plan;
pub mod report;
pub mod rule;
pub mod severity;
pub mod text;
pub mod token;

pub use jiff::Timestamp;
