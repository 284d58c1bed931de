//! What only Linux has and no file shows: the thin bodies that ask the kernel.

pub(crate) mod clock;
pub(crate) mod multicast_dns;
pub(crate) mod neighbours;
pub(crate) mod netlink;
pub(crate) mod process_watch;
pub(crate) mod sandbox;
pub(crate) mod watch;
