//! A minimal Debian with systemd on a disk: made once, thrown-away changes in each boot.

use super::guest;
use crate::{place, run};
use anyhow::Context;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the disk has room for: the system, both packages in two versions and twice altered, a server's data.
const DISK_SIZE: &str = "1400M";
const MOUNT: &str = "/mnt";
/// Where this program and its plan lie in the Debian: the same place as in the boot image.
const PROGRAM: &str = "/rig/xtask";
const UNIT: &str = "[Unit]\nDescription=Carries out the plan of the test machine\nAfter=basic.target\n\n[Service]\nType=simple\nExecStart=/rig/xtask vm guest\nExecStopPost=/bin/systemctl poweroff --force --force\nStandardOutput=journal+console\n\n[Install]\nWantedBy=multi-user.target\n";

/// The disk, made with mmdebstrap and mke2fs unless it lies here already.
///
/// # Errors
/// When Debian's archive cannot be reached or this is not root.
pub(crate) fn disk() -> anyhow::Result<PathBuf> {
    let suite = suite()?;
    let disk = place::target().join(format!("vm/debian-{suite}-large.ext4"));
    if disk.exists() {
        return Ok(disk);
    }
    let parent = disk.parent().context("the target directory has no parent")?;
    fs::create_dir_all(parent)?;
    let work = tempfile::tempdir_in(parent)?;
    let tree = work.path().join("tree");
    run::run(
        Command::new("mmdebstrap")
            .args(["--quiet", "--mode=root", "--variant=minbase", "--include=systemd-sysv"])
            .args(["doc", "locale", "man"].map(|name| format!("--dpkgopt=path-exclude=/usr/share/{name}/*")))
            .arg(&suite)
            .arg(&tree),
    )?;
    let unfinished = work.path().join("disk");
    run::run(
        Command::new("mke2fs").args(["-q", "-t", "ext4", "-d"]).arg(&tree).arg(&unfinished).arg(DISK_SIZE),
    )?;
    fs::rename(unfinished, &disk)?;
    Ok(disk)
}

/// This machine's own release, since programs built here run there.
pub(crate) fn suite() -> anyhow::Result<String> {
    fs::read_to_string("/etc/os-release")?
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME=").map(str::to_owned))
        .context("this machine's /etc/os-release names no release")
}

/// In the guest: puts this program on the disk as a service, and hands over to its systemd.
pub(crate) fn enter() -> anyhow::Result<()> {
    super::bound::wait("the disk", || Path::new("/dev/nvme0n1").exists().then_some(()))?;
    fs::create_dir_all(MOUNT)?;
    guest::busybox(&["mount", "-t", "ext4", "/dev/nvme0n1", MOUNT])?;
    let root = Path::new(MOUNT);
    let is_first_boot = !root.join("rig").exists();
    fs::create_dir_all(root.join("rig"))?;
    for entry in fs::read_dir("/rig")? {
        let path = entry?.path();
        if path.is_file() {
            fs::copy(&path, root.join("rig").join(path.file_name().unwrap_or_default()))?;
        }
    }
    fs::copy("/init", root.join(PROGRAM.trim_start_matches('/')))?;
    fs::write(root.join("etc/systemd/system/rig.service"), UNIT)?;
    let wants = root.join("etc/systemd/system/multi-user.target.wants");
    fs::create_dir_all(&wants)?;
    if !is_first_boot {
        return hand_over();
    }
    std::os::unix::fs::symlink("/etc/systemd/system/rig.service", wants.join("rig.service"))?;
    fs::write(root.join("etc/hostname"), "desk-17\n")?;
    fs::write(root.join("etc/hosts"), "127.0.0.1 localhost desk-17\n")?;
    // An empty one makes systemd invent it, as on a first boot.
    fs::write(root.join("etc/machine-id"), "")?;
    hand_over()
}

fn hand_over() -> anyhow::Result<()> {
    let error =
        Command::new(Path::new("/").join(guest::BUSYBOX)).args(["switch_root", MOUNT, "/sbin/init"]).exec();
    Err(error).context("cannot hand over to Debian")
}
