//! Windows: its registry, its tables and its files, given meaning. Builds and is tested on every system; the bodies
//! that fetch are in `live` and exist on Windows alone.
//!
//! Always: nothing is started and no script is read; what a program's own strings say is kept as it says it; a key
//! that is not there is `unsupported` with its name, never an empty list.

mod artefacts;
mod autostart;
mod command;
mod devices;
mod displays;
#[cfg(windows)]
mod live;
mod machine;
mod network;
mod posture;
mod programs;
mod proxies;
mod registry;
#[cfg(test)]
mod registry_text;
mod remote_desktop;
mod services;
mod sessions;
pub mod smbios;
pub mod socket_tables;
mod system;
pub mod tasks;
mod time_zone;
mod usb_hub;
mod users;

#[cfg(windows)]
pub(crate) use live::read_source;
#[cfg(windows)]
pub use live::{job, places, privacy, seed, service};
