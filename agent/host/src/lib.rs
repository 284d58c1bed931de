//! Reading the machine: files and sockets only, never a child process.
//!
//! Always: each source is bounded in bytes, items and time, skips and counts what it cannot read, and
//! reports coverage; an operating system without a source says `Unsupported`, never an empty list.
//! Here alone is `unsafe` and `cfg(target_os)`; here nothing is judged.

pub mod clock;
pub mod collect;
pub mod collection;
pub mod gaps;
pub mod memory;
pub mod reading;
pub mod root;

// Devices and network.
mod desktop;
#[cfg(target_os = "linux")]
mod linux;
mod little_endian;
mod sysfs;
#[cfg(test)]
mod testing;

pub mod boot;
pub mod displays;
pub mod dns;
pub mod generic_netlink;
pub mod gvdb;
pub mod heard_names;
pub mod hid;
pub mod inhibitors;
pub mod input;
pub mod interfaces;
pub mod machine;
pub mod neighbours;
pub mod past_devices;
pub mod presence;
pub mod proxies;
pub mod radios;
pub mod routes;
pub mod rtnetlink;
pub mod storage;
pub mod time_zone;
pub mod usb;
pub mod wifi_regulatory;

// What the agent does besides reading.
pub mod resources;
pub mod sandbox;
pub mod service_notify;
pub mod watch;

// Software, accounts, posture.
pub mod assignments;
pub mod sections;
pub mod sqlite;
pub mod wildcard;

pub mod artefacts;
pub mod authorized_keys;
pub mod autostart;
pub mod browser_extensions;
pub mod containers;
pub mod disk_encryption;
pub mod executables;
pub mod firewall;
pub mod os;
pub mod packages;
pub mod process_watch;
pub mod processes;
pub mod screen_grants;
pub mod secure_boot;
pub mod sessions;
pub mod sockets;
pub mod ssh_client;
pub mod ssh_server;
pub mod tool_state;
pub mod units;
pub mod updates;
pub mod users;
#[cfg_attr(not(windows), allow(dead_code, reason = "its bodies are on Windows alone"))]
pub mod windows;

pub use collect::{Collection, collect, collect_remembering};
pub use memory::Memory;
pub use root::Root;
