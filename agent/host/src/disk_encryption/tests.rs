#![cfg(unix)]

use super::read;
use crate::{reading::Unread, testing::Machine};

/// LVM on LUKS on one disk, and a second plain disk: the shape that Debian's installer makes. The tree's
/// names are those that Linux 6.1 and cryptsetup 2.6 showed in a virtual machine.
fn machine(mounts: &str) -> Machine {
    let machine = Machine::new();
    machine
        .file("/proc/self/mountinfo", mounts)
        .link("/sys/dev/block/253:1", "../../devices/virtual/block/dm-1")
        .file("/sys/class/block/dm-1/dm/uuid", "LVM-abc\n")
        .file("/sys/class/block/dm-1/dm/name", "vg-root\n")
        .directory("/sys/class/block/dm-1/slaves/dm-0")
        .file("/sys/class/block/dm-0/dm/uuid", "CRYPT-LUKS2-fbe219ec7590494296b60136cb6f13ca-sda3_crypt\n")
        .directory("/sys/class/block/dm-0/slaves/sda3")
        .directory("/sys/class/block/sda3")
        .directory("/sys/class/block/sdb1")
        .directory("/sys/class/block/vda");
    machine
}

fn judged(machine: &Machine) -> Vec<(String, Option<bool>, Option<String>)> {
    let volumes = read(&machine.context()).unwrap().value.volumes;
    volumes.into_iter().map(|v| (v.mount_point, v.encrypted, v.layer)).collect()
}

#[test]
fn an_encrypted_root_and_a_plain_home_are_told_apart() {
    let machine =
        machine("1 0 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n2 1 8:17 / /home rw - ext4 /dev/sdb1 rw\n");
    assert_eq!(
        judged(&machine),
        [("/".to_owned(), Some(true), Some("LUKS2".to_owned())), ("/home".to_owned(), Some(false), None),]
    );
}

#[test]
fn a_volume_over_a_plain_and_an_encrypted_disk_is_plain() {
    let machine = machine("1 0 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n");
    machine.directory("/sys/class/block/dm-1/slaves/sdb1");
    assert_eq!(judged(&machine), [("/".to_owned(), Some(false), None)]);
}

#[test]
fn btrfs_is_followed_by_its_device() {
    let machine = machine("1 0 0:30 /@ / rw - btrfs /dev/mapper/vg-root rw\n");
    assert_eq!(judged(&machine)[0].1, Some(true));
}

#[test]
fn what_cannot_be_followed_is_neither_on_nor_off() {
    for mount in ["overlay overlay", "ext4 /dev/vda", "zfs rpool/ROOT", "ext4 /dev/nbd0"] {
        let machine = machine(&format!("1 0 0:9 / / rw - {mount} rw\n"));
        assert_eq!(judged(&machine)[0].1, None, "{mount}");
        assert!(!read(&machine.context()).unwrap().gaps.is_empty(), "{mount} without a reason");
    }
}

#[test]
fn encryption_inside_a_file_system_is_named_and_not_guessed() {
    let machine = machine("1 0 8:17 / / rw - ext4 /dev/sdb1 rw\n");
    assert_eq!(judged(&machine), [("/".to_owned(), Some(false), None)]);
    machine.directory("/.fscrypt/policies");
    assert_eq!(judged(&machine), [("/".to_owned(), None, Some("fscrypt".to_owned()))]);
}

#[test]
fn a_device_that_is_its_own_slave_ends() {
    let machine = machine("1 0 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n");
    machine.file("/sys/class/block/dm-0/dm/uuid", "LVM-x\n").directory("/sys/class/block/dm-0/slaves/dm-1");
    assert_ne!(judged(&machine)[0].1, Some(true));
}

#[test]
fn tables_are_the_weaker_witness() {
    let machine = Machine::new();
    machine
        .file("/etc/fstab", "/dev/mapper/sda3_crypt / ext4 defaults 0 1\n")
        .file("/etc/crypttab", "sda3_crypt UUID=1 none luks\n");
    assert_eq!(judged(&machine), [("/".to_owned(), Some(true), Some("dm-crypt (by crypttab)".to_owned()))]);
    assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
}
