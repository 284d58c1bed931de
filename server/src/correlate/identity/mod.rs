//! Whether a key still speaks for the machine that enrolled with it: hardware changed under it (OT-02), one key on two
//! machines, one machine under two keys (AT-03).
//!
//! Always: the machine is three things, main board, disks, panel, and one of them may be repaired; a machine that was set
//! up again is remembered as such and is no finding; such a finding stands until a person resolves it.

mod lineage;
mod parts;
mod wording;

pub(super) use lineage::{speaks_again, two_keys};
pub(super) use parts::under_one_key;
