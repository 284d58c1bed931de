//! The device's clock beside the server's (AT-06).
//!
//! Always: a report that waited in the spool is old, not skewed. A clock that runs behind is believed only of a
//! report that was sent as soon as it was signed: the newest message, and none came just before it.

use bearing_protocol::{
    coverage::Source, finding::Finding, payload::ObservationPayload, severity::Confidence,
};
use jiff::SignedDuration;

use super::{
    CorrelateError,
    open::Stored,
    wording::{CLOCK, evidence},
};
use crate::app::App;

/// How far a device's clock may be off before it is a finding, in milliseconds.
const MAX_SKEW_MS: u64 = 5 * 60 * 1_000;
/// Messages closer together than this come from a spool that is being emptied.
const SPOOL_PACE: SignedDuration = SignedDuration::from_secs(60);

/// What a report says about its device's clock.
pub(super) enum Reading {
    /// The report may have waited: nothing can be said.
    Unknown,
    /// The clock is right, within bounds.
    Right,
    /// Server's clock minus the device's, in milliseconds.
    Off(i64),
}

impl Reading {
    /// Reads the clock off a report.
    pub(super) async fn of(
        app: &App,
        stored: &Stored,
        observation: Option<&ObservationPayload>,
    ) -> Result<Self, CorrelateError> {
        let Some(skew) = observation.map(|one| one.clock_skew_ms) else { return Ok(Self::Unknown) };
        if skew.unsigned_abs() <= MAX_SKEW_MS {
            return Ok(Self::Right);
        }
        if skew < 0 {
            return Ok(Self::Off(skew)); // nothing waits before it is signed
        }
        let is_newest = stored.device.sequence == stored.report.sequence;
        let before = match stored.report.sequence.checked_sub(1) {
            Some(sequence) if sequence > 0 => app.store.message(&stored.device.id, sequence).await?,
            _ => None,
        };
        let before = before.map_or(stored.device.enrolled_at, |message| message.received_at);
        let alone = stored.message.received_at.duration_since(before) > SPOOL_PACE;
        Ok(if is_newest && alone { Self::Off(skew) } else { Self::Unknown })
    }

    /// Whether something can be said.
    pub(super) const fn is_assessed(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// The finding, where the clock is off.
    pub(super) fn finding(&self) -> Option<Finding> {
        let Self::Off(skew) = self else { return None };
        let minutes = skew.unsigned_abs() / 60_000;
        let direction = if *skew > 0 { "behind" } else { "ahead" };
        let shown = vec![evidence(
            Source::Boot,
            "report",
            "sent_at",
            format!("{minutes} minutes {direction}"),
            "The time in the signed report and the server's own at its receipt differ by more than 5 minutes.",
        )];
        let title = format!("The clock is {minutes} minutes {direction}");
        CLOCK.finding("clock", Confidence::Medium, title, "clock:device", shown)
    }
}
