//! The real clock.

use bearing_protocol::{Timestamp, clock::Clock};

/// The system's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one real clock of the agent")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
