//! Reading the machine: files and sockets only, never a child process.
//!
//! Always: each source is bounded in bytes, items and time, skips and counts what it cannot read, and
//! reports coverage; an operating system without a source says `Unsupported`, never an empty list.
//! Here alone is `unsafe` and `cfg(target_os)`; here nothing is judged.

pub mod clock;
pub mod collect;
pub mod root;

pub use collect::{Collection, collect};
pub use root::Root;
