//! Sign-in logs of an identity provider, held against where the devices were at the same minutes (GE-09).
//!
//! Always: nothing new is read on a device; a file is read whole or not at all, unless good rows are asked for; of a sign-in
//! that belongs to a device only keyed digests, country, network and class are kept, of any other nothing. What an
//! organisation's network or a browser's relay explains is no finding.

pub(crate) mod csv;
mod import;
mod judge;
mod read;
mod row;

pub use import::{DeviceNames, Imported, import};
pub use read::{BadRow, MAX_FILE_BYTES, Read, ReadError, read};
pub use row::{Provider, SignIn};
