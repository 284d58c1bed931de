//! What is known of the address that a device's message came from.
//!
//! Always: by the tables in use at that moment, and by the sites of the policy published for the device's group.

use std::net::IpAddr;

use super::{Ingest, Refused};
use crate::geo::Seen;

impl Ingest {
    /// Looks up where a message of a device in `group` came from.
    pub(super) async fn seen(&self, source: IpAddr, group: &str) -> Result<Seen, Refused> {
        let app = self.app();
        let standing = self.parts.standing.read(&*app.store).await?;
        Ok(app.geo.current().look_up_from(source, standing.sites(group)))
    }
}
