//! What the agent keeps on disk, below its state directory (`/var/lib/bearing`).
//!
//! Always: the directory and every file in it belong to the agent's user alone (0700, 0600); every write leaves
//! the old file or the new one, whole and on the disk; one process at a time holds the directory.

mod directory;
mod enrolment;
mod file;
mod lock;
pub mod paths;

pub use directory::StateDirectory;
pub use enrolment::{Enrolment, TlsTrust};
pub use file::{FileError, create_new, read_at_most, remove, write_atomically};
pub use lock::{Lock, LockError};
