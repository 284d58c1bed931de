use serde::{Deserialize, Serialize};

/// A container, as its runtime's files describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// `docker`, `podman`, `containerd`, `lxc`.
    pub runtime: String,
    /// Its id, shortened to 12 characters.
    pub id: String,
    /// The image's name.
    pub image: String,
    /// Ports it publishes on the machine.
    pub published_ports: Vec<u16>,
    /// Whether it runs.
    pub running: Option<bool>,
}
