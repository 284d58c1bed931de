//! Keys that may sign in over SSH, as digests.
//!
//! Always: the default places below each account's home; a server that is told to look elsewhere
//! (`AuthorizedKeysFile`, `AuthorizedKeysCommand`) is not followed.

pub mod key_lines;

use std::collections::BTreeMap;

use bearing_protocol::fact::AuthorizedKeys;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    users::homes,
};
use key_lines::parse_key_lines;

const FILES: [&str; 2] = [".ssh/authorized_keys", ".ssh/authorized_keys2"];
const MAX_BYTES: usize = 2 * 1024 * 1024;
const MAX_KEYS_PER_FILE: usize = 2_000;
/// Most homes that are looked into, service accounts' included.
const MAX_HOMES: usize = 1_024;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<AuthorizedKeys>> {
    context.needs_linux()?;
    // Service accounts (`git`, `postgres`) may have keys too, whatever their shell.
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for home in homes(context) {
        places.entry(home.path).or_insert(home.user);
    }
    for user in &context.earlier.users {
        if let Some(home) = user.home.as_deref().filter(|home| home.len() > 1 && home.starts_with('/')) {
            places.entry(home.trim_end_matches('/').to_owned()).or_insert_with(|| user.name.clone());
        }
    }
    let mut gaps = Gaps::default();
    gaps.add_many("homes", Why::OverLimit, places.len().saturating_sub(MAX_HOMES) as u64);
    let mut files = Vec::new();
    for (home, user) in places.into_iter().take(MAX_HOMES) {
        for below in FILES {
            let path = format!("{home}/{below}");
            match context.root.read_text(&path, MAX_BYTES) {
                Ok(text) => {
                    let (keys, skipped) = parse_key_lines(&text, MAX_KEYS_PER_FILE);
                    gaps.add_many("key lines", Why::Malformed, u64::from(skipped));
                    let modified_at = context.root.metadata(&path).ok().and_then(|found| found.modified_at);
                    files.push(AuthorizedKeys { user: user.clone(), path, keys, modified_at });
                }
                // `/nonexistent` and files in a directory's place have no keys.
                Err(error) if error.kind == crate::root::ReadErrorKind::NotAFile => {}
                Err(error) => gaps.add_error("key files", &error),
            }
        }
    }
    let keys: usize = files.iter().map(|file| file.keys.len()).sum();
    let summary = format!("{keys} keys in {} files", files.len());
    Ok(Reading::with_gaps(files, summary, gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn keys_of_people_are_found_below_their_homes() {
        let machine = Machine::new();
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .file("/home/anna/.ssh/authorized_keys", include_str!("../captures/linux-6.18/authorized_keys"))
            .file("/root/.ssh/authorized_keys2", "no key\n");
        let reading = read(&machine.context()).unwrap();
        let found: Vec<_> = reading.value.iter().map(|f| (f.user.as_str(), f.keys.len())).collect();
        assert_eq!(found, [("anna", 2), ("root", 0)]);
        assert_eq!(reading.gaps.count("key lines", Why::Malformed), 1);
    }
}
