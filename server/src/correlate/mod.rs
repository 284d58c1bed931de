//! From a stored report to findings, place and verdict.
//!
//! Always: what is judged is opened again from the stored envelope with the device's key; what only the server
//! can see is of origin `server`; nothing here reaches outside the store.

mod chain;
mod clock;
pub mod farm;
mod identity;
mod open;
mod own;
mod place;
mod release;
mod report;
mod sign_in;
mod silence;
mod trip;
mod verdict;
mod wording;

pub use chain::{chain, fork};
pub use open::{CorrelateError, assemble};
pub use report::{Judged, report};
pub use sign_in::sign_in;
pub use silence::{is_silent, silence, silence_ended};
pub use trip::trips;
pub(crate) use verdict::risk_input;
pub use verdict::verdict;
