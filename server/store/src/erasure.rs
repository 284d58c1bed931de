//! Erasing what is kept about a person.
//!
//! Always: envelopes, numbers and chains stay, so that every signature still verifies; what goes is what they committed to,
//! and what was made of it about places.

use bearing_protocol::{Timestamp, id::DeviceId};

use crate::StoreError;

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Devices that were the person's: their disclosed values and places are gone.
    pub devices: Vec<DeviceId>,
    /// Messages whose disclosed values went.
    pub messages: u64,
    /// Trips.
    pub trips: u64,
    /// Sign-ins.
    pub sign_ins: u64,
}

/// Erasure.
#[async_trait::async_trait]
pub trait Erasure {
    /// Erases a person in one transaction: names, declared places, devices, trips, sign-ins; of each of the devices all
    /// disclosed values, addresses, places, round trips and earlier verdicts, and the evidence of findings. The last
    /// reports of the devices are judged again. `None` where there is no such person.
    async fn erase_person(&self, person: &str, at: Timestamp) -> Result<Option<Erased>, StoreError>;
}
