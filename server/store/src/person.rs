//! People of the roster: who should be where, and which devices are theirs.
//!
//! Always: a person's key is a keyed id; names stand apart, so that they can be erased or withheld alone; flags order
//! work and change no score; who lives with whom is not recorded, only the place that a worker declared.

use std::collections::BTreeMap;

use bearing_protocol::{Timestamp, id::DeviceId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Page, PageRequest, StoreError};

/// What is expected of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Keyed digest of the HR key, hex. Opaque.
    pub id: String,
    /// Declared countries, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// Declared region, in the organisation's own words.
    pub region: Option<String>,
    /// Declared home.
    pub home: Option<HomePoint>,
    /// Country that devices are shipped to.
    pub ship_to: Option<String>,
    /// Opaque id of a place that several workers declared to share.
    pub shared_place: Option<String>,
    /// How many workers that place has, as declared.
    pub shared_place_size: u32,
    /// First day.
    pub hired_on: Option<Date>,
    /// Whether a contractor.
    pub contractor: bool,
    /// Whether with privileged access.
    pub privileged: bool,
    /// Whether still with the organisation. History stays.
    pub active: bool,
    /// Where the row is from: `csv api scim`.
    pub source: String,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A declared home.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HomePoint {
    /// Latitude in degrees.
    pub latitude: f64,
    /// Longitude in degrees.
    pub longitude: f64,
    /// Radius in km.
    pub radius_km: f64,
}

/// What a person is called. Kept apart from [`PersonRow`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonNames {
    /// The HR key as imported.
    pub key: String,
    /// Display name.
    pub display_name: Option<String>,
    /// User name at the identity provider, lower case.
    pub user_name: Option<String>,
    /// The identity provider's id.
    pub external_id: Option<String>,
}

/// How a roster names a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceRefKind {
    /// The device's id.
    Id,
    /// Its host name, lower case.
    Hostname,
    /// Keyed digest of its serial number, hex.
    Serial,
    /// The id that device management gave it.
    Mdm,
}

/// A device as the roster names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceRef {
    /// How.
    pub kind: DeviceRefKind,
    /// What.
    pub value: String,
}

/// A person with all that belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// What is expected.
    pub row: PersonRow,
    /// What it is called.
    pub names: PersonNames,
    /// Which devices are its own.
    pub devices: Vec<DeviceRef>,
}

/// Which people.
#[derive(Clone, Debug, Default)]
pub struct PersonFilter {
    /// Display name, user name or key contains this.
    pub search: Option<String>,
    /// Only the active, or only those who left.
    pub active: Option<bool>,
    /// Exactly this user name (lower case).
    pub user_name: Option<String>,
    /// Exactly this id of the identity provider.
    pub external_id: Option<String>,
    /// Only rows of this source.
    pub source: Option<String>,
}

/// People.
#[async_trait::async_trait]
pub trait People {
    /// A person by id.
    async fn person(&self, id: &str) -> Result<Option<Person>, StoreError>;
    /// A page, by id.
    async fn people(&self, filter: &PersonFilter, page: &PageRequest) -> Result<Page<Person>, StoreError>;
    /// Adds or replaces people in one transaction. `Conflict` names a device that is another person's already; then
    /// nothing was changed. The last reports of devices whose person changed are judged again.
    async fn put_people(&self, people: &[Person], at: Timestamp) -> Result<(), StoreError>;
    /// Removes people in one transaction with names, devices and expectations; how many there were.
    async fn remove_people(&self, ids: &[String], at: Timestamp) -> Result<u64, StoreError>;
    /// Whose device it is: by id, otherwise by a host name that one device alone has.
    async fn person_of(&self, device: &DeviceId) -> Result<Option<Person>, StoreError>;
    /// The ids of the people of many devices; a device without a person is absent.
    async fn workers(&self, devices: &[DeviceId]) -> Result<BTreeMap<DeviceId, String>, StoreError>;
    /// A person's enrolled devices.
    async fn devices_of(&self, person: &str) -> Result<Vec<DeviceId>, StoreError>;
    /// How many people there are.
    async fn person_count(&self) -> Result<u64, StoreError>;
}
