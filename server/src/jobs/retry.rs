//! When a failed job is tried again.

use bearing_protocol::Timestamp;
use jiff::SignedDuration;

/// Longest wait between two tries.
const MAX_WAIT_SECONDS: i64 = 3_600;

/// Doubles from 5 seconds to an hour.
pub(super) fn retry_at(now: Timestamp, attempts: u32) -> Timestamp {
    let seconds = 5_i64.saturating_mul(1 << attempts.min(12)).min(MAX_WAIT_SECONDS);
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_at_an_hour() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(retry_at(now, 0).as_second(), 5);
        assert_eq!(retry_at(now, 3).as_second(), 40);
        assert_eq!(retry_at(now, 4_000_000_000).as_second(), 3_600);
    }
}
