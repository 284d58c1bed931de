//! When to evaluate and when to check in.
//!
//! Always: policy sets the intervals; up to its share of jitter is added, drawn anew each time, so that a fleet that
//! started together does not speak together; a change of a device is waited out for a moment, because what is plugged
//! in announces itself several times.

use std::time::Duration;

use bearing_policies::policy::Schedule;
use tokio::time::Instant;

use crate::random::random_up_to;

/// The next instants. Monotonic: a wall clock that jumps moves nothing.
#[derive(Debug)]
pub struct Timetable {
    /// When to evaluate next.
    pub evaluation: Instant,
    /// When to check in next.
    pub check_in: Instant,
    /// When an answer to a change of a device is due, and since when it waits.
    device: Option<(Instant, Instant)>,
}

impl Timetable {
    /// From `now` on, by `schedule`.
    pub fn new(schedule: &Schedule, now: Instant) -> Self {
        Self {
            evaluation: now + evaluation_in(schedule),
            check_in: now + check_in_in(schedule),
            device: None,
        }
    }

    /// An evaluation begins at `now`.
    pub fn evaluated(&mut self, schedule: &Schedule, now: Instant) {
        self.evaluation = now + evaluation_in(schedule);
    }

    /// A message was sent or made at `now`: no heartbeat is due before the next interval is over.
    pub fn spoke(&mut self, schedule: &Schedule, now: Instant) {
        self.check_in = now + check_in_in(schedule);
    }

    /// A device came or went at `now`. More of the same within the window is one story.
    pub fn device_changed(&mut self, now: Instant) {
        let since = self.device.map_or(now, |(_, since)| since);
        self.device = Some(((now + SETTLE).min(since + SETTLE_AT_MOST), since));
    }

    /// Whether the change of a device has settled; asks once.
    pub fn take_settled_device(&mut self, now: Instant) -> bool {
        let settled = self.device.is_some_and(|(due, _)| due <= now);
        if settled {
            self.device = None;
        }
        settled
    }

    /// When something of it is due.
    pub fn next(&self) -> Instant {
        let next = self.evaluation.min(self.check_in);
        self.device.map_or(next, |(due, _)| next.min(due))
    }
}

fn evaluation_in(schedule: &Schedule) -> Duration {
    with_jitter(schedule.evaluate_every_minutes, schedule.jitter_percent)
}

fn check_in_in(schedule: &Schedule) -> Duration {
    with_jitter(schedule.check_in_every_minutes, schedule.jitter_percent)
}

fn with_jitter(minutes: u32, percent: u8) -> Duration {
    let interval = Duration::from_secs(u64::from(minutes) * 60);
    let range = interval.as_millis() * u128::from(percent) / 100;
    interval + Duration::from_millis(random_up_to(u64::try_from(range).unwrap_or(0)))
}

/// How long no further event must come before a change counts as settled.
const SETTLE: Duration = Duration::from_millis(400);
/// However many events come: an evaluation begins this long after the first.
const SETTLE_AT_MOST: Duration = Duration::from_millis(1_200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_only_adds_and_keeps_its_share() {
        for _ in 0..200 {
            let interval = with_jitter(60, 20);
            assert!(interval >= Duration::from_secs(3_600) && interval <= Duration::from_secs(4_320));
        }
        assert_eq!(with_jitter(5, 0), Duration::from_secs(300));
    }

    #[test]
    fn a_device_that_announces_itself_again_and_again_is_one_story_within_two_seconds() {
        let start = Instant::now();
        let mut table = Timetable::new(&Schedule::default(), start);
        assert!(!table.take_settled_device(start));
        for step in 0..10 {
            table.device_changed(start + Duration::from_millis(step * 150));
        }
        assert!(!table.take_settled_device(start + Duration::from_millis(1_199)));
        assert!(table.next() <= start + SETTLE_AT_MOST);
        assert!(table.take_settled_device(start + SETTLE_AT_MOST));
        assert!(!table.take_settled_device(start + Duration::from_secs(9)), "asked once");
    }
}
