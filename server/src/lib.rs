//! Ingest, correlate, api, console, jobs, exports.
//!
//! Always: a 2xx for a report is sent only after its commit reached the disk; every change by a person is
//! in the audit log; text from a device is data. Never here: SQL.

pub mod app;
pub mod evaluations;
pub mod evidence;
