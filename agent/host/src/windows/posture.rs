//! Secure Boot, firewall, updates and disk encryption, by what the registry and the disks themselves say.
//!
//! Always: a value that is not there is unknown, never off. Facts: `Control\SecureBoot\State`, `Control`
//! (`PEFirmwareType`: 1 BIOS, 2 UEFI); `SharedAccess\Parameters\FirewallPolicy` and its policy twin; `WindowsUpdate\AU`;
//! `Control\BitLockerStatus` (`BootStatus`); a BitLocker volume begins with `-FVE-FS-` where a file system's name is.

use bearing_protocol::fact::{DiskEncryption, Firewall, SecureBoot, Updates, VolumeEncryption};

use super::registry::Registry;
use crate::{
    gaps::{Gaps, Why},
    reading::{Read, Reading, Unread},
};

/// Secure Boot.
pub(super) fn secure_boot(registry: &dyn Registry) -> Read<SecureBoot> {
    let mut gaps = Gaps::default();
    let state = registry.found(&format!("{CONTROL}\\SecureBoot\\State"), &mut gaps);
    let firmware = registry.found(CONTROL, &mut gaps).and_then(|key| key.number("PEFirmwareType"));
    let enabled = state.as_ref().and_then(|key| key.number("UEFISecureBootEnabled")).map(|on| on != 0);
    let uefi = match (firmware, enabled) {
        (Some(2), _) | (None, Some(_)) => true,
        (Some(_), _) => false,
        (None, None) => {
            return Err(Unread::unsupported("the registry does not tell how this machine was started"));
        }
    };
    let found = SecureBoot { uefi, enabled, setup_mode: None };
    let word = match enabled {
        Some(true) => "on",
        Some(false) => "off",
        None => "not told",
    };
    Ok(Reading::with_gaps(found, word, gaps))
}

/// The firewall, all three profiles.
pub(super) fn firewall(registry: &dyn Registry) -> Read<Firewall> {
    registry.key(FIREWALL)?;
    let mut gaps = Gaps::default();
    let service = registry.found(FIREWALL_SERVICE, &mut gaps).and_then(|key| key.number("Start"));
    let mut states = Vec::new();
    let mut accepts = false;
    for (profile, policy) in PROFILES {
        let plain = registry.found(&format!("{FIREWALL}\\{profile}"), &mut gaps).unwrap_or_default();
        let policy = registry.found(&format!("{FIREWALL_POLICY}\\{policy}"), &mut gaps).unwrap_or_default();
        let value = |name: &str| policy.number(name).or_else(|| plain.number(name));
        let on = value("EnableFirewall").map(|on| on != 0);
        accepts |= on == Some(true) && value("DefaultInboundAction") == Some(0);
        states.push((profile, on));
    }
    let enabled = if service == Some(DISABLED) || states.iter().any(|(_, on)| *on == Some(false)) {
        Some(false)
    } else if states.iter().all(|(_, on)| *on == Some(true)) {
        Some(true)
    } else {
        None
    };
    let word = |on: &Option<bool>| match on {
        Some(true) => "on",
        Some(false) => "off",
        None => "not told",
    };
    let mut detail: Vec<String> = states.iter().map(|(name, on)| format!("{name} {}", word(on))).collect();
    if service == Some(DISABLED) {
        detail.push("its service is disabled".to_owned());
    }
    let detail = detail.join(", ");
    let found = Firewall {
        product: Some("Windows Defender Firewall".to_owned()),
        enabled,
        inbound_default: Some(if accepts { "accept" } else { "drop" }.to_owned()),
        detail: detail.clone(),
    };
    Ok(Reading::with_gaps(found, detail, gaps))
}

/// Automatic updates.
pub(super) fn updates(registry: &dyn Registry) -> Read<Updates> {
    let mut gaps = Gaps::default();
    let service = registry.key(UPDATE_SERVICE)?;
    let policy = registry.found(UPDATE_POLICY, &mut gaps).unwrap_or_default();
    let automatic = registry.found(&format!("{UPDATE_POLICY}\\AU"), &mut gaps).unwrap_or_default();
    let disabled = service.number("Start") == Some(DISABLED);
    let refused = automatic.number("NoAutoUpdate") == Some(1);
    let by_hand = automatic.number("AUOptions") == Some(ONLY_TELL);
    let mut detail = Vec::new();
    if disabled {
        detail.push("its service is disabled".to_owned());
    }
    if refused {
        detail.push("policy: NoAutoUpdate".to_owned());
    }
    if by_hand {
        detail.push("policy: tells and does not install".to_owned());
    }
    if automatic.number("UseWUServer") == Some(1)
        && let Some(server) = policy.text("WUServer")
    {
        detail.push(format!("from the organisation's server {}", host(&server)));
    }
    let found = Updates {
        mechanism: Some("Windows Update".to_owned()),
        enabled: Some(!(disabled || refused || by_hand)),
        detail: detail.join(", "),
    };
    let summary = if detail.is_empty() { "by the system itself".to_owned() } else { detail.join(", ") };
    Ok(Reading::with_gaps(found, summary, gaps))
}

/// A fixed volume, as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Volume {
    /// `C:\`.
    pub(super) mount_point: String,
    /// `NTFS`.
    pub(super) file_system: String,
    /// The first sector as it lies on the disk below the encryption; `None` where it may not be read.
    pub(super) first_sector: Option<Vec<u8>>,
    /// Whether the system lies on it.
    pub(super) is_system: bool,
}

/// Disk encryption of fixed volumes.
pub(super) fn disk_encryption(registry: &dyn Registry, volumes: &[Volume]) -> Read<DiskEncryption> {
    if volumes.is_empty() {
        return Err(Unread::unsupported("no fixed volume is listed"));
    }
    let mut gaps = Gaps::default();
    let boot = registry.found(BITLOCKER, &mut gaps).and_then(|key| key.number("BootStatus"));
    let mut found = DiskEncryption::default();
    for volume in volumes {
        let by_disk = volume.first_sector.as_deref().and_then(is_bitlocker);
        // Zero here is also what a system without BitLocker has, and what it has before the first start with it.
        let by_boot = (volume.is_system && boot == Some(1)).then_some(true);
        let encrypted = by_disk.or(by_boot);
        if encrypted.is_none() {
            gaps.add("volumes below their file system", Why::Denied);
        }
        found.volumes.push(VolumeEncryption {
            mount_point: volume.mount_point.clone(),
            file_system: volume.file_system.clone(),
            device: volume.mount_point.trim_end_matches('\\').to_owned(),
            encrypted,
            layer: (encrypted == Some(true)).then(|| "BitLocker".to_owned()),
        });
    }
    let encrypted = found.volumes.iter().filter(|volume| volume.encrypted == Some(true)).count();
    let summary = format!("{encrypted} of {} fixed volumes encrypted", found.volumes.len());
    Ok(Reading::with_gaps(found, summary, gaps))
}

/// Whether a first sector is a BitLocker volume's; `None` where it is too short to tell.
fn is_bitlocker(sector: &[u8]) -> Option<bool> {
    let name = sector.get(3..11)?;
    Some(name == b"-FVE-FS-" || (name == b"MSWIN4.1" && sector.get(424..440) == Some(BITLOCKER_TO_GO)))
}

fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split(['/', '@']).next_back().unwrap_or_default().to_owned()
}

const CONTROL: &str = r"HKLM\SYSTEM\CurrentControlSet\Control";
const BITLOCKER: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\BitLockerStatus";
const FIREWALL: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy";
const FIREWALL_POLICY: &str = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall";
const FIREWALL_SERVICE: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\mpssvc";
const UPDATE_POLICY: &str = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate";
const UPDATE_SERVICE: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\wuauserv";
/// A profile's name in the setting, and in policy.
const PROFILES: [(&str, &str); 3] = [
    ("DomainProfile", "DomainProfile"),
    ("StandardProfile", "PrivateProfile"),
    ("PublicProfile", "PublicProfile"),
];
/// `SERVICE_DISABLED`.
const DISABLED: u32 = 4;
/// `AUOptions`: notify before downloading.
const ONLY_TELL: u32 = 2;
/// The volume identifier of BitLocker To Go: `4967D63B-2E29-4AD8-8399-F6A339E3D001`.
const BITLOCKER_TO_GO: &[u8] =
    &[0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99, 0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::registry_text::prepared;

    #[test]
    fn secure_boot_is_told_or_unsupported() {
        let on = secure_boot(&prepared()).unwrap().value;
        assert_eq!((on.uefi, on.enabled), (true, Some(true)));
        let bios =
            prepared().without(&format!("{CONTROL}\\SecureBoot")).with_number(CONTROL, "PEFirmwareType", 1);
        assert!(!secure_boot(&bios).unwrap().value.uefi);
        let silent = prepared().without(CONTROL);
        assert!(matches!(secure_boot(&silent), Err(Unread::Unsupported(_))));
    }

    #[test]
    fn one_profile_that_is_off_is_a_firewall_that_is_off() {
        assert_eq!(firewall(&prepared()).unwrap().value.enabled, Some(true));
        let public = format!("{FIREWALL}\\PublicProfile");
        assert_eq!(
            firewall(&prepared().with_number(&public, "EnableFirewall", 0)).unwrap().value.enabled,
            Some(false)
        );
        let policy = format!("{FIREWALL_POLICY}\\PublicProfile");
        let forced =
            prepared().with_number(&public, "EnableFirewall", 0).with_number(&policy, "EnableFirewall", 1);
        assert_eq!(firewall(&forced).unwrap().value.enabled, Some(true));
        let open = firewall(&prepared().with_number(&public, "DefaultInboundAction", 0)).unwrap().value;
        assert_eq!(open.inbound_default.as_deref(), Some("accept"));
        assert_eq!(firewall(&prepared().without(&public)).unwrap().value.enabled, None);
    }

    #[test]
    fn updates_are_off_where_service_or_policy_says_so() {
        assert_eq!(updates(&prepared()).unwrap().value.enabled, Some(true));
        let policy = format!("{UPDATE_POLICY}\\AU");
        assert_eq!(
            updates(&prepared().with_number(&policy, "NoAutoUpdate", 1)).unwrap().value.enabled,
            Some(false)
        );
        assert_eq!(
            updates(&prepared().with_number(UPDATE_SERVICE, "Start", 4)).unwrap().value.enabled,
            Some(false)
        );
        assert!(updates(&prepared().without(UPDATE_SERVICE)).is_err());
    }

    #[test]
    fn a_volume_is_judged_by_its_first_sector() {
        let volume = |sector: Option<&[u8]>| Volume {
            mount_point: "C:\\".into(),
            file_system: "NTFS".into(),
            first_sector: sector.map(<[u8]>::to_vec),
            is_system: true,
        };
        let judge = |sector: Option<&[u8]>| {
            disk_encryption(&prepared(), &[volume(sector)]).unwrap().value.volumes[0].encrypted
        };
        assert_eq!(judge(Some(b"\xeb\x58\x90-FVE-FS-\0\0")), Some(true));
        assert_eq!(judge(Some(b"\xeb\x52\x90NTFS    \0\0")), Some(false));
        assert_eq!(judge(None), None, "no permission is not an answer");
        let told = prepared().with_number(BITLOCKER, "BootStatus", 1);
        assert_eq!(disk_encryption(&told, &[volume(None)]).unwrap().value.volumes[0].encrypted, Some(true));
        assert!(disk_encryption(&prepared(), &[]).is_err());
    }
}
