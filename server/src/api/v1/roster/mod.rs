//! The roster: taken from CSV.

pub(in crate::api) mod import;
