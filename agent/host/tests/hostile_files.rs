//! A machine whose every file was written by an enemy: nothing panics, nothing hangs, one line of coverage
//! for each source, and what is printed stays on its line.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test whose machine cannot be built has failed")]

use std::{fs, os::unix::fs::symlink, path::Path};

use bearing_host::{Collection, Root, collect};
use bearing_protocol::{
    Timestamp,
    clock::FixedClock,
    coverage::Status,
    fact::Facts,
    plan::{ArtefactPattern, Marker, Plan},
};

/// Files that sources read.
const FILES: &[&str] = &[
    "etc/os-release",
    "etc/hostname",
    "etc/passwd",
    "etc/group",
    "etc/sudoers",
    "etc/sudoers.d/a",
    "etc/nsswitch.conf",
    "etc/crontab",
    "etc/cron.d/a",
    "etc/fstab",
    "etc/crypttab",
    "etc/ssh/sshd_config",
    "etc/ufw/ufw.conf",
    "etc/default/ufw",
    "etc/firewalld/firewalld.conf",
    "etc/nftables.conf",
    "etc/iptables/rules.v4",
    "etc/apt/apt.conf.d/20a",
    "etc/resolv.conf",
    "etc/timezone",
    "etc/environment",
    "etc/systemd/system/a.service",
    "etc/systemd/system/a.service.d/b.conf",
    "etc/systemd/system/a.timer",
    "etc/xdg/autostart/a.desktop",
    "usr/share/applications/a.desktop",
    "var/lib/dpkg/status",
    "var/lib/dpkg/diversions",
    "var/lib/dpkg/info/a.list",
    "var/spool/cron/crontabs/a",
    "run/systemd/sessions/1",
    "run/utmp",
    "home/a/.ssh/authorized_keys",
    "home/a/.config/systemd/user/b.service",
    "proc/stat",
    "proc/7/stat",
    "proc/7/status",
    "proc/7/cmdline",
    "proc/7/cgroup",
    "proc/7/comm",
    "proc/7/environ",
    "proc/net/tcp",
    "proc/net/tcp6",
    "proc/net/udp",
    "proc/net/route",
    "proc/net/ipv6_route",
    "proc/net/arp",
    "proc/self/mountinfo",
    "proc/mounts",
    "proc/sys/kernel/hostname",
    "proc/sys/kernel/random/boot_id",
    "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "sys/class/block/sda/dm/uuid",
    "sys/bus/usb/devices/1-1/descriptors",
    "sys/bus/usb/devices/1-1/idVendor",
    "sys/bus/usb/devices/1-1/product",
    "sys/class/drm/card0-HDMI-A-1/edid",
    "sys/class/drm/card0-HDMI-A-1/status",
    "sys/class/dmi/id/chassis_type",
    "sys/class/net/eth0/address",
    "opt/x/program",
];

fn evaluate(directory: &Path) -> Facts {
    let plan = Plan {
        artefacts: vec![
            ArtefactPattern { product: "p".to_owned(), pattern: "~/*/*/*".to_owned() },
            ArtefactPattern { product: "p".to_owned(), pattern: "/*/*/*/*".to_owned() },
        ],
        markers: vec![Marker { product: "p".to_owned(), text: "marker".to_owned() }],
        packages: Vec::new(),
    };
    let clock = FixedClock::new(Timestamp::from_second(1_800_000_000).unwrap());
    collect(&Root::sysroot(directory).unwrap(), &Collection::everything(plan), &clock)
}

fn check(facts: &Facts, what: &str) {
    for line in &facts.coverage {
        assert!(!line.detail.contains("broke"), "{what}: {}: {}", line.source, line.detail);
        assert!(!line.detail.contains("deadline"), "{what}: {}: {}", line.source, line.detail);
        assert!(!line.detail.chars().any(char::is_control), "{what}: {}", line.source);
    }
    assert!(facts.coverage.iter().any(|line| line.status != Status::Ok), "{what}: nothing was missed");
}

/// Bytes that repeat themselves after a long while (a linear congruential generator).
fn noise(length: usize, mut seed: u32) -> Vec<u8> {
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn machine(contents: &dyn Fn(usize) -> Vec<u8>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (index, path) in FILES.iter().enumerate() {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents(index)).unwrap();
    }
    symlink("/opt/x/program", directory.path().join("proc/7/exe")).unwrap();
    directory
}

#[test]
fn noise_in_every_file() {
    for seed in 0..6 {
        let directory = machine(&|index| noise(4096, seed * 1000 + index as u32));
        check(&evaluate(directory.path()), "noise");
    }
}

#[test]
fn text_that_looks_right_and_is_not() {
    let shapes: [&[u8]; 8] = [
        b"",
        b"\n\n\n",
        b"[[[[]]]]\n====\n\\\n\\\n;;;;{{{{}}}}\"\"\"'''",
        b"a:b:c:d:e:f:g\nx:x:99999999999999999999:0:::\n0 0 0 0 0 0 0 0 0 0\n",
        "\u{1b}[31m\u{202e}Name=\u{1b}]0;x\u{7}\nExec=\u{0}\nPackage: \u{1b}c\nVersion: \u{9b}\n".as_bytes(),
        b"18446744073709551615 (x) S 4294967295 1 1 1 1 18446744073709551615 1 1 1 1 1 1 1 1 1 1 1 18446744073709551615",
        b"\x7fELF\x02\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"Include /*/*/*\nInclude *\n@includedir /\n@include sudoers\nMatch all\nUser_Alias A=A\nA ALL=ALL\n",
    ];
    for shape in shapes {
        let directory = machine(&|_| shape.to_vec());
        check(&evaluate(directory.path()), &String::from_utf8_lossy(shape));
    }
}

#[test]
fn megabytes_without_a_line_end() {
    let directory = machine(&|index| vec![b"aA0=[:/ "[index % 8]; 3 * 1024 * 1024]);
    let facts = evaluate(directory.path());
    check(&facts, "megabytes");
    let arguments: usize = facts.processes.iter().flat_map(|p| &p.arguments).map(String::len).sum();
    assert!(arguments <= 64 * 1024, "{arguments}");
}

#[test]
fn loops_and_directories_in_files_places() {
    let directory = machine(&|_| Vec::new());
    for (index, path) in FILES.iter().enumerate() {
        let path = directory.path().join(path);
        fs::remove_file(&path).unwrap();
        match index % 3 {
            0 => symlink(path.file_name().unwrap(), &path).unwrap(),
            1 => fs::create_dir(&path).unwrap(),
            _ => symlink("/dev/zero", &path).unwrap(),
        }
    }
    check(&evaluate(directory.path()), "loops");
}
