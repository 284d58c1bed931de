//! Serials that are nobody's, as the pseudonyms in which they arrive.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use bearing_policies::farm::serials::{DEFAULTS, is_default};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::app::App;

/// Longest serial of one repeated character that is tried.
const MAX_REPEATED: usize = 20;
const REPEATED: [char; 8] = ['0', '1', '9', 'F', 'f', 'X', 'x', '-'];
/// Hex digits of a pseudonym.
const PSEUDONYM_DIGITS: usize = 16;

/// Pseudonyms of default serials under one tenant key.
pub(super) struct Defaults(Arc<BTreeSet<String>>);

type Cached = Option<([u8; 32], Arc<BTreeSet<String>>)>;

/// The last key's: a server has one.
static CACHE: Mutex<Cached> = Mutex::new(None);

impl Defaults {
    pub(super) fn of(app: &App) -> Self {
        let key: &[u8; 32] = &app.tenant_key;
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, set)) = &*cache
            && of == key
        {
            return Self(Arc::clone(set));
        }
        let set = Arc::new(pseudonyms(key));
        *cache = Some((*key, Arc::clone(&set)));
        Self(set)
    }

    /// Whether a serial, as it arrived, is one: a pseudonym, and not of a default. One in clear is a constant of the
    /// catalogue.
    pub(super) fn is_serial(&self, serial: &str) -> bool {
        let is_pseudonym = serial.len() == PSEUDONYM_DIGITS && serial.bytes().all(|b| b.is_ascii_hexdigit());
        is_pseudonym && !is_default(serial) && !self.0.contains(serial)
    }
}

fn pseudonyms(key: &[u8; 32]) -> BTreeSet<String> {
    let plain = DEFAULTS.iter().flat_map(|text| [(*text).to_owned(), text.to_lowercase()]);
    let repeated = REPEATED
        .into_iter()
        .flat_map(|one| (1..=MAX_REPEATED).map(move |count| std::iter::repeat_n(one, count).collect()));
    let serials: Vec<String> = plain.chain(repeated).collect();
    let kinds = ["usb-serial", "display-serial"];
    kinds.iter().flat_map(|kind| serials.iter().map(move |serial| pseudonym(key, kind, serial))).collect()
}

/// As the agent makes them.
fn pseudonym(key: &[u8; 32], kind: &str, value: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(kind.as_bytes());
    mac.update(&[0]);
    mac.update(value.as_bytes());
    hex::encode(&mac.finalize().into_bytes()[..PSEUDONYM_DIGITS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_known_by_its_pseudonym() {
        let defaults = Defaults(Arc::new(pseudonyms(&[3; 32])));
        for serial in ["CAFEBABE", "cafebabe", "0123456789ABCDEF", "000000", "6b65796d696d6570690"] {
            assert!(!defaults.is_serial(&pseudonym(&[3; 32], "usb-serial", serial)), "{serial}");
        }
        assert!(defaults.is_serial(&pseudonym(&[3; 32], "usb-serial", "5CG2140QJK")));
        assert!(!defaults.is_serial("CAFEBABE"), "in clear: the catalogue's constant");
        assert!(!defaults.is_serial("0123456789abcdef"));
    }
}
