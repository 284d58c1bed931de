//! The real clock. Everything else takes a [`Clock`].

use bearing_protocol::{Timestamp, clock::Clock};

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one real clock of the server")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
