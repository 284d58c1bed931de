//! Ingest, correlate, api, console, jobs, exports.
