//! Version 1. One noun one directory, one route one file.

pub(super) mod api_tokens;
pub(super) mod approvals;
pub(super) mod audit_log;
pub(super) mod cases;
pub(super) mod devices;
pub(super) mod evaluations;
pub(super) mod findings;
pub(super) mod groups;
pub(super) mod policies;
pub(super) mod roster;
pub(super) mod sign_ins;
pub(super) mod tie_approvals;
pub(super) mod tokens;
pub(super) mod trips;
pub(super) mod users;
