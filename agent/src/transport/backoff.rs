use std::time::Duration;

use crate::random::random_up_to;

/// How long to wait between attempts: exponential with full jitter, capped, so that a fleet that lost its server does
/// not come back as one. A server's Retry-After is a floor, with jitter on top.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// An attempt succeeded.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// An attempt failed: how long to wait. `floor` is what the server asked for.
    pub fn wait(&mut self, floor: Option<Duration>) -> Duration {
        self.wait_with(floor, random_up_to)
    }

    fn wait_with(&mut self, floor: Option<Duration>, random: impl Fn(u64) -> u64) -> Duration {
        let window = BASE.saturating_mul(2_u32.saturating_pow(self.failures)).min(CAP);
        self.failures = self.failures.saturating_add(1);
        match floor {
            Some(floor) => {
                let floor = floor.min(MAX_RETRY_AFTER);
                floor
                    + jitter(floor / RETRY_JITTER_PART, &random)
                        .max(jitter(window / RETRY_JITTER_PART, &random))
            }
            None => MINIMUM + jitter(window, &random),
        }
    }

    /// Failures since the last success.
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

fn jitter(up_to: Duration, random: &impl Fn(u64) -> u64) -> Duration {
    Duration::from_millis(random(u64::try_from(up_to.as_millis()).unwrap_or(u64::MAX)))
}

const BASE: Duration = Duration::from_secs(2);
const MINIMUM: Duration = Duration::from_secs(1);
/// Longest window of the agent's own waiting.
const CAP: Duration = Duration::from_secs(15 * 60);
/// Longest wait that a server may ask for: a day would be a way to silence a fleet.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// A quarter more than was asked for, at most.
const RETRY_JITTER_PART: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_doubles_up_to_its_cap_and_starts_anew_after_success() {
        let mut backoff = Backoff::default();
        let longest = |backoff: &mut Backoff| backoff.wait_with(None, |range| range);
        assert_eq!(longest(&mut backoff), Duration::from_secs(3));
        assert_eq!(longest(&mut backoff), Duration::from_secs(5));
        (0..40).for_each(|_| {
            let _ = longest(&mut backoff);
        });
        assert_eq!(longest(&mut backoff), CAP + MINIMUM);
        backoff.reset();
        assert_eq!(longest(&mut backoff), Duration::from_secs(3));
        assert_eq!(backoff.wait_with(None, |_| 0), MINIMUM);
    }

    #[test]
    fn a_retry_after_is_a_floor_and_has_a_ceiling() {
        let mut backoff = Backoff::default();
        let asked = Duration::from_secs(120);
        assert_eq!(backoff.wait_with(Some(asked), |_| 0), asked);
        assert_eq!(backoff.wait_with(Some(asked), |range| range), Duration::from_secs(150));
        let forever = Some(Duration::from_secs(u64::MAX));
        assert_eq!(backoff.wait_with(forever, |_| 0), MAX_RETRY_AFTER);
    }
}
