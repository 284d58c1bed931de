use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// A trip that the worker announces on the device. A declaration of a person: shown with every place verdict, and
/// whether it counts is policy's to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TripNotice {
    /// Drawn by the agent, 16 hex digits: the same notice sent twice is one trip.
    pub id: String,
    /// Countries, ISO 3166-1 alpha-2, 1 to [`MAX_TRIP_COUNTRIES`]. Empty withdraws the trip of this id.
    pub countries: Vec<String>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// When it was announced, by the agent's clock.
    pub declared_at: Timestamp,
}

/// Most countries of one trip.
pub const MAX_TRIP_COUNTRIES: usize = 12;
/// Longest trip in days.
pub const MAX_TRIP_DAYS: i32 = 366;
/// Most notices of one message.
pub const MAX_TRIP_NOTICES: usize = 16;
