//! Nix: what the store holds by its names, for the profiles that are in use.
//!
//! Always: a package is what a profile or the running system leads to, never everything that was ever built;
//! the store's names are `HASH-NAME-VERSION`, and a version begins with a digit.

use std::collections::BTreeMap;

use bearing_protocol::{
    fact::{Package, PackageManager},
    limits::MAX_TEXT_BYTES,
    text::printable,
};

use crate::{
    gaps::{Gaps, Why},
    reading::Context,
    root::Root,
    users::homes,
};

const STORE: &str = "/nix/store/";
/// Bytes of a hash in the store's names, in Nix's own base 32.
const HASH_BYTES: usize = 32;
const MAX_NAMES: usize = 20_000;
/// The running system's programs, and the default profile.
const SYSTEM_PROFILES: [&str; 3] =
    ["/run/current-system/sw", "/nix/var/nix/profiles/default", "/nix/var/nix/profiles/system/sw"];

/// Name and version of the package whose store path this is or lies in.
pub fn parse_store_path(path: &str) -> Option<(&str, &str)> {
    let entry = path.strip_prefix(STORE)?.split('/').next()?;
    let (hash, name) = entry.split_once('-')?;
    if hash.len() != HASH_BYTES || !hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) || name.is_empty() {
        return None;
    }
    // As Nix itself parts them: at the first dash that no letter follows.
    let at = name
        .match_indices('-')
        .map(|(at, _)| at)
        .find(|at| name.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit));
    Some(match at {
        Some(at) => (name.get(..at)?, name.get(at + 1..)?),
        None => (name, ""),
    })
}

/// The package a path belongs to by its place.
pub(super) fn package_of(path: &str) -> Option<&str> {
    parse_store_path(path).map(|(name, _)| name)
}

/// Whether the machine's own programs come from the store (NixOS).
pub(super) fn is_the_system(root: &Root) -> bool {
    root.exists("/run/current-system/sw") || root.exists("/nix/var/nix/profiles/system")
}

/// Packages that profiles lead to; `None` where there is no store.
pub(super) fn read(context: &Context, gaps: &mut Gaps) -> Option<Vec<Package>> {
    let root = &context.root;
    if !root.exists("/nix/store") && !is_the_system(root) {
        return None;
    }
    let people: Vec<_> = homes(context);
    let own = people.iter().flat_map(|home| {
        let state = format!("{}/.local/state/nix/profiles/profile", home.path);
        [
            format!("{}/.nix-profile", home.path),
            state,
            format!("/etc/profiles/per-user/{}", home.user),
            format!("/nix/var/nix/profiles/per-user/{}/profile", home.user),
        ]
    });
    let mut found: BTreeMap<(String, String), ()> = BTreeMap::new();
    for profile in SYSTEM_PROFILES.into_iter().map(str::to_owned).chain(own) {
        // A profile is a directory of links into the packages; only its programs and entries matter.
        for part in ["bin", "sbin", "share/applications"] {
            let directory = format!("{profile}/{part}");
            let listing = match root.list_dir(&directory, MAX_NAMES) {
                Ok(listing) => listing,
                Err(error) => {
                    gaps.add_error("Nix profiles", &error);
                    continue;
                }
            };
            if listing.truncated {
                gaps.add("Nix profiles", Why::OverLimit);
            }
            for name in listing.names {
                let Ok(target) = root.read_link(format!("{directory}/{name}")) else { continue };
                if let Some((name, version)) = parse_store_path(&target.to_string_lossy()) {
                    let value = |text| printable(text, MAX_TEXT_BYTES);
                    found.insert((value(name), value(version)), ());
                }
            }
        }
    }
    let package =
        |((name, version), ())| Package { manager: PackageManager::Nix, name, version, ..Package::default() };
    Some(found.into_iter().map(package).collect())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    const HASH: &str = "0c3s5vmzk8pjfymbz7dbixb4pzrrx1pn";

    #[test]
    fn names_and_versions_are_parted() {
        let path = |rest: &str| format!("/nix/store/{HASH}-{rest}");
        assert_eq!(parse_store_path(&path("rustdesk-1.2.3/bin/rustdesk")), Some(("rustdesk", "1.2.3")));
        assert_eq!(parse_store_path(&path("xrdp-with-audio-0.9")), Some(("xrdp-with-audio", "0.9")));
        assert_eq!(parse_store_path(&path("source")), Some(("source", "")));
        assert_eq!(parse_store_path("/nix/store/.links"), None);
        assert_eq!(parse_store_path("/nix/store/short-x"), None);
        assert_eq!(parse_store_path("/usr/bin/x"), None);
    }

    #[test]
    fn profiles_tell_what_is_in_use() {
        let machine = Machine::new();
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .directory(&format!("/nix/store/{HASH}-unused-1.0"))
            .link(
                "/run/current-system/sw/bin/tailscale",
                format!("/nix/store/{HASH}-tailscale-1.60.0/bin/tailscale"),
            )
            .link(
                "/run/current-system/sw/bin/tailscaled",
                format!("/nix/store/{HASH}-tailscale-1.60.0/bin/tailscaled"),
            )
            .link(
                "/etc/profiles/per-user/anna/bin/rustdesk",
                format!("/nix/store/{HASH}-rustdesk-1.2.3/bin/rustdesk"),
            );
        let found = read(&machine.context(), &mut Gaps::default()).unwrap();
        let names: Vec<_> = found.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect();
        assert_eq!(names, [("rustdesk", "1.2.3"), ("tailscale", "1.60.0")]);
        assert!(read(&Machine::new().context(), &mut Gaps::default()).is_none());
    }
}
