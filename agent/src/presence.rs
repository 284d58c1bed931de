//! Day flags of lid and built-in input, for KV-08: kept only where policy opts in.
//!
//! Always: of a day two flags stay, never a time or a count; at most [`MAX_DAYS`] days; what cannot be told counts as
//! presence, so that nothing is concluded from a machine that does not tell; erased where policy no longer asks.

use bearing_protocol::{
    Timestamp,
    coverage::{Coverage, Source, Status},
    fact::{Facts, PresenceDays},
};
use jiff::{
    civil::{Date, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

use crate::state::{FileError, StateDirectory, remove};

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    days: Vec<Day>,
    /// The last count of the built-in input, and of which start of the machine.
    last: Option<(String, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Day {
    date: Date,
    /// Whether the lid was seen open, or could not be seen.
    lid_open: bool,
    /// Whether built-in keyboard or pointer moved, or could not be asked.
    input: bool,
    /// Whether there were two looks between which something could have moved.
    observed: bool,
}

impl Days {
    const FILE: &'static str = "presence.json";

    /// Takes in one look, keeps it in `directory`, and tells what it comes to.
    pub fn note(directory: &StateDirectory, facts: &mut Facts, count: Option<u64>, now: Timestamp) {
        let mut days: Self = directory.read_json(Self::FILE).ok().flatten().unwrap_or_default();
        days.look(facts.machine.lid_open, facts.boot.id.as_deref(), count, now);
        let (status, detail) = match directory.write_json(Self::FILE, &days) {
            Ok(()) if count.is_none() => {
                (Status::Partial, "the kernel does not count built-in input here".to_owned())
            }
            Ok(()) => (Status::Ok, format!("{} days, two flags each", days.days.len())),
            Err(failure) => (Status::Error, failure.to_string()),
        };
        facts.presence = Some(days.presence());
        facts.coverage.retain(|line| line.source != Source::PresenceDays);
        facts.coverage.push(Coverage { source: Source::PresenceDays, status, detail });
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// [`FileError::Remove`].
    pub fn erase(directory: &StateDirectory) -> Result<(), FileError> {
        remove(&directory.file(Self::FILE))
    }

    fn look(&mut self, lid_open: Option<bool>, boot: Option<&str>, count: Option<u64>, now: Timestamp) {
        let before = self.last.take().filter(|(of, _)| Some(of.as_str()) == boot).map(|(_, count)| count);
        self.last = boot.map(str::to_owned).zip(count);
        let date = now.to_zoned(TimeZone::UTC).date();
        if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return;
        }
        let moved = match (before, count) {
            (Some(before), Some(count)) => before != count,
            // The first look after a start: nothing to compare with yet.
            (None, Some(_)) => false,
            (_, None) => true,
        };
        if self.days.last().is_none_or(|day| day.date < date) {
            self.days.push(Day { date, lid_open: false, input: false, observed: false });
        }
        if let Some(day) = self.days.last_mut() {
            day.lid_open |= lid_open != Some(false);
            day.input |= moved;
            day.observed |= before.is_some();
        }
        let surplus = self.days.len().saturating_sub(MAX_DAYS);
        self.days.drain(..surplus);
    }

    fn presence(&self) -> PresenceDays {
        let newest = || self.days.iter().rev().filter(|day| day.observed);
        let count = |days: usize| u32::try_from(days).unwrap_or(u32::MAX);
        PresenceDays {
            days_observed: count(newest().count()),
            days_lid_shut: count(newest().take_while(|day| !day.lid_open).count()),
            days_builtin_input_silent: count(newest().take_while(|day| !day.input).count()),
        }
    }
}

/// Most days.
const MAX_DAYS: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    /// Two looks on each of `days` days from a Monday on.
    fn watched(days: i64, lid_open: Option<bool>, count: impl Fn(i64) -> Option<u64>) -> Days {
        let monday: Timestamp = "2026-11-02T08:00:00Z".parse().unwrap();
        let mut kept = Days::default();
        for look in 0..days * 2 {
            let now = monday.checked_add(jiff::SignedDuration::from_hours(look * 12)).unwrap();
            kept.look(lid_open, Some("boot"), count(look), now);
        }
        kept
    }

    #[test]
    fn working_days_on_which_nothing_moved_are_counted() {
        let presence = watched(14, Some(false), |_| Some(7)).presence();
        assert_eq!(
            (presence.days_observed, presence.days_lid_shut, presence.days_builtin_input_silent),
            (10, 10, 10)
        );
    }

    #[test]
    fn one_key_on_the_last_day_ends_the_row() {
        let presence = watched(5, Some(false), |look| Some(if look == 9 { 8 } else { 7 })).presence();
        assert_eq!((presence.days_lid_shut, presence.days_builtin_input_silent), (5, 0));
    }

    #[test]
    fn what_cannot_be_told_is_presence() {
        let presence = watched(5, None, |_| None).presence();
        assert_eq!((presence.days_lid_shut, presence.days_builtin_input_silent), (0, 0));
    }

    #[test]
    fn a_month_is_kept_and_no_time_of_day() {
        let kept = watched(100, Some(false), |_| Some(7));
        assert_eq!(kept.days.len(), MAX_DAYS);
        let text = serde_json::to_string(&kept).unwrap();
        assert!(!text.contains("08:00") && !text.contains('T'), "{text}");
    }
}
