//! Devices by id, remembered for a short while, so that a heartbeat costs no query.
//!
//! Always: what is remembered decides only what may be tried; whether a message is taken, the commit decides
//! on the device's row. A device's key never changes, since its id is the key's digest.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use bearing_protocol::{id::DeviceId, key::PublicKey};
use bearing_store::{DeviceState, Store};
use tokio::time::Instant;

use super::Refused;

/// How long a device is remembered.
const REMEMBERED: Duration = Duration::from_secs(15);
/// Most devices that are remembered at once.
const MAX_REMEMBERED: usize = 200_000;

/// What ingest needs of a device.
#[derive(Clone, Debug)]
pub(super) struct KnownDevice {
    pub(super) key: PublicKey,
    pub(super) group: String,
    pub(super) simulated: bool,
    state: DeviceState,
}

/// Devices by id.
#[derive(Default)]
pub(super) struct KnownDevices(Mutex<HashMap<DeviceId, (KnownDevice, Instant)>>);

impl KnownDevices {
    /// The device with this id, where messages of it may be taken.
    pub(super) async fn find(&self, store: &dyn Store, id: &DeviceId) -> Result<KnownDevice, Refused> {
        let now = Instant::now();
        if let Some(device) = self.remembered(id, now) {
            return Ok(device);
        }
        let row = store.device(id).await?.ok_or_else(Refused::unknown_device)?;
        let device =
            KnownDevice { key: row.public_key, group: row.group, simulated: row.simulated, state: row.state };
        match device.state {
            DeviceState::Active => {}
            DeviceState::Pending => return Err(Refused::pending()),
            DeviceState::Revoked => return Err(Refused::revoked()),
        }
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(id.clone(), (device.clone(), now));
        Ok(device)
    }

    fn remembered(&self, id: &DeviceId, now: Instant) -> Option<KnownDevice> {
        let known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (device, since) = known.get(id)?;
        (now.duration_since(*since) < REMEMBERED).then(|| device.clone())
    }
}
