//! Who else is behind a device's address: what the place evaluation asks.

use bearing_policies::place::{Fleet, SharedPlace};
use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{Crowd, LinkKind, LinkRow, StoreError};
use jiff::SignedDuration;

use super::worker::worker;
use crate::app::App;

/// How long an address counts (LF-01).
pub(super) const ADDRESS_WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Most holders of an address that are counted.
const MAX_HOLDERS: u32 = 300;
/// From how many workers on one gateway it says more than the address does.
const GATEWAY_WORKERS: u32 = 3;

/// The company of a device as its last judged report left it: distinct workers behind its addresses within seven days,
/// whether they share its gateway, and what declared place explains it.
///
/// # Errors
/// The store's.
pub async fn company(app: &App, device: &DeviceId, now: Timestamp) -> Result<Fleet, StoreError> {
    let links = app.store.links_of(device).await?;
    let addresses: Vec<String> =
        links.iter().filter(|link| is_current(link)).map(|l| l.value.clone()).collect();
    crowd_behind(app, device, &addresses, site_of(&links), now).await
}

/// The same for addresses (keyed digests) of which nothing may be stored yet. `site` is the kind of the organisation's
/// site it is at.
///
/// # Errors
/// The store's.
pub async fn crowd_behind(
    app: &App,
    device: &DeviceId,
    addresses: &[String],
    site: Option<String>,
    now: Timestamp,
) -> Result<Fleet, StoreError> {
    let since = now.saturating_sub(ADDRESS_WINDOW).unwrap_or(now);
    let mut crowd = Crowd { workers: 1, on_gateway: 1, in_shared_place: 1 };
    for address in addresses {
        let one = app.store.crowd(device, address, since, MAX_HOLDERS).await?;
        if one.workers > crowd.workers {
            crowd = one;
        }
    }
    let place = match site {
        Some(kind) => Some(SharedPlace::Kind(kind)),
        None => shared_place(app, device, crowd).await?,
    };
    Ok(Fleet {
        workers_same_ip_7d: crowd.workers,
        same_gateway: crowd.on_gateway >= GATEWAY_WORKERS,
        place,
        first_checkin_country: None,
    })
}

/// The shared place that the person declared, where all who are there declared it too.
async fn shared_place(app: &App, device: &DeviceId, crowd: Crowd) -> Result<Option<SharedPlace>, StoreError> {
    let own = worker(app, device).await?;
    let all_declared = crowd.in_shared_place >= crowd.workers;
    Ok((own.shared_place.is_some() && all_declared)
        .then(|| SharedPlace::Sized { kind: "shared_place".to_owned(), size: Some(own.shared_size) }))
}

fn is_current(link: &LinkRow) -> bool {
    link.kind == LinkKind::Address && link.present
}

/// The kind of site that the last report came from.
fn site_of(links: &[LinkRow]) -> Option<String> {
    let address = links.iter().find(|link| is_current(link))?;
    address.detail.split_once(' ').map(|(_, site)| site.to_owned())
}
