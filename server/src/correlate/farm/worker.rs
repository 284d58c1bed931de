//! Whose device it is, and which shared place that person declared.

use bearing_protocol::id::DeviceId;
use bearing_store::StoreError;

use crate::app::App;

/// The person behind a device, as far as correlation needs it.
pub(crate) struct Worker {
    /// An opaque id: of the person, or of the device where nobody is known.
    pub(crate) id: String,
    /// The shared place that was declared.
    pub(crate) shared_place: Option<String>,
    /// How many declared it.
    pub(crate) shared_size: u32,
}

/// The worker of a device. A device without a person is its own worker.
pub(crate) async fn worker(app: &App, device: &DeviceId) -> Result<Worker, StoreError> {
    Ok(match app.store.person_of(device).await? {
        Some(person) => Worker {
            id: person.row.id,
            shared_place: person.row.shared_place,
            shared_size: person.row.shared_place_size,
        },
        None => Worker { id: device.to_string(), shared_place: None, shared_size: 0 },
    })
}
