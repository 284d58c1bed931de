//! Installed programs: uninstall entries of both views and of every account whose hive is loaded, and store packages.
//!
//! Always: an entry without a shown name is an update or a part and left out; accounts whose hive is not loaded are
//! counted. Facts: "Uninstall Registry Key" of Windows Installer; `InstallDate` is `YYYYMMDD`, local time.

use bearing_protocol::{
    Timestamp,
    fact::{Package, PackageManager},
};

use super::registry::{Key, Registry};
use crate::{
    gaps::{Gaps, Why},
    reading::{Read, Reading},
};

/// Reads the source.
pub(super) fn read(registry: &dyn Registry) -> Read<Vec<Package>> {
    registry.key(&format!("HKLM\\{UNINSTALL}"))?;
    let mut gaps = Gaps::default();
    let accounts = registry.loaded_accounts(&mut gaps);
    let mut places = vec![format!("HKLM\\{UNINSTALL}"), format!("HKLM\\{UNINSTALL_32}")];
    for account in &accounts {
        places.push(format!("HKU\\{account}\\{UNINSTALL_OF_PERSON}"));
        places.push(format!("HKU\\{account}\\{UNINSTALL_OF_PERSON_32}"));
    }
    let mut packages = Vec::new();
    for place in places {
        let Some(list) = registry.found(&place, &mut gaps) else { continue };
        for name in list.children {
            let Some(key) = registry.found(&format!("{place}\\{name}"), &mut gaps) else { continue };
            packages.extend(package(&key));
        }
    }
    let mut store = vec![format!("HKLM\\{STORE}")];
    store.extend(accounts.iter().map(|account| format!("HKU\\{account}_Classes\\{STORE_OF_PERSON}")));
    for place in store {
        let Some(list) = registry.found(&place, &mut gaps) else { continue };
        packages.extend(list.children.iter().filter_map(|name| store_package(name)));
    }
    packages
        .sort_by(|a, b| (&a.name, &a.version, a.installed_at).cmp(&(&b.name, &b.version, b.installed_at)));
    packages.dedup_by(|a, b| (&a.name, &a.version, a.manager) == (&b.name, &b.version, b.manager));
    if packages.len() > MAX_PACKAGES {
        gaps.add("programs", Why::OverLimit);
        packages.truncate(MAX_PACKAGES);
    }
    let closed = closed_profiles(registry, &accounts, &mut gaps);
    gaps.add_many("registries of accounts that are not signed in", Why::Skipped, closed);
    let summary = format!("{} programs", packages.len());
    Ok(Reading::with_gaps(packages, summary, gaps))
}

/// Accounts with a profile whose hive is not loaded.
pub(super) fn closed_profiles(registry: &dyn Registry, loaded: &[String], gaps: &mut Gaps) -> u64 {
    let profiles = registry.found(super::users::PROFILES, gaps).unwrap_or_default().children;
    let closed = profiles
        .iter()
        .filter(|sid| super::registry::is_person(sid))
        .filter(|sid| !loaded.iter().any(|known| known.eq_ignore_ascii_case(sid)));
    u64::try_from(closed.count()).unwrap_or(u64::MAX)
}

fn package(key: &Key) -> Option<Package> {
    let name = key.text("DisplayName")?;
    if key.text("ParentKeyName").is_some() || key.text("ReleaseType").is_some() {
        return None;
    }
    Some(Package {
        manager: PackageManager::Msi,
        name,
        version: key.text("DisplayVersion").unwrap_or_default(),
        installed_at: key.text("InstallDate").and_then(|day| date(&day)).or(key.written),
        publisher: key.text("Publisher"),
    })
}

/// `YYYYMMDD`, as its first moment in UTC: the day is local and the hour is not on record.
fn date(text: &str) -> Option<Timestamp> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{}-{}-{}T00:00:00Z", text.get(..4)?, text.get(4..6)?, text.get(6..)?).parse().ok()
}

/// `Publisher.Name_1.2.3.0_x64__hash`.
fn store_package(full: &str) -> Option<Package> {
    let mut parts = full.split('_');
    let (name, version) = (parts.next()?, parts.next()?);
    let is_version =
        version.split('.').count() == 4 && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (is_version && !name.is_empty()).then(|| Package {
        manager: PackageManager::Appx,
        name: name.to_owned(),
        version: version.to_owned(),
        ..Package::default()
    })
}

const UNINSTALL: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";
const UNINSTALL_32: &str = r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall";
const UNINSTALL_OF_PERSON: &str = r"Software\Microsoft\Windows\CurrentVersion\Uninstall";
const UNINSTALL_OF_PERSON_32: &str = r"Software\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall";
const STORE: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore\Applications";
const STORE_OF_PERSON: &str =
    r"Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages";
const MAX_PACKAGES: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::registry_text::prepared;

    #[test]
    fn both_views_and_people_are_read() {
        let reading = read(&prepared()).unwrap();
        let find = |name: &str| reading.value.iter().find(|package| package.name == name);
        let any_desk = find("AnyDesk").unwrap();
        assert_eq!((any_desk.version.as_str(), any_desk.manager), ("ad 8.0.8", PackageManager::Msi));
        assert_eq!(any_desk.publisher.as_deref(), Some("AnyDesk Software GmbH"));
        assert_eq!(any_desk.installed_at.unwrap().to_string(), "2026-11-20T00:00:00Z");
        assert!(find("RustDesk").is_some(), "a person's own: {:?}", reading.value);
        assert!(find("Update for Microsoft Office").is_none());
        assert_eq!(find("MicrosoftCorporationII.QuickAssist").unwrap().manager, PackageManager::Appx);
    }

    #[test]
    fn a_day_that_is_none_is_not_made_up() {
        for text in ["2026-11-20", "20261340", "", "2026112"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
