//! Ingest, correlate, api, console, jobs, exports.
//!
//! Always: a 2xx for a report is sent only after its commit reached the disk; every change by a person is
//! in the audit log; text from a device is data. Never here: SQL.

pub mod act;
pub mod api;
pub mod app;
pub mod auth;
pub mod console;
pub mod evaluations;
pub mod evidence;
