//! The SSH server's configuration: sshd_config(5).

pub mod sshd_config;

use bearing_protocol::fact::SshServer;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::{ReadError, Root},
    wildcard::{has_wildcard, matches_component},
};
use sshd_config::{SshdConfig, parse_sshd_config};

const MAIN: &str = "/etc/ssh/sshd_config";
/// Where distributions put the defaults of a server without a file in `/etc` (SUSE).
const VENDOR: &str = "/usr/etc/ssh/sshd_config";
const MAX_BYTES: usize = 512 * 1024;
/// Most files over all includes.
const MAX_FILES: usize = 256;
const MAX_NAMES: usize = 2_000;

/// Reads the source. Without a configuration there is no server: `None`, and nothing is missing.
pub(crate) fn read(context: &Context) -> Read<Option<SshServer>> {
    context.needs_linux()?;
    let mut gaps = Gaps::default();
    let Some(config) = read_config(&context.root, &mut gaps)? else {
        // "Not there" is only an answer where the directory above it could be looked into.
        if !context.root.exists("/etc") {
            return Err(Unread::unsupported("no `/etc`"));
        }
        return Ok(Reading::new(None, "no SSH server configuration"));
    };
    let server = config.server;
    gaps.add_many("lines", Why::Malformed, u64::from(server.unknown_lines));
    let summary = format!("{} files, {} conditional blocks", server.files.len(), server.match_blocks);
    Ok(Reading::with_gaps(Some(server), summary, gaps))
}

/// The configuration in force; `None` where there is no main file.
pub(crate) fn read_config(root: &Root, gaps: &mut Gaps) -> Result<Option<SshdConfig>, ReadError> {
    for path in [MAIN, VENDOR] {
        match root.read_text(path, MAX_BYTES) {
            Ok(text) => {
                let mut left = MAX_FILES;
                let mut include = |pattern: &str| included(root, "/etc/ssh", pattern, &mut left, gaps);
                return Ok(Some(parse_sshd_config(path, &text, &mut include)));
            }
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The files an `Include` names: relative to `base`, `*` and `?` in any component, in lexical order. `left` is how
/// many more may be read.
pub(crate) fn included(
    root: &Root,
    base: &str,
    pattern: &str,
    left: &mut usize,
    gaps: &mut Gaps,
) -> Vec<(String, String)> {
    let full = if pattern.starts_with('/') { pattern.to_owned() } else { format!("{base}/{pattern}") };
    if full.split('/').any(|component| component == ".." || component.contains('[')) {
        gaps.add("include patterns", Why::Skipped);
        return Vec::new();
    }
    let mut paths = vec![String::new()];
    for component in full.split('/').filter(|component| !component.is_empty()) {
        let parents = std::mem::take(&mut paths);
        for parent in parents {
            if paths.len() > MAX_NAMES {
                break;
            }
            if has_wildcard(component) {
                let place = if parent.is_empty() { "/" } else { &parent };
                let listing = match root.list_dir(place, MAX_NAMES) {
                    Ok(listing) => listing,
                    Err(error) => {
                        gaps.add_error("included directories", &error);
                        continue;
                    }
                };
                let names = listing.names.into_iter().filter(|name| matches_component(component, name));
                paths.extend(names.map(|name| format!("{parent}/{name}")));
            } else {
                paths.push(format!("{parent}/{component}"));
            }
        }
    }
    let mut files = Vec::new();
    for path in paths {
        if *left == 0 {
            gaps.add("included files", Why::OverLimit);
            break;
        }
        *left -= 1;
        match root.read_text(&path, MAX_BYTES) {
            Ok(text) => files.push((path, text)),
            Err(error) => gaps.add_error("included files", &error),
        }
    }
    files
}

#[cfg(test)]
mod tests;
