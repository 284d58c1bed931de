//! The data files built into this crate, as (path, text), sorted by path.
//!
//! Always: every `.toml` below `rules`, `catalogue`, `profiles` and `cases`; `build.rs` makes the lists.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Version and digest of every rule.
pub static RULES_LOCK: &str = include_str!("../rules.lock");
