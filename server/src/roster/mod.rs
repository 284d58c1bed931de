//! The roster: who should be where, as the organisation says.
//!
//! Always: a file is taken whole or not at all, unless good rows are asked for; a dry run says exactly what would change;
//! the person's key is kept beside a keyed id that everything else uses. Nobody is told who lives with whom: a shared
//! place is an opaque word that workers declare.

mod export;
mod plan;
mod read;
mod row;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

pub use export::{export, template};
pub use plan::{Changed, Plan, plan};
pub use read::{BadRow, MAX_FILE_BYTES, MAX_ROWS, Roster, RosterError, read};

use crate::app::App;

/// Days after the first day in which somebody is newly hired.
pub const NEW_HIRE_DAYS: i64 = 90;

/// The keyed id of a person, from the HR key: 16 hex digits under a key that never leaves the server.
pub fn person_id(app: &App, key: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*app.observation_key) else { return String::new() };
    mac.update(b"roster person\0");
    mac.update(key.trim().as_bytes());
    hex::encode(&mac.finalize().into_bytes()[..8])
}
