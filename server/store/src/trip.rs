//! Announced trips: where to, when, who said so, who decided.
//!
//! Always: an id is one trip, however often it is announced; what is withdrawn stays withdrawn; a trip counts for the
//! device it was announced for and, where that has a person, for that person's other devices. Whether it counts is
//! policy's to say.

use bearing_protocol::{Timestamp, id::DeviceId};
use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{Page, PageRequest, StoreError};

/// Where a trip stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TripState {
    /// Announced; nobody decided.
    Announced,
    /// Somebody approved it.
    Approved,
    /// Somebody declined it.
    Declined,
    /// Taken back where it was announced.
    Withdrawn,
}

impl TripState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Announced, Self::Approved, Self::Declined, Self::Withdrawn];

    /// The word, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TripRow {
    /// Its id, 16 hex digits.
    pub id: String,
    /// For which device.
    pub device: DeviceId,
    /// Whose that device was then: the roster's id.
    pub person: Option<String>,
    /// Where to, ISO 3166-1 alpha-2. Empty where it was withdrawn before it arrived.
    pub countries: Vec<String>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// `device`, a user's name, or `api:` and a token's name.
    pub announced_by: String,
    /// When.
    pub announced_at: Timestamp,
    /// Where it stands.
    pub state: TripState,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

/// A decision on a trip.
#[derive(Clone, Debug)]
pub struct TripDecision {
    /// Approved, declined or withdrawn.
    pub state: TripState,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Which trips.
#[derive(Clone, Debug, Default)]
pub struct TripFilter {
    /// Only of this device.
    pub device: Option<DeviceId>,
    /// Only in this state.
    pub state: Option<TripState>,
    /// Only those that have not ended before this day.
    pub not_before: Option<Date>,
}

/// The days that it can be somewhere on Earth at an instant, the earliest and the latest: a trip names days and no zone.
pub fn days_at(now: Timestamp) -> (Date, Date) {
    /// Furthest behind UTC that a day is counted.
    const BEHIND: SignedDuration = SignedDuration::from_hours(12);
    /// Furthest before UTC.
    const AHEAD: SignedDuration = SignedDuration::from_hours(14);
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    (day(now.saturating_sub(BEHIND).unwrap_or(now)), day(now.saturating_add(AHEAD).unwrap_or(now)))
}

/// Trips.
#[async_trait::async_trait]
pub trait Trips {
    /// Adds those whose id is not there, in one transaction; a row in state withdrawn also withdraws the one that is.
    /// The positions (into `rows`) of those that changed something. The last reports of the devices they count for are
    /// judged again.
    async fn put_trips(&self, rows: &[TripRow]) -> Result<Vec<usize>, StoreError>;
    /// Decides; `None` where there is no such trip, `Conflict` where it was withdrawn. Judged again as above.
    async fn decide_trip(&self, id: &str, decision: &TripDecision) -> Result<Option<TripRow>, StoreError>;
    /// The trip with this id.
    async fn trip(&self, id: &str) -> Result<Option<TripRow>, StoreError>;
    /// A page, latest announced first.
    async fn trips(&self, filter: &TripFilter, page: &PageRequest) -> Result<Page<TripRow>, StoreError>;
    /// The trips that count for a device and touch `now` somewhere on Earth, whatever their state but withdrawn before
    /// they arrived; by first day.
    async fn trips_of(&self, device: &DeviceId, now: Timestamp) -> Result<Vec<TripRow>, StoreError>;
    /// How many trips were announced for a device since an instant.
    async fn trips_since(&self, device: &DeviceId, since: Timestamp) -> Result<u64, StoreError>;
    /// Forgets trips that ended before a day; how many.
    async fn forget_trips(&self, before: Date) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_as_long_as_it_is_somewhere() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let words = |at| {
            let (earliest, latest) = days_at(at);
            format!("{earliest} {latest}")
        };
        assert_eq!(words(at("2026-12-01T11:59:00Z")), "2026-11-30 2026-12-02");
        assert_eq!(words(at("2026-12-01T09:59:00Z")), "2026-11-30 2026-12-01");
        assert_eq!(words(at("2026-12-01T12:00:00Z")), "2026-12-01 2026-12-02");
    }
}
