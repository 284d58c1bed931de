//! Where devices were seen from: runs of one address each, without the address itself.
//!
//! Always: a run is extended while address, country, network and class stay the same; raw addresses lie in a table
//! of their own and are forgotten by age; nothing here answers where a device was at one instant.

use bearing_protocol::{Timestamp, id::DeviceId, payload::RoundTrips};

use crate::StoreError;

/// What one connection came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSeen {
    /// 4 or 6.
    pub family: u8,
    /// Keyed digest of the address (IPv6: of its /64), 16 hex digits.
    pub digest: String,
    /// The address itself, kept for a few days; absent where it is not to be kept.
    pub address: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Country by the second source.
    pub alt_country: Option<String>,
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Egress class, as its word.
    pub class: String,
}

/// A device was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSighting {
    /// Which device.
    pub device: DeviceId,
    /// From where.
    pub source: SourceSeen,
    /// When.
    pub at: Timestamp,
}

/// A run: seen from one address for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// From where; `address` is absent.
    pub source: SourceSeen,
    /// First message of the run.
    pub first_seen: Timestamp,
    /// Last message of the run.
    pub last_seen: Timestamp,
    /// Messages.
    pub seen: u64,
}

/// An address that was not forgotten yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAddress {
    /// The address.
    pub address: String,
    /// When a message last came from it.
    pub last_seen: Timestamp,
}

/// From when on things are kept. What is older is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepFrom {
    /// Raw addresses.
    pub addresses: Timestamp,
    /// Runs, sign-ins and round trips. A device's very first run stays.
    pub places: Timestamp,
    /// Earlier verdicts.
    pub verdicts: Timestamp,
}

/// How much was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Raw addresses.
    pub addresses: u64,
    /// Runs, sign-ins and round trips.
    pub places: u64,
    /// Earlier verdicts.
    pub verdicts: u64,
}

/// Sightings.
#[async_trait::async_trait]
pub trait Sightings {
    /// Adds sightings in one transaction, in the order given. Messages add theirs in their own commit.
    async fn add_sightings(&self, sightings: &[NewSighting]) -> Result<(), StoreError>;
    /// A device's runs, newest first, at most `limit`.
    async fn sightings(&self, device: &DeviceId, limit: u32) -> Result<Vec<Sighting>, StoreError>;
    /// The very first run of a device.
    async fn first_sighting(&self, device: &DeviceId) -> Result<Option<Sighting>, StoreError>;
    /// The newest run of a device over one address family.
    async fn last_sighting(&self, device: &DeviceId, family: u8) -> Result<Option<Sighting>, StoreError>;
    /// A device's addresses that were not forgotten yet, newest first, at most `limit`.
    async fn raw_addresses(&self, device: &DeviceId, limit: u32) -> Result<Vec<RawAddress>, StoreError>;
    /// Whether a message of the device came between two instants.
    async fn was_heard(
        &self,
        device: &DeviceId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Values (keyed digests) of the fleet's own network interfaces that were reported since, at most `limit`.
    async fn interface_values(&self, since: Timestamp, limit: u32) -> Result<Vec<String>, StoreError>;
    /// Sets what was measured last.
    async fn set_round_trips(&self, device: &DeviceId, measured: &RoundTrips) -> Result<(), StoreError>;
    /// What was measured last.
    async fn round_trips(&self, device: &DeviceId) -> Result<Option<RoundTrips>, StoreError>;
    /// Forgets what is older than it may be kept.
    async fn forget_places(&self, keep: KeepFrom) -> Result<Forgotten, StoreError>;
}
