//! `POST /agent/v1/neighbours`: the tenant's own interfaces, so that an agent tells colleagues' machines from everybody
//! else's on its own.
//!
//! Always: prefixes of keyed digests, of interfaces that devices reported themselves; made at most every few minutes,
//! and bounded. Whoever fetches it proves a device's key.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    Json,
    extract::{Request, State},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bearing_protocol::{
    Timestamp,
    api::{MAX_FILTER_ENTRIES, NeighbourFilter},
    payload::EchoPurpose,
};
use bearing_store::{Store, StoreError};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use tokio::{sync::Mutex, time::Instant};

use super::{Ingest, Refused};

/// How long a filter is handed out before it is made anew.
const MADE_EVERY: Duration = Duration::from_secs(600);
/// An interface that no device reported for so long is left out.
const REPORTED_WITHIN: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The filter, made anew now and then.
#[derive(Default)]
pub(super) struct Neighbours {
    current: RwLock<Option<(Instant, Arc<NeighbourFilter>)>>,
    making: Mutex<()>,
}

impl Neighbours {
    fn current(&self) -> Option<(Instant, Arc<NeighbourFilter>)> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The filter. While one request makes it anew, others are given the last one.
    pub(super) async fn read(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Option<Arc<NeighbourFilter>>, StoreError> {
        let kept = self.current();
        if let Some((since, filter)) = &kept
            && since.elapsed() < MADE_EVERY
        {
            return Ok(Some(filter.clone()));
        }
        let Ok(_making) = self.making.try_lock() else { return Ok(kept.map(|(_, filter)| filter)) };
        let limit = u32::try_from(MAX_FILTER_ENTRIES).unwrap_or(u32::MAX);
        let since = now.saturating_sub(REPORTED_WITHIN).unwrap_or(now);
        let filter = Arc::new(filter_of(&store.interface_values(since, limit).await?));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), filter.clone()));
        Ok(Some(filter))
    }
}

/// The filter of these interfaces. What is no digest of 16 hex digits is left out.
fn filter_of(values: &[String]) -> NeighbourFilter {
    let mut prefixes: Vec<u32> = values
        .iter()
        .filter(|value| value.len() == 16 && value.bytes().all(|b| b.is_ascii_hexdigit()))
        .filter_map(|value| u32::from_str_radix(value.get(..8)?, 16).ok())
        .collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes.truncate(MAX_FILTER_ENTRIES);
    let bytes: Vec<u8> = prefixes.iter().flat_map(|prefix| prefix.to_be_bytes()).collect();
    let version = hex::encode(&Sha256::digest(&bytes)[..8]);
    NeighbourFilter { version, prefixes: STANDARD.encode(&bytes) }
}

pub(super) async fn neighbours(
    State(ingest): State<Ingest>,
    request: Request,
) -> Result<Json<NeighbourFilter>, Refused> {
    let (head, body) = request.into_parts();
    ingest.open_echo(head, body, EchoPurpose::Neighbours).await?;
    let app = ingest.app();
    let filter = ingest.parts.neighbours.read(&*app.store, app.clock.now()).await?;
    let filter = filter.ok_or_else(|| Refused::unavailable("the filter is being made: try later"))?;
    Ok(Json(NeighbourFilter::clone(&filter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_sorted_single_and_of_digests_alone() {
        let values =
            ["ffff000011112222", "0000000a00000000", "0000000a99999999", "short", "zzzzzzzzzzzzzzzz"]
                .map(str::to_owned);
        let filter = filter_of(&values);
        assert_eq!(filter.prefixes, "AAAACv//AAA=");
        assert_eq!(filter.version.len(), 16);
        assert_eq!(filter_of(&values[..1]).prefixes, "//8AAA==");
        assert_ne!(filter_of(&[]).version, filter.version);
    }
}
