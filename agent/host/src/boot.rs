//! This boot: the kernel's id for it, and when it began; and when the system was first started.
//!
//! Always: the first start is what the oldest sign of it says that is made on this very machine (machine id, host
//! keys, the installer's logs); an image's packages are older and count only where there is no such sign. Of a copy
//! of files, only times inside files are believed.
//! Facts: proc_sys_kernel(5) (`random/boot_id`), proc_stat(5) (`btime`, seconds since the epoch).

use bearing_protocol::{Timestamp, fact::Boot};

use crate::{
    gaps::{Gaps, Why},
    packages::{dpkg_log, pacman, rpm},
    reading::{Context, Read, Reading},
    root::Root,
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Boot> {
    context.needs_linux()?;
    let mut gaps = Gaps::default();
    let id = context.root.read_trimmed(BOOT_ID, 64);
    let stat = context.root.read_text(STAT, MAX_STAT_BYTES);
    let (id, stat) = match (id, stat) {
        (Err(error), Err(_)) => return Err(error.into()),
        pair => pair,
    };
    let id = match id {
        Ok(text) if is_boot_id(&text) => Some(text),
        Ok(_) => {
            gaps.add("boot ids", Why::Malformed);
            None
        }
        Err(error) => {
            gaps.add("boot ids", error.kind.into());
            None
        }
    };
    let at = match stat {
        Ok(text) => {
            let at = parse_boot_time(&text);
            if at.is_none() {
                gaps.add("boot times", Why::Malformed);
            }
            at
        }
        Err(error) => {
            gaps.add("boot times", error.kind.into());
            None
        }
    };
    let installed_at = first_start(&context.root).or_else(|| first_package(&context.root));
    let mut summary = at.map_or_else(String::new, |at| format!("started {at}"));
    if let Some(installed_at) = installed_at {
        let separator = if summary.is_empty() { "" } else { ", " };
        summary = format!("{summary}{separator}first started {installed_at}");
    }
    Ok(Reading::with_gaps(Boot { id, at, installed_at }, summary, gaps))
}

/// When the live system was first started or installed, by what is written then and never again.
fn first_start(root: &Root) -> Option<Timestamp> {
    if !root.is_live() {
        return None;
    }
    let time = |path: &str| {
        let found = root.metadata(path).ok()?;
        // A file that was put back from a backup is younger than its contents.
        let times = found.created_at.into_iter().chain(found.modified_at);
        times.filter(|at| at.as_second() > EARLIEST_SECONDS).min()
    };
    FIRST_SIGNS.iter().filter_map(|path| time(path)).min()
}

/// When the first packages were installed, by the package managers' own records.
fn first_package(root: &Root) -> Option<Timestamp> {
    let mut unsaid = Gaps::default();
    let log = dpkg_log::read(root, &mut unsaid);
    // Only a log that goes back to the installation knows of these; a rotated one would make the system young.
    let debian = BASE_PACKAGES
        .iter()
        .flat_map(|name| {
            ["amd64", "arm64", "i386", "all"].map(|architecture| log.installed_at(name, architecture))
        })
        .flatten()
        .min();
    let others = [rpm::read(root, &mut unsaid), pacman::read(root, &mut unsaid)];
    let times = others.iter().flatten().flatten().filter_map(|package| package.installed_at);
    debian.into_iter().chain(times).min()
}

/// The `btime` line of `/proc/stat`.
pub fn parse_boot_time(stat: &str) -> Option<Timestamp> {
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

/// Whether a text is a UUID, the form of a boot id.
fn is_boot_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// What is made when a system is installed or first started: systemd's machine id, the installers' logs, host keys.
const FIRST_SIGNS: [&str; 8] = [
    "/etc/machine-id",
    "/var/lib/dbus/machine-id",
    "/var/log/installer/initial-status.gz",
    "/var/log/installer",
    "/var/log/anaconda",
    "/root/anaconda-ks.cfg",
    "/etc/ssh/ssh_host_ed25519_key.pub",
    "/etc/ssh/ssh_host_rsa_key.pub",
];
/// Files of images that are built to be the same each time carry the first second of 1970, or of their release.
const EARLIEST_SECONDS: i64 = 1_104_537_600; // 2005
/// Packages that are there from the first minute on.
const BASE_PACKAGES: [&str; 3] = ["base-files", "dpkg", "libc6"];
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const STAT: &str = "/proc/stat";
/// Most bytes of `/proc/stat`: it grows with processors and interrupts.
const MAX_STAT_BYTES: usize = 4 * 1024 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn a_boot_is_read() {
        let machine = Machine::new();
        machine
            .file(BOOT_ID, "5a0a1c8e-3c0e-4a5b-9a43-0f0a4b1f2c3d\n")
            .file(STAT, "cpu  1 2 3\nintr 0\nctxt 7\nbtime 1795593600\nprocesses 3\n");
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.value.id.as_deref(), Some("5a0a1c8e-3c0e-4a5b-9a43-0f0a4b1f2c3d"));
        assert_eq!(reading.value.at.unwrap().as_second(), 1_795_593_600);
        assert!(reading.gaps.is_empty());
    }

    #[test]
    fn a_copy_is_as_old_as_its_records_say() {
        let machine = Machine::new();
        machine.file(BOOT_ID, "5a0a1c8e-3c0e-4a5b-9a43-0f0a4b1f2c3d\n").file("/etc/machine-id", "x\n");
        let installed = |machine: &Machine| read(&machine.context()).unwrap().value.installed_at;
        assert_eq!(installed(&machine), None, "when it was copied says nothing");
        machine.file("/var/log/dpkg.log", "2026-01-05 10:00:00 install xrdp:amd64 <none> 1\n");
        assert_eq!(installed(&machine), None, "the log was rotated");
        machine.file(
            "/var/log/dpkg.log.1",
            "2025-12-01 10:00:00 install base-files:amd64 <none> 12\n2025-12-01 10:00:01 install libc6:amd64 <none> 2\n",
        );
        assert_eq!(installed(&machine).unwrap().to_string(), "2025-12-01T10:00:00Z");
        machine.file("/var/lib/rpm/rpmdb.sqlite", include_bytes!("../captures/rpm-4.18/rpmdb.sqlite"));
        assert_eq!(installed(&machine).unwrap().to_string(), "2025-12-01T10:00:00Z", "the oldest sign");
    }

    #[test]
    fn nonsense_is_told_and_not_kept() {
        let machine = Machine::new();
        machine.file(BOOT_ID, "<script>\n").file(STAT, "btime 99999999999999999999\n");
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.value, Boot::default());
        assert_eq!(reading.gaps.describe(), "1 boot ids: malformed; 1 boot times: malformed");
        assert!(read(&Machine::new().context()).is_err());
    }
}
