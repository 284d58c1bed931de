//! Failed sign-ins are counted by name and by address.
//!
//! Always: an attempt is counted before its password is looked at, in one atomic step of the store, so that
//! parallel attempts cannot slip through; success forgets the name's count and keeps the address's.

use bearing_store::StoreError;
use jiff::SignedDuration;

use crate::app::App;

/// Minutes over which failures are counted.
pub const WINDOW_MINUTES: i64 = 15;
/// Failed attempts for one name in that time.
pub const MAX_FAILURES_PER_NAME: u32 = 10;
/// Attempts from one address in that time (an office shares one).
pub const MAX_FAILURES_PER_ADDRESS: u32 = 60;

/// Counts an attempt; true where it may go on.
pub(super) async fn admit(app: &App, name: &str, address: &str) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let since = now.saturating_sub(SignedDuration::from_mins(WINDOW_MINUTES)).unwrap_or(now);
    let by_address = app.store.count_failure(&of_address(address), now, since).await?;
    let by_name = app.store.count_failure(&of_name(name), now, since).await?;
    Ok(by_address <= MAX_FAILURES_PER_ADDRESS && by_name <= MAX_FAILURES_PER_NAME)
}

/// Forgets what was counted for a name that has signed in.
pub(super) async fn forget(app: &App, name: &str) -> Result<(), StoreError> {
    app.store.clear_failures(&of_name(name)).await
}

fn of_name(name: &str) -> String {
    format!("name:{name}")
}

fn of_address(address: &str) -> String {
    format!("address:{address}")
}
