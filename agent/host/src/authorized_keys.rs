//! Keys that may sign in over SSH, as digests.
//!
//! Always: the default places below each account's home, and those that the server's `AuthorizedKeysFile`
//! names; a program it asks for keys (`AuthorizedKeysCommand`) is not run, and that is said.

pub mod key_lines;

use std::collections::BTreeMap;

use bearing_protocol::fact::AuthorizedKeys;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    ssh_server::read_config,
    users::homes,
};
use key_lines::parse_key_lines;

/// `AuthorizedKeysFile` where nothing else is configured. These are read in any case: a file that is not
/// in force now is one line away from it.
const FILES: [&str; 2] = [".ssh/authorized_keys", ".ssh/authorized_keys2"];
const MAX_BYTES: usize = 2 * 1024 * 1024;
const MAX_KEYS_PER_FILE: usize = 2_000;
/// Most places that one server is believed to look at.
const MAX_PATTERNS: usize = 16;
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
    let mut patterns: Vec<String> = FILES.iter().map(|file| (*file).to_owned()).collect();
    match read_config(&context.root, &mut Gaps::default()) {
        Ok(config) => {
            let config = config.unwrap_or_default();
            let configured = config.authorized_keys_files.unwrap_or_default();
            let new = configured.into_iter().filter(|file| !file.eq_ignore_ascii_case("none"));
            patterns.extend(new.take(MAX_PATTERNS).filter(|file| !FILES.contains(&file.as_str())));
            if config.authorized_keys_command {
                gaps.note("the server asks a program for keys");
            }
        }
        Err(error) => gaps.add_error("server configurations", &error),
    }
    let mut files: Vec<AuthorizedKeys> = Vec::new();
    for (home, user) in places.into_iter().take(MAX_HOMES) {
        for pattern in &patterns {
            let path = expand(pattern, &home, &user);
            if files.iter().any(|file| file.path == path) {
                continue;
            }
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

/// Replaces the tokens of sshd_config(5): `%h`, `%u` and `%%`; a path that is not absolute is below home.
fn expand(pattern: &str, home: &str, user: &str) -> String {
    let mut path = String::new();
    let mut characters = pattern.strip_prefix("%h/").unwrap_or(pattern).chars();
    if pattern.starts_with("%h/") || !pattern.starts_with('/') {
        path.push_str(home);
        path.push('/');
    }
    while let Some(c) = characters.next() {
        if c != '%' {
            path.push(c);
            continue;
        }
        match characters.next() {
            Some('u') => path.push_str(user),
            Some('h') => path.push_str(home),
            Some(other) => path.push(other),
            None => path.push('%'),
        }
    }
    path
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
        machine
            .file(
                "/etc/ssh/sshd_config",
                "AuthorizedKeysFile .ssh/authorized_keys /etc/keys/%u\nAuthorizedKeysCommand /x\n",
            )
            .file("/etc/keys/anna", include_str!("../captures/linux-6.18/authorized_keys"));
        let reading = read(&machine.context()).unwrap();
        let found: Vec<_> = reading.value.iter().map(|f| (f.user.as_str(), f.keys.len())).collect();
        assert_eq!(found, [("anna", 2), ("anna", 2), ("root", 0)]);
        assert_eq!(reading.gaps.count("key lines", Why::Malformed), 1);
        assert!(reading.gaps.describe().contains("asks a program"));
        assert_eq!(expand("%h/k%%/%u", "/home/a", "a"), "/home/a/k%/a");
    }
}
