//! Tools, devices and rules as data, compiled.

use bearing_protocol::plan::Plan;

/// The compiled catalogue: what the project ships, and what an organisation's policy adds.
#[derive(Debug, Default)]
pub struct Catalogue {}

impl Catalogue {
    /// The catalogue that is built into this binary.
    pub fn embedded() -> Self {
        Self::default()
    }

    /// What the host is to look for.
    pub fn plan(&self) -> Plan {
        Plan::default()
    }
}
