use std::{collections::BTreeSet, path::Path};

use bearing_protocol::{Timestamp, clock::Clock, fact::Facts};

use super::*;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

const HIVE: &[u8] = include_bytes!("../../captures/collections/system.hive");
const VERBOSE: &str = include_str!("../../captures/collections/lsusb-v-pikvm-as-dell-keyboard.txt");
const PLAIN: &str = include_str!("../../captures/collections/lsusb.txt");
const TREE: &str = include_str!("../../captures/collections/lsusb-t.txt");

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, contents) in files {
        let place = folder.path().join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, contents).unwrap();
    }
    folder
}

fn all() -> BTreeSet<Source> {
    ORDER.iter().copied().collect()
}

fn read_all(folder: &Path) -> Facts {
    read(folder, &all(), Plan::default(), &Still).unwrap()
}

fn line(facts: &Facts, source: Source) -> &Coverage {
    facts.coverage.iter().find(|line| line.source == source).unwrap()
}

#[test]
fn what_uac_leaves_is_one_machine() {
    let folder = folder(&[
        ("live_response/hardware/lsusb.txt", PLAIN.as_bytes()),
        ("live_response/hardware/lsusb_-vv.txt", VERBOSE.as_bytes()),
        ("notes/where-it-hangs", TREE.as_bytes()),
        ("uac.log", b"started"),
    ]);
    let facts = read_all(folder.path());
    assert_eq!((facts.os.family.as_str(), facts.usb.len(), facts.hid.len()), ("linux", 4, 3));
    let keyboard = facts.usb.iter().find(|device| device.path == "3-1").unwrap();
    assert_eq!(keyboard.provenance.as_deref(), Some("collection"));
    assert_eq!(keyboard.interfaces[0].driver.as_deref(), Some("usbhid"));
    assert!(facts.hid.iter().all(|hid| hid.usb_path.as_deref() == Some("3-1")));
    assert_eq!(line(&facts, Source::Usb).status, Status::Ok);
    assert_eq!(line(&facts, Source::Hid).status, Status::Ok);
    for source in [Source::Displays, Source::Storage, Source::Processes, Source::Neighbours] {
        assert_eq!(line(&facts, source).status, Status::Unsupported, "{source}");
    }
    assert_eq!(facts.coverage.len(), ORDER.len());
}

#[test]
fn what_kape_and_velociraptor_leave_is_found_by_content() {
    for place in ["C/Windows/System32/config/SYSTEM", "uploads/ntfs/%5C%5C.%5CC%3A/x", "renamed.bin"] {
        let folder = folder(&[(place, HIVE), ("C/Users/a/NTUSER.DAT", b"not a hive")]);
        let facts = read_all(folder.path());
        assert_eq!((facts.os.family.as_str(), facts.hostname.as_str()), ("windows", "FINANCE-14"), "{place}");
        assert_eq!((facts.usb.len(), facts.storage.len(), facts.displays.len()), (4, 2, 1));
        assert_eq!(line(&facts, Source::Hid).status, Status::Unsupported);
        assert!(line(&facts, Source::Usb).detail.contains("not on record"));
    }
}

#[test]
fn the_log_adds_what_the_registry_forgot() {
    let log = "[Device Install Log]\n>>>  [Device Install (Hardware initiated) - USB\\VID_3346&PID_1009\\0123]\n\
        >>>  Section start 2026/01/02 10:00:00.000\n<<<  Section end\n\
        >>>  [Device Install (Hardware initiated) - USB\\VID_1D6B&PID_0104\\CAFEBABE]\n\
        >>>  Section start 2026/01/01 10:00:00.000\n<<<  Section end\n";
    let folder = folder(&[("a/SYSTEM", HIVE), ("a/setupapi.dev.log", log.as_bytes())]);
    let facts = read_all(folder.path());
    assert_eq!(facts.usb.len(), 5);
    let forgotten = facts.usb.iter().find(|device| device.vendor_id == 0x3346).unwrap();
    assert_eq!(forgotten.provenance.as_deref(), Some("setupapi"));
    // Local time is one hour ahead of UTC, as the hive says.
    assert_eq!(forgotten.last_seen.unwrap().to_string(), "2026-01-02T09:00:00Z");
    let known = facts.usb.iter().find(|device| device.vendor_id == 0x1d6b).unwrap();
    assert_eq!(known.first_seen.unwrap().to_string(), "2026-01-01T09:00:00Z");
}

#[test]
fn utf16_from_powershell_is_text() {
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(VERBOSE.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let facts = read_all(folder(&[("usb.txt", &wide)]).path());
    assert_eq!(facts.usb.len(), 4);
}

#[test]
fn a_hive_in_use_without_its_logs_is_partial() {
    let mut bytes = HIVE.to_vec();
    bytes[4] ^= 1;
    let facts = read_all(folder(&[("SYSTEM", &bytes)]).path());
    assert_eq!(line(&facts, Source::Usb).status, Status::Partial);
    assert!(line(&facts, Source::Usb).detail.contains("newest changes may be missing"));
}

#[test]
fn nothing_that_is_read_is_an_error_that_says_so() {
    let folder = folder(&[("a.zip", b"PK\x03\x04...."), ("b.txt", b"hello")]);
    let error = read(folder.path(), &all(), Plan::default(), &Still).unwrap_err().to_string();
    assert!(error.contains("2 files looked at, 1 archives"), "{error}");
    assert!(read(&folder.path().join("none"), &all(), Plan::default(), &Still).is_err());
}

#[test]
#[cfg(unix)]
fn links_out_of_the_folder_and_pipes_are_left_alone() {
    let outside = folder(&[("lsusb.txt", VERBOSE.as_bytes())]);
    let inside = folder(&[("lsusb.txt", PLAIN.as_bytes())]);
    std::os::unix::fs::symlink(outside.path(), inside.path().join("more")).unwrap();
    std::os::unix::fs::symlink("/etc", inside.path().join("etc")).unwrap();
    crate::testing::make_fifo(&inside.path().join("pipe"));
    let facts = read_all(inside.path());
    assert!(facts.usb.iter().all(|device| device.descriptors.is_empty()));
    assert_eq!(line(&facts, Source::Usb).status, Status::Partial);
    assert_eq!(facts.hostname, "");
}

#[test]
#[cfg(unix)]
fn files_of_a_linux_machine_are_read_as_far_as_they_were_taken() {
    let folder = folder(&[
        ("[root]/etc/os-release", b"NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n"),
        ("[root]/etc/hostname", b"desk-7\n"),
        ("live_response/hardware/lsusb_-vv.txt", VERBOSE.as_bytes()),
    ]);
    let facts = read_all(folder.path());
    assert_eq!((facts.hostname.as_str(), facts.os.version.as_str()), ("desk-7", "12"));
    assert_eq!(facts.usb.len(), 4);
    // Never all there were: no rule may pass on it.
    assert!(
        facts
            .coverage
            .iter()
            .all(|line| line.status != Status::Ok || matches!(line.source, Source::Usb | Source::Hid))
    );
}

#[test]
fn a_linux_subsystem_inside_a_windows_machine_is_not_the_machine() {
    let folder = folder(&[
        ("C/Windows/System32/config/SYSTEM", HIVE),
        ("C/Users/a/AppData/rootfs/etc/os-release", b"NAME=Debian\n"),
    ]);
    let facts = read_all(folder.path());
    assert_eq!((facts.os.family.as_str(), facts.hostname.as_str()), ("windows", "FINANCE-14"));
}

#[test]
fn policy_switches_sources_off_here_too() {
    let folder = folder(&[("lsusb.txt", VERBOSE.as_bytes())]);
    let sources = BTreeSet::from([Source::Hid]);
    let facts = read(folder.path(), &sources, Plan::default(), &Still).unwrap();
    assert!(facts.usb.is_empty() && !facts.hid.is_empty());
    assert_eq!(line(&facts, Source::Usb).status, Status::Denied);
}

#[test]
fn a_log_alone_is_no_list_of_devices() {
    for text in [
        "",
        ">>>  [Device Install - USB\\VID_046D&PID_C52B\\1]\n>>>  Section start 2026/01/02 10:00:00.000\n",
    ] {
        let log = format!("[Device Install Log]\n{text}");
        let facts = read_all(folder(&[("setupapi.dev.log", log.as_bytes())]).path());
        assert_eq!(line(&facts, Source::Usb).status, Status::Partial);
        assert!(line(&facts, Source::Usb).detail.contains("not what was there"));
        assert_eq!(line(&facts, Source::Storage).status, Status::Partial);
        for source in [Source::Hid, Source::Displays] {
            assert_eq!(line(&facts, source).status, Status::Unsupported, "{source}");
        }
    }
}

#[test]
fn a_cut_lsusb_is_partial_for_devices_and_hid() {
    // Inside the first configuration, before its interfaces: nothing that was printed is wrong.
    let end = VERBOSE.find("    Interface Descriptor:").unwrap();
    let facts = read_all(folder(&[("lsusb.txt", &VERBOSE.as_bytes()[..end])]).path());
    assert_eq!(line(&facts, Source::Usb).status, Status::Partial);
    assert!(line(&facts, Source::Usb).detail.contains("it was cut"));
    assert_eq!(line(&facts, Source::Hid).status, Status::Unsupported);
    // The same with the plain list: it has no interfaces at all.
    let facts = read_all(folder(&[("lsusb.txt", PLAIN.as_bytes())]).path());
    assert_eq!(line(&facts, Source::Hid).status, Status::Unsupported);
}
