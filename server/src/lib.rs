//! Ingest, correlate, api, console, jobs, exports.
//!
//! Always: a 2xx for a report is sent only after its commit reached the disk; every change by a person is
//! in the audit log; text from a device is data. Never here: SQL.

pub mod act;
pub mod anchor;
pub mod api;
pub mod app;
pub mod auth;
pub mod cases;
pub mod certificate;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod correlate;
pub mod evaluations;
pub mod evidence;
pub mod files;
pub mod geo;
pub mod hardware;
pub mod health;
pub mod ingest;
pub mod init;
pub mod installation;
pub mod jobs;
pub mod metrics;
pub mod release;
pub mod roster;
pub mod scim;
pub mod serve;
pub mod signin;
