//! Which Windows this is, what the machine is called, when it booted and when it was set up.
//!
//! Facts: `Windows NT\CurrentVersion` of the registry: `ProductName` still says 10 on Windows 11, whose builds begin at
//! 22000; `InstallDate` is rewritten by each large upgrade, which keeps the older one below `Setup\Source OS`.

use std::time::Duration;

use bearing_protocol::{Timestamp, fact::Boot, report::OsSummary};

use super::registry::{Key, Registry};
use crate::{
    gaps::Gaps,
    os::System,
    reading::{Read, Reading},
};

/// The operating system and the host's name.
pub(super) fn read(registry: &dyn Registry) -> Read<System> {
    let key = registry.key(VERSION)?;
    let mut gaps = Gaps::default();
    let names = [
        (r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters", "Hostname"),
        (r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName", "ComputerName"),
        (r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName", "ComputerName"),
    ];
    let hostname =
        names.iter().find_map(|(path, name)| registry.found(path, &mut gaps)?.text(name)).unwrap_or_default();
    let os = os_summary(&key);
    let release = key.text("DisplayVersion").or_else(|| key.text("ReleaseId")).unwrap_or_default();
    let summary = format!("{} {release} ({})", os.name, os.version);
    Ok(Reading::with_gaps(System { hostname, os }, summary, gaps))
}

fn os_summary(key: &Key) -> OsSummary {
    let build = key.text("CurrentBuild").or_else(|| key.text("CurrentBuildNumber"));
    let number: u32 = build.as_deref().and_then(|build| build.parse().ok()).unwrap_or_default();
    let name = key.text("ProductName").unwrap_or_else(|| "Windows".to_owned());
    let name = match name.strip_prefix("Windows 10") {
        Some(rest) if number >= FIRST_BUILD_OF_11 => format!("Windows 11{rest}"),
        _ => name,
    };
    let major = key.number("CurrentMajorVersionNumber").unwrap_or(10);
    let minor = key.number("CurrentMinorVersionNumber").unwrap_or_default();
    let patch = key.number("UBR").map(|number| format!(".{number}")).unwrap_or_default();
    let version = format!("{major}.{minor}.{}{patch}", build.unwrap_or_default());
    OsSummary { family: "windows".to_owned(), name, version }
}

/// This boot; `uptime` is how long the system says that it has been up.
pub(super) fn read_boot(registry: &dyn Registry, now: Timestamp, uptime: Duration) -> Read<Boot> {
    let mut gaps = Gaps::default();
    let id = registry
        .found(PREFETCH, &mut gaps)
        .and_then(|key| key.number("BootId"))
        .map(|number| format!("boot-{number}"));
    let at = now.checked_sub(uptime).ok();
    let mut installed: Vec<u32> = Vec::new();
    installed.extend(registry.found(VERSION, &mut gaps).and_then(|key| key.number("InstallDate")));
    let setup = registry.found(SETUP, &mut gaps).map(|key| key.children).unwrap_or_default();
    for name in setup.iter().filter(|name| name.starts_with("Source OS")).take(MAX_UPGRADES) {
        installed.extend(
            registry.found(&format!("{SETUP}\\{name}"), &mut gaps).and_then(|key| key.number("InstallDate")),
        );
    }
    let installed_at = installed
        .into_iter()
        .filter(|seconds| *seconds > 0)
        .min()
        .and_then(|seconds| Timestamp::from_second(i64::from(seconds)).ok());
    let hours = uptime.as_secs() / 3600;
    Ok(Reading::with_gaps(Boot { id, at, installed_at }, format!("up for {hours} h"), gaps))
}

const VERSION: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const PREFETCH: &str =
    r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters";
const SETUP: &str = r"HKLM\SYSTEM\Setup";
const FIRST_BUILD_OF_11: u32 = 22_000;
const MAX_UPGRADES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::registry_text::{RegistryText, prepared};

    #[test]
    fn windows_11_is_told_by_its_build() {
        let system = read(&prepared()).unwrap().value;
        assert_eq!(system.os.family, "windows");
        assert_eq!(system.os.name, "Windows 11 Pro");
        assert_eq!(system.os.version, "10.0.22631.3447");
        assert_eq!(system.hostname, "LAPTOP-7F3K");
    }

    #[test]
    fn the_oldest_installation_counts() {
        let now = Timestamp::from_second(1_764_000_000).unwrap();
        let boot = read_boot(&prepared(), now, Duration::from_secs(7_200)).unwrap().value;
        assert_eq!(boot.id.as_deref(), Some("boot-118"));
        assert_eq!(boot.at, Timestamp::from_second(1_763_992_800).ok());
        assert_eq!(boot.installed_at.map(Timestamp::as_second), Some(1_700_000_000));
    }

    #[test]
    fn a_registry_without_versions_is_unsupported_and_named() {
        let error = read(&RegistryText::default()).unwrap_err();
        assert!(error.to_string().contains("CurrentVersion"), "{error}");
    }
}
