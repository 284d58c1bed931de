//! Flatpaks of the system and of people.

use bearing_protocol::{
    fact::{Package, PackageManager},
    limits::MAX_TEXT_BYTES,
    text::printable,
};

use super::{MAX_ENTRIES, MAX_SMALL_BYTES, file_time};
use crate::{gaps::Gaps, reading::Context, root::Root, users::homes};

/// Installed applications; `None` where there is no flatpak.
pub(super) fn read(context: &Context, gaps: &mut Gaps) -> Option<Vec<Package>> {
    let root = &context.root;
    let own = homes(context).into_iter().map(|home| format!("{}/.local/share/flatpak/app", home.path));
    let mut found: Option<Vec<Package>> = None;
    for directory in std::iter::once("/var/lib/flatpak/app".to_owned()).chain(own) {
        match root.list_dir(&directory, MAX_ENTRIES) {
            Ok(listing) => {
                let packages = found.get_or_insert_default();
                for name in listing.names {
                    // `current` leads to `ARCHITECTURE/BRANCH`; the version proper is in the metainfo.
                    let current = root.read_link(format!("{directory}/{name}/current"));
                    let branch =
                        current.ok().and_then(|c| c.file_name().map(|b| b.to_string_lossy().into_owned()));
                    let version = version_of(root, &format!("{directory}/{name}/current/active"), &name);
                    packages.push(Package {
                        manager: PackageManager::Flatpak,
                        installed_at: file_time(root, &format!("{directory}/{name}")),
                        name,
                        version: version.or(branch).unwrap_or_default(),
                        publisher: None,
                    });
                }
            }
            Err(error) => gaps.add_error("flatpak directories", &error),
        }
    }
    found
}

/// The newest release in an application's own description.
fn version_of(root: &Root, active: &str, id: &str) -> Option<String> {
    let text = ["metainfo.xml", "appdata.xml"].iter().find_map(|end| {
        let directory = if *end == "appdata.xml" { "appdata" } else { "metainfo" };
        root.read_text(format!("{active}/files/share/{directory}/{id}.{end}"), MAX_SMALL_BYTES).ok()
    })?;
    newest_release(&text).map(|version| printable(version, MAX_TEXT_BYTES))
}

/// The version of the first `<release>` of a metainfo file: the newest stands first.
pub fn newest_release(text: &str) -> Option<&str> {
    let tag = text.split_once("<release ")?.1.split_once('>')?.0;
    let value = tag.split_once("version=")?.1;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split_once(quote).map(|(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_is_the_first() {
        let text = "<releases>\n<release date='2024-01-01' version=\"1.2.3\">\n<release version='1.0'/>";
        assert_eq!(newest_release(text), Some("1.2.3"));
        assert_eq!(newest_release("<release version=\"1"), None);
        assert_eq!(newest_release("<releases/>"), None);
    }
}
