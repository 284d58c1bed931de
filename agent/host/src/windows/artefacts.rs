//! Known paths and registry keys that exist. Presence and time; contents are never read.
//!
//! Always: names are compared without case; one `*` stands within one component, the last one for "anything in it".

use bearing_protocol::fact::Artefact;
use bearing_protocol::plan::ArtefactPattern;

use super::{command::Variables, registry::Registry, users};
use crate::{
    gaps::{Gaps, Why},
    reading::{Read, Reading},
    root::{FileKind, Root},
    wildcard::matches_component,
};

/// Reads the source.
pub(super) fn read(
    registry: &dyn Registry,
    root: &Root,
    variables: &Variables,
    patterns: &[ArtefactPattern],
) -> Read<Vec<Artefact>> {
    let mut gaps = Gaps::default();
    let homes = users::profiles(registry, &mut gaps);
    let mut found = Vec::new();
    let mut looked = 0;
    for pattern in patterns {
        let text = &pattern.pattern;
        if text.starts_with("HKLM\\") {
            looked += 1;
            found.extend(key(registry, pattern, &mut gaps));
            continue;
        }
        let bases: Vec<String> = match text.strip_prefix("~\\").or_else(|| text.strip_prefix("~/")) {
            Some(rest) => {
                homes.iter().map(|(_, home)| format!("{home}\\{}", rest.replace('/', "\\"))).collect()
            }
            None => vec![variables.expand(text)],
        };
        for base in bases.iter().filter(|base| base.get(1..3) == Some(":\\")) {
            looked += 1;
            for path in expand(root, base, &mut gaps) {
                found.extend(describe(root, pattern, path));
            }
        }
    }
    let summary = format!("{} of {looked} known paths and keys exist", found.len());
    Ok(Reading::with_gaps(found, summary, gaps))
}

fn key(registry: &dyn Registry, pattern: &ArtefactPattern, gaps: &mut Gaps) -> Option<Artefact> {
    let key = registry.found(&pattern.pattern, gaps)?;
    Some(Artefact {
        product: pattern.product.clone(),
        pattern: pattern.pattern.clone(),
        path: pattern.pattern.clone(),
        modified_at: key.written,
        directory: true,
        ..Artefact::default()
    })
}

fn describe(root: &Root, pattern: &ArtefactPattern, path: String) -> Option<Artefact> {
    let found = root.link_metadata(&path).ok()?;
    Some(Artefact {
        product: pattern.product.clone(),
        pattern: pattern.pattern.clone(),
        path,
        uid: None,
        modified_at: found.modified_at,
        created_at: found.created_at,
        directory: found.kind == FileKind::Directory,
    })
}

/// Paths that a pattern names and that exist. `…\*` at the end is the directory itself.
fn expand(root: &Root, pattern: &str, gaps: &mut Gaps) -> Vec<String> {
    let plain = pattern.trim_end_matches("\\*").trim_end_matches('\\');
    let mut parts = plain.split('\\');
    let Some(drive) = parts.next() else { return Vec::new() };
    let mut paths = vec![drive.to_owned()];
    for part in parts {
        if part.is_empty() || part == ".." {
            return Vec::new();
        }
        if !part.contains(['*', '?']) {
            for path in &mut paths {
                path.push('\\');
                path.push_str(part);
            }
            continue;
        }
        let wanted = part.to_lowercase();
        let mut next = Vec::new();
        for path in &paths {
            let listing = match root.list_dir(format!("{path}\\"), MAX_NAMES) {
                Ok(listing) => listing,
                Err(error) => {
                    gaps.add_error("directories", &error);
                    continue;
                }
            };
            if listing.truncated {
                gaps.add("directories", Why::OverLimit);
            }
            let fits = listing.names.iter().filter(|name| matches_component(&wanted, &name.to_lowercase()));
            next.extend(fits.take(MAX_HITS).map(|name| format!("{path}\\{name}")));
        }
        paths = next;
        if paths.is_empty() {
            break;
        }
    }
    paths.retain(|path| root.exists(path));
    paths.truncate(MAX_HITS);
    paths
}

const MAX_NAMES: usize = 5_000;
const MAX_HITS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::{command::test_variables, registry_text::prepared};

    #[test]
    fn a_key_that_exists_is_an_artefact() {
        let pattern = |text: &str| ArtefactPattern { product: "anydesk".into(), pattern: text.into() };
        let patterns = [
            pattern(r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\AnyDesk"),
            pattern(r"HKLM\SOFTWARE\Nobody"),
            pattern("/etc/anydesk"),
        ];
        let reading = read(&prepared(), &Root::live(), &test_variables(), &patterns).unwrap();
        let [one] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!(one.product, "anydesk");
        assert_eq!(reading.summary, "1 of 2 known paths and keys exist");
    }
}
