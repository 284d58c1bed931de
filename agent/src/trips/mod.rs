//! Trips that people announce on this machine.
//!
//! Always: an announced trip is on disk before its announcer is told so, and stays until the server acknowledged a message
//! that carried it; the same trip sent twice is one trip. A trip is a person's declaration: nothing here checks it, and
//! nobody needs to announce one. Who announced it stays on the machine.

mod book;
mod desk;
mod draft;
mod kept;

pub use book::{Announcer, Shown, TripBook, TripState};
pub use desk::{Answer, Request, SOCKET_FILE};
#[cfg(unix)]
pub use desk::{Desk, ask};
pub use draft::{Draft, TripError};
pub use kept::KeptDrafts;
