//! Ids of browser extensions and native messaging hosts, in every profile of every browser.
//!
//! Always: ids and places only; names, settings, history and pages are not read.
//! Facts: Chromium's `Extensions/ID` directories in a profile, and unpacked or policy-installed ones in its
//! preferences; Firefox's `extensions.json`; native messaging manifests `NAME.json` of both.

pub mod firefox;

use std::collections::BTreeSet;

use bearing_protocol::{fact::BrowserExtension, limits::MAX_TEXT_BYTES, text::printable};

use crate::{
    artefacts::Walk,
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    users::homes,
};

/// Chromium and its kin: word, and where the profiles lie below a home, as package, snap and flatpak.
const CHROMIUM_KIN: [(&str, &str); 17] = [
    ("chrome", ".config/google-chrome"),
    ("chrome", ".config/google-chrome-beta"),
    ("chrome", ".config/google-chrome-unstable"),
    ("chrome", ".var/app/com.google.Chrome/config/google-chrome"),
    ("chromium", ".config/chromium"),
    ("chromium", "snap/chromium/common/chromium"),
    ("chromium", ".var/app/org.chromium.Chromium/config/chromium"),
    ("chromium", ".config/ungoogled-chromium"),
    ("brave", ".config/BraveSoftware/Brave-Browser"),
    ("brave", "snap/brave/current/.config/BraveSoftware/Brave-Browser"),
    ("brave", ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser"),
    ("edge", ".config/microsoft-edge"),
    ("edge", ".var/app/com.microsoft.Edge/config/microsoft-edge"),
    ("vivaldi", ".config/vivaldi"),
    ("vivaldi", ".config/vivaldi-snapshot"),
    ("opera", ".config/opera"),
    ("yandex", ".config/yandex-browser"),
];

/// Where Firefox and its kin keep profiles.
const FIREFOX_KIN: [(&str, &str); 7] = [
    ("firefox", ".mozilla/firefox"),
    ("firefox", ".config/mozilla/firefox"),
    ("firefox", "snap/firefox/common/.mozilla/firefox"),
    ("firefox", ".var/app/org.mozilla.firefox/.mozilla/firefox"),
    ("librewolf", ".librewolf"),
    ("waterfox", ".waterfox"),
    ("floorp", ".floorp"),
];

/// Native messaging hosts for everybody.
const SYSTEM_HOSTS: [(&str, &str); 8] = [
    ("chrome", "/etc/opt/chrome/native-messaging-hosts"),
    ("chromium", "/etc/chromium/native-messaging-hosts"),
    ("edge", "/etc/opt/edge/native-messaging-hosts"),
    ("brave", "/etc/opt/brave/native-messaging-hosts"),
    ("vivaldi", "/etc/opt/vivaldi/native-messaging-hosts"),
    ("firefox", "/usr/lib/mozilla/native-messaging-hosts"),
    ("firefox", "/usr/lib64/mozilla/native-messaging-hosts"),
    ("firefox", "/usr/share/mozilla/native-messaging-hosts"),
];

/// Extensions that policy or packages install for everybody: `ID.json`.
const SYSTEM_EXTENSIONS: [(&str, &str); 4] = [
    ("chrome", "/opt/google/chrome/extensions"),
    ("chrome", "/usr/share/google-chrome/extensions"),
    ("chromium", "/usr/share/chromium/extensions"),
    ("edge", "/usr/share/microsoft-edge/extensions"),
];

const MAX_NAMES: usize = 5_000;
const MAX_FOUND: usize = 20_000;
const MAX_EXTENSIONS_BYTES: usize = 16 * 1024 * 1024;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<BrowserExtension>> {
    context.needs_linux()?;
    let homes = homes(context);
    let mut found = Found { context, extensions: Vec::new(), seen: BTreeSet::new(), gaps: Gaps::default() };
    for (browser, directory) in SYSTEM_HOSTS {
        found.manifests(browser, directory, None, true);
    }
    for (browser, directory) in SYSTEM_EXTENSIONS {
        found.manifests(browser, directory, None, false);
    }
    let mut walk = Walk::new(&context.root);
    let mut profiles = 0_usize;
    for home in &homes {
        let user = Some(home.user.as_str());
        for (browser, place) in CHROMIUM_KIN {
            let base = format!("{}/{place}", home.path);
            found.manifests(browser, &format!("{base}/NativeMessagingHosts"), user, true);
            for pattern in [format!("{base}/Extensions"), format!("{base}/*/Extensions")] {
                for directory in walk.expand(&pattern) {
                    profiles += usize::from(found.chromium(browser, &directory, user));
                }
            }
        }
        found.manifests("firefox", &format!("{}/.mozilla/native-messaging-hosts", home.path), user, true);
        for (browser, place) in FIREFOX_KIN {
            for path in walk.expand(&format!("{}/{place}/*/extensions.json", home.path)) {
                profiles += usize::from(found.firefox(browser, &path, user));
            }
        }
    }
    let Found { extensions, mut gaps, .. } = found;
    gaps.merge(walk.into_gaps());
    let hosts = extensions.iter().filter(|extension| extension.native_host).count();
    let summary =
        format!("{} extensions and {hosts} native hosts in {profiles} profiles", extensions.len() - hosts);
    Ok(Reading::with_gaps(extensions, summary, gaps))
}

struct Found<'a> {
    context: &'a Context,
    extensions: Vec<BrowserExtension>,
    seen: BTreeSet<(String, String, Option<String>, bool)>,
    gaps: Gaps,
}

impl Found<'_> {
    fn names(&mut self, directory: &str) -> Option<Vec<String>> {
        match self.context.root.list_dir(directory, MAX_NAMES) {
            Ok(listing) => {
                if listing.truncated {
                    self.gaps.add("browser profiles", Why::OverLimit);
                }
                Some(listing.names)
            }
            Err(error) => {
                self.gaps.add_error("browser profiles", &error);
                None
            }
        }
    }

    /// Manifests that are called like what they are for: `ID.json`.
    fn manifests(&mut self, browser: &str, directory: &str, user: Option<&str>, native_host: bool) {
        for name in self.names(directory).unwrap_or_default() {
            let id = name.strip_suffix(".json").filter(|id| native_host || is_chromium_id(id));
            if let Some(id) = id {
                self.add(browser, id, native_host, user, format!("{directory}/{name}"));
            }
        }
    }

    /// A profile's directory of extensions. Whether it was there.
    fn chromium(&mut self, browser: &str, directory: &str, user: Option<&str>) -> bool {
        let Some(names) = self.names(directory) else { return false };
        for name in names.iter().filter(|name| is_chromium_id(name)) {
            self.add(browser, name, false, user, format!("{directory}/{name}"));
        }
        true
    }

    /// A profile's list of extensions. Whether it was there.
    fn firefox(&mut self, browser: &str, path: &str, user: Option<&str>) -> bool {
        let bytes = match self.context.root.read(path, MAX_EXTENSIONS_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => {
                // A file beside the profiles has nothing below it.
                if self.context.root.link_metadata(path).is_ok() {
                    self.gaps.add_error("browser profiles", &error);
                }
                return false;
            }
        };
        match firefox::parse_extensions(&bytes) {
            Some(ids) => {
                for id in ids {
                    self.add(browser, &id, false, user, path.to_owned());
                }
            }
            None => self.gaps.add("browser profiles", Why::Malformed),
        }
        true
    }

    fn add(&mut self, browser: &str, id: &str, native_host: bool, user: Option<&str>, path: String) {
        let id = printable(id, MAX_TEXT_BYTES);
        // One extension in several profiles of a person is one fact.
        let key = (browser.to_owned(), id.clone(), user.map(str::to_owned), native_host);
        if !self.seen.insert(key) {
            return;
        }
        if self.extensions.len() >= MAX_FOUND {
            self.gaps.add("browser extensions", Why::OverLimit);
            return;
        }
        self.extensions.push(BrowserExtension {
            browser: browser.to_owned(),
            id,
            native_host,
            user: user.map(str::to_owned),
            path,
        });
    }
}

/// Chromium's ids: 32 letters from `a` to `p`.
fn is_chromium_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| (b'a'..=b'p').contains(&byte))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn ids_of_every_profile_are_found_once() {
        let machine = Machine::new();
        let chrome = "/home/anna/.config/google-chrome";
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .file("/etc/opt/chrome/native-messaging-hosts/com.google.chrome.remote_desktop.json", "{}")
            .directory(&format!("{chrome}/Default/Extensions/inomeogfingihgjfjlpeplalcfajhgai/1.0"))
            .directory(&format!("{chrome}/Profile 2/Extensions/inomeogfingihgjfjlpeplalcfajhgai/1.0"))
            .directory(&format!("{chrome}/Default/Extensions/Temp"))
            .file(&format!("{chrome}/NativeMessagingHosts/org.example.host.json"), "{}")
            .file(
                "/home/anna/.mozilla/firefox/x.default/extensions.json",
                r#"{"addons":[{"id":"a@b","location":"app-profile"}]}"#,
            )
            .file("/home/anna/.mozilla/firefox/profiles.ini", "")
            .file("/home/anna/.mozilla/native-messaging-hosts/org.example.json", "{}");
        let reading = read(&machine.context()).unwrap();
        let found: Vec<_> = reading
            .value
            .iter()
            .map(|e| (e.browser.as_str(), e.id.as_str(), e.native_host, e.user.is_some()))
            .collect();
        assert_eq!(
            found,
            [
                ("chrome", "com.google.chrome.remote_desktop", true, false),
                ("chrome", "org.example.host", true, true),
                ("chrome", "inomeogfingihgjfjlpeplalcfajhgai", false, true),
                ("firefox", "org.example", true, true),
                ("firefox", "a@b", false, true),
            ]
        );
        assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
        assert_eq!(reading.summary, "2 extensions and 3 native hosts in 3 profiles");
    }

    #[test]
    fn broken_profiles_are_told() {
        let machine = Machine::new();
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .file("/home/anna/.mozilla/firefox/x/extensions.json", "[1, 2")
            .fifo("/home/anna/.mozilla/firefox/y/extensions.json");
        let reading = read(&machine.context()).unwrap();
        assert!(reading.value.is_empty());
        assert_eq!(reading.gaps.count("browser profiles", Why::Malformed), 2);
    }
}
