//! Evidence that outlives the server: an evaluation's bundle, and checking one offline.
//!
//! Always: a bundle is one JSON file with the signed result, every answering report as it came, its
//! disclosures and its observation; checking needs the bundle and public keys, nothing else, and computes
//! every result again from the reports.

mod bundle;
mod export;
mod verify;

pub use bundle::{Bundle, BundleReport, SCHEMA};
pub use export::{ExportError, export};
pub use verify::{Check, TrustedKey, Verification, commitments, verify};
