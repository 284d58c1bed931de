//! Forgetting what may be kept no longer.
//!
//! Always: by the injected clock, in one transaction, at most once an hour; what was forgotten is counted in the log and
//! nowhere else. Twice is once.

use bearing_protocol::Timestamp;
use bearing_store::{Forgotten, KeepFrom, StoreError, days_at};
use jiff::SignedDuration;
use tracing::info;

use super::Worker;

/// How long raw source addresses are kept.
pub const ADDRESSES: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long runs of addresses (keyed digest, country, network, class), sign-ins and round trips are kept, and trips after
/// their last day.
pub const PLACES: SignedDuration = SignedDuration::from_hours(60 * 24);
/// How long earlier verdicts are kept.
pub const VERDICTS: SignedDuration = SignedDuration::from_hours(60 * 24);
/// How often it is looked for.
const EVERY: SignedDuration = SignedDuration::from_hours(1);

/// From when on things are kept at `now`.
pub fn keep_from(now: Timestamp) -> KeepFrom {
    let since = |age| now.saturating_sub(age).unwrap_or(Timestamp::MIN);
    KeepFrom { addresses: since(ADDRESSES), places: since(PLACES), verdicts: since(VERDICTS) }
}

impl Worker {
    /// Forgets, where the last time is an hour ago. A clock that jumped back is no reason to wait.
    pub(super) async fn forget(&self) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        let mut last = self.forgotten_at.lock().await;
        if last.is_some_and(|last| (SignedDuration::ZERO..EVERY).contains(&now.duration_since(last))) {
            return Ok(());
        }
        let forgotten = self.app.store.forget_places(keep_from(now)).await?;
        self.app.store.forget_links(keep_from(now).places).await?;
        self.app.store.forget_trips(days_at(keep_from(now).places).0).await?;
        *last = Some(now);
        if forgotten != Forgotten::default() {
            let Forgotten { addresses, places, verdicts } = forgotten;
            info!(addresses, places, verdicts, "forgot what may be kept no longer");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_after_a_week_and_places_after_two_months() {
        let now: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
        let keep = keep_from(now);
        assert_eq!(keep.addresses.to_string(), "2026-11-18T00:00:00Z");
        assert_eq!(keep.places.to_string(), "2026-09-26T00:00:00Z");
        assert_eq!(keep.verdicts, keep.places);
        assert_eq!(keep_from(Timestamp::MIN).places, Timestamp::MIN);
    }
}
