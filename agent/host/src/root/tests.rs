use std::{fs, os::unix::fs::symlink};

use super::*;

fn sysroot() -> (tempfile::TempDir, Root) {
    let outer = tempfile::tempdir().unwrap();
    let inside = outer.path().join("root");
    fs::create_dir_all(inside.join("etc")).unwrap();
    fs::write(outer.path().join("secret"), "outside").unwrap();
    fs::write(inside.join("etc/os-release"), "ID=debian\n").unwrap();
    let root = Root::sysroot(&inside).unwrap();
    (outer, root)
}

/// The same sysroot without the kernel's help.
fn by_hand(root: &Root) -> Root {
    let directory = root.below.as_ref().unwrap().directory.clone();
    Root {
        below: Some(Arc::new(Sysroot {
            directory,
            #[cfg(target_os = "linux")]
            handle: None,
        })),
        journal: None,
    }
}

#[test]
fn links_that_point_outside_stay_inside() {
    let (outer, root) = sysroot();
    let inside = outer.path().join("root");
    symlink("/etc/os-release", inside.join("absolute")).unwrap();
    symlink("../../../../secret", inside.join("climbing")).unwrap();
    symlink(outer.path().join("secret"), inside.join("out")).unwrap();
    symlink("/etc/hostname", inside.join("etc/host")).unwrap();
    for root in [by_hand(&root), root] {
        assert_eq!(root.read_trimmed("/absolute", 64).unwrap(), "ID=debian");
        assert_eq!(root.read("/climbing", 64).unwrap_err().kind, ReadErrorKind::Missing);
        assert_eq!(root.read("/out", 64).unwrap_err().kind, ReadErrorKind::Missing);
        assert_eq!(
            root.read("/etc/host", 64).unwrap_err().kind,
            ReadErrorKind::Missing,
            "the live one leaked"
        );
        assert_eq!(root.read("/../../etc/os-release", 64).unwrap(), b"ID=debian\n");
        assert_eq!(root.read_link("/absolute").unwrap(), Path::new("/etc/os-release"));
        assert_eq!(root.canonical("/absolute").unwrap(), Path::new("/etc/os-release"));
        assert_eq!(root.read_link("/etc/os-release").unwrap_err().kind, ReadErrorKind::NotAFile);
    }
}

#[test]
fn a_loop_of_links_is_an_error() {
    let (outer, root) = sysroot();
    symlink("/loop-b", outer.path().join("root/loop-a")).unwrap();
    symlink("/loop-a", outer.path().join("root/loop-b")).unwrap();
    for root in [by_hand(&root), root] {
        assert!(matches!(root.read("/loop-a", 64).unwrap_err().kind, ReadErrorKind::Io(_)));
        assert!(!root.exists("/loop-a"));
        assert_eq!(root.link_metadata("/loop-a").unwrap().kind, FileKind::Link);
    }
}

#[test]
fn a_fifo_in_a_files_place_is_refused_at_once() {
    let (outer, root) = sysroot();
    let fifo = outer.path().join("root/etc/shadow");
    crate::testing::make_fifo(&fifo);
    for root in [by_hand(&root), root] {
        assert_eq!(root.read("/etc/shadow", 64).unwrap_err().kind, ReadErrorKind::NotAFile);
        assert_eq!(root.metadata("/etc/shadow").unwrap().kind, FileKind::Other);
    }
    assert_eq!(Root::live().read(&fifo, 64).unwrap_err().kind, ReadErrorKind::NotAFile);
}

#[test]
fn devices_and_directories_are_no_files() {
    let (_outer, root) = sysroot();
    assert_eq!(Root::live().read("/dev/zero", 64).unwrap_err().kind, ReadErrorKind::NotAFile);
    assert_eq!(root.read("/etc", 64).unwrap_err().kind, ReadErrorKind::NotAFile);
    assert_eq!(root.list_dir("/etc/os-release", 8).unwrap_err().kind, ReadErrorKind::NotAFile);
}

#[test]
fn reads_are_bounded() {
    let (outer, root) = sysroot();
    fs::write(outer.path().join("root/large"), vec![b'x'; 2 * 1024 * 1024]).unwrap();
    let error = root.read("/large", 4096).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::TooLarge);
    assert_eq!(error.to_string(), "cannot read `/large`: larger than the limit");
    let (prefix, more) = root.read_prefix("/large", 4096).unwrap();
    assert_eq!((prefix.len(), more), (4096, true));
    assert_eq!(root.read("/etc/os-release", 10).unwrap().len(), 10, "exactly the limit is within it");
}

#[test]
fn listings_are_sorted_and_bounded() {
    use std::os::unix::ffi::OsStrExt as _;
    let (outer, root) = sysroot();
    let directory = outer.path().join("root/many");
    fs::create_dir(&directory).unwrap();
    for number in 0..50 {
        fs::write(directory.join(format!("{number:02}")), "").unwrap();
    }
    fs::write(directory.join(std::ffi::OsStr::from_bytes(b"bad\xff")), "").unwrap();
    for root in [by_hand(&root), root] {
        let all = root.list_dir("/many", 100).unwrap();
        assert_eq!((all.names.len(), all.truncated, all.undecodable), (50, false, 1));
        assert!(all.names.is_sorted());
        let some = root.list_dir("/many", 10).unwrap();
        assert_eq!((some.names.len() + some.undecodable, some.truncated), (10, true));
    }
}

#[test]
fn kernel_files_of_the_live_machine_are_read_to_their_end() {
    assert!(Root::live().read_text("/proc/self/status", 65536).unwrap().contains("Pid:"));
    assert!(Root::live().read_link("/proc/self/exe").unwrap().is_absolute());
}

#[test]
fn a_magic_link_does_not_lead_out_of_a_sysroot() {
    // A sysroot whose `/proc` is a live one: its links are text, never a way out.
    let root = Root::sysroot(Path::new("/")).unwrap();
    assert!(root.read_link("/proc/self/exe").unwrap().is_absolute());
    assert!(root.read("/proc/self/root/etc/hostname", 4096).is_err());
}

#[test]
fn what_is_asked_for_is_written_down() {
    let (_outer, root) = sysroot();
    let journal = Arc::new(Journal::default());
    let root = root.with_journal(Arc::clone(&journal));
    let _ = (
        root.read("/etc/os-release", 64),
        root.list_dir("/etc", 8),
        root.read_link("/etc/x"),
        root.exists("/a"),
    );
    let entries: Vec<_> =
        journal.entries().into_iter().map(|(access, path)| (access, path.display().to_string())).collect();
    let expected = [
        (Access::File, "/etc/os-release"),
        (Access::Directory, "/etc"),
        (Access::Link, "/etc/x"),
        (Access::Status, "/a"),
    ];
    assert_eq!(entries, expected.map(|(access, path)| (access, path.to_owned())));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever links a copy holds, resolving by hand answers as the kernel does, and neither leads out.
    #[test]
    fn both_ways_of_resolving_agree(
        links in proptest::collection::vec(("[abc]", "/?(\\.\\./|[abc]/){0,3}([abc]|secret|\\.\\.)"), 1..6),
        path in "(/([abc]|\\.\\.|secret)){1,4}",
    ) {
        let (outer, root) = sysroot();
        let inside = outer.path().join("root");
        fs::create_dir_all(inside.join("a/b")).unwrap();
        fs::write(inside.join("a/b/c"), "inside").unwrap();
        for (at, (name, target)) in links.iter().enumerate() {
            let place = [inside.join("b"), inside.join("c"), inside.join("a").join(name), inside.join(name)];
            let _ = symlink(target, &place[at % 4]);
        }
        let text = |root: &Root| root.read_text(&path, 64).ok();
        let found = text(&root);
        proptest::prop_assert_eq!(&found, &text(&by_hand(&root)));
        proptest::prop_assert!(found.is_none_or(|found| found == "inside"));
        proptest::prop_assert_eq!(root.link_metadata(&path).ok(), by_hand(&root).link_metadata(&path).ok());
        proptest::prop_assert_eq!(root.read_link(&path).ok(), by_hand(&root).read_link(&path).ok());
    }
}

#[test]
fn text_that_is_no_utf_8_is_kept_readable() {
    let (outer, root) = sysroot();
    fs::write(outer.path().join("root/bad"), b"  De\xffll \n\0").unwrap();
    assert_eq!(root.read_trimmed("/bad", 64).unwrap(), "De\u{fffd}ll");
}
