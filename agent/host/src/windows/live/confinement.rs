//! What a service on Windows gives up.

use super::job;

/// In words: whether starting programs is denied to this process, and why not.
///
/// # Errors
/// The reason, in words.
pub fn deny_programs() -> Result<(), String> {
    job::deny_programs().map_err(|error| error.to_string())
}
