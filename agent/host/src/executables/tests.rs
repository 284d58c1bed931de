#![cfg(unix)]

use std::sync::Arc;

use bearing_protocol::{
    fact::{Executable, Facts, IdentityKind, Owner, Process, Unit},
    plan::{Marker, Plan},
};

use super::read;
use crate::{gaps::Why, testing::Machine};

fn process(pid: u32, path: &str) -> Process {
    Process { pid, executable: Some(path.to_owned()), ..Process::default() }
}

#[test]
fn what_no_package_owns_is_known_by_its_bytes() {
    let machine = Machine::new();
    let bytes = [&b"\x7fELF"[..], &[0; 500], b"..rs-ny.rustdesk.com.."].concat();
    machine
        .file("/var/lib/dpkg/info/tools.list", "/usr/bin/tool\n/usr/bin/known\n")
        .file("/usr/bin/tool", &bytes)
        .file("/usr/bin/known", &bytes)
        .file("/opt/x/update-helper", &bytes)
        .file("/var/lib/dpkg/info/other.list", "/usr/bin/other\n")
        .link("/usr/local/bin/helper", "/opt/x/update-helper")
        .file("/usr/bin/other", &bytes);
    let mut context = machine.context();
    let helper = Unit { program: Some("helper".to_owned()), ..Unit::default() };
    context.earlier = Arc::new(Facts {
        processes: vec![
            process(9, "/opt/x/update-helper"),
            process(10, "/opt/x/update-helper"),
            process(11, "/usr/bin/other"),
            process(12, "/usr/bin/tool"),
            Process { deleted: true, ..process(13, "/tmp/gone") },
            Process { unit: Some("flatpak:org.x.Y".to_owned()), ..process(14, "/app/bin/y") },
            Process { unit: Some("container:web".to_owned()), ..process(15, "/usr/bin/tool") },
        ],
        units: vec![helper],
        ..Facts::default()
    });
    context.plan = Arc::new(Plan {
        markers: vec![Marker { product: "rustdesk".to_owned(), text: "rs-ny.rustdesk.com".to_owned() }],
        packages: vec!["tools".to_owned()],
        ..Plan::default()
    });
    let reading = read(&context).unwrap();
    let found = |path: &str, pids: &[u32]| {
        reading.value.iter().find(|e| e.path == path && e.pids == pids).unwrap_or_else(|| panic!("{path}"))
    };
    let markers = vec![("rustdesk".to_owned(), "rs-ny.rustdesk.com".to_owned())];
    let portable = found("/opt/x/update-helper", &[9, 10]);
    assert_eq!((&portable.owner, &portable.markers, portable.partial), (&Owner::Nobody, &markers, false));
    assert_eq!(portable.size_bytes, bytes.len() as u64);
    let known = found("/usr/bin/tool", &[12]);
    assert_eq!((&known.owner, &known.markers), (&Owner::Package("tools".to_owned()), &markers));
    let other = found("/usr/bin/other", &[11]);
    assert_eq!((&other.owner, other.markers.len()), (&Owner::Package("other".to_owned()), 0));
    assert!(found("/tmp/gone", &[13]).deleted);
    assert_eq!(found("/app/bin/y", &[14]).owner, Owner::Package("org.x.Y".to_owned()));
    assert_eq!(found("/usr/bin/tool", &[15]).owner, Owner::Unknown);
    // The deleted one and the container's are on no file system of this copy.
    assert_eq!(reading.gaps.count("executables", Why::Missing), 2);
}

/// What is known of the program at `path` that `pids` run.
fn marks(reading: &crate::reading::Reading<Vec<Executable>>, path: &str) -> Vec<(IdentityKind, String)> {
    let found = reading.value.iter().filter(|executable| executable.path == path);
    found.flat_map(|executable| &executable.identities).map(|mark| (mark.kind, mark.value.clone())).collect()
}

#[test]
fn what_interpreters_and_loaders_run_is_known_by_itself() {
    let machine = Machine::new();
    machine
        .file("/var/lib/dpkg/info/node.list", "/usr/bin/node\n/usr/bin/java\n")
        .file("/usr/bin/node", "")
        .file("/usr/bin/java", "")
        .file("/home/a/x.jar", include_bytes!("../../captures/formats/small.jar"))
        .file("/home/a/.wine/drive_c/x.exe", include_bytes!("../../captures/formats/signed_program.exe"))
        .file("/opt/app/app.asar", include_bytes!("../../captures/formats/small.asar"));
    let run = |pid, executable: &str, arguments: &[&str]| Process {
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        user: Some("a".to_owned()),
        ..process(pid, executable)
    };
    let mut context = machine.context();
    context.earlier = Arc::new(Facts {
        processes: vec![
            run(1, "/usr/bin/java", &["java", "-jar", "/home/a/x.jar"]),
            run(2, "/opt/wine/bin/wine64-preloader", &["C:\\x.exe"]),
            run(3, "/usr/lib/electron28/electron", &["electron", "/opt/app/app.asar"]),
        ],
        ..Facts::default()
    });
    let reading = read(&context).unwrap();
    assert_eq!(
        marks(&reading, "/home/a/x.jar"),
        [
            (IdentityKind::JavaMainClass, "com.example.remote.support.customer.Main".to_owned()),
            (IdentityKind::JavaTitle, "Example Remote Support".to_owned()),
        ]
    );
    let program = marks(&reading, "/home/a/.wine/drive_c/x.exe");
    assert!(program.contains(&(IdentityKind::OriginalFilename, "RemoteHost.exe".to_owned())), "{program:?}");
    assert!(program.contains(&(IdentityKind::Signer, "Example Remote GmbH".to_owned())), "{program:?}");
    assert_eq!(
        marks(&reading, "/opt/app/app.asar"),
        [(IdentityKind::ElectronApp, "example-remote-desktop".to_owned())]
    );
    let jar = reading.value.iter().find(|executable| executable.path == "/home/a/x.jar").unwrap();
    assert_eq!((&jar.owner, jar.pids.as_slice()), (&Owner::Nobody, &[1][..]));
}

#[test]
fn what_did_not_change_is_not_read_again() {
    let machine = Machine::new();
    let bytes = [&b"\x7fELF"[..], &[0; 500], b"..rs-ny.rustdesk.com.."].concat();
    machine.file("/opt/x/helper", &bytes);
    let mut context = machine.context();
    context.earlier = Arc::new(Facts { processes: vec![process(9, "/opt/x/helper")], ..Facts::default() });
    context.plan = Arc::new(Plan {
        markers: vec![Marker { product: "rustdesk".to_owned(), text: "rs-ny.rustdesk.com".to_owned() }],
        ..Plan::default()
    });
    let first = read(&context).unwrap();
    assert!(first.summary.contains("1 looked into (0 remembered"), "{}", first.summary);
    let second = read(&context).unwrap();
    assert!(second.summary.contains("1 looked into (1 remembered"), "{}", second.summary);
    assert_eq!(first.value, second.value);
    machine.file("/opt/x/helper", "#!/bin/sh\n");
    assert_eq!(read(&context).unwrap().value[0].markers, []);
}

#[test]
fn what_is_no_program_in_a_programs_place_is_counted() {
    let machine = Machine::new();
    machine.directory("/opt").fifo("/opt/fifo");
    machine.directory("/opt/directory");
    machine.link("/opt/loop", "/opt/loop");
    // Nothing but a hole, and larger than any limit.
    std::fs::File::create(machine.at("/opt/sparse")).unwrap().set_len(4 << 30).unwrap();
    let mut context = machine.context();
    let paths = ["/opt/fifo", "/opt/directory", "/opt/loop", "/opt/sparse"];
    let processes = paths.iter().zip(1..).map(|(path, pid)| process(pid, path)).collect();
    context.earlier = Arc::new(Facts { processes, ..Facts::default() });
    let reading = read(&context).unwrap();
    assert_eq!(reading.value.len(), 4);
    assert_eq!(reading.gaps.count("executables", Why::Malformed), 2);
    assert_eq!(reading.gaps.count("executables", Why::Failed), 1);
    assert_eq!(reading.gaps.count("executables beyond the bytes read", Why::OverLimit), 1);
    let sparse = reading.value.iter().find(|executable| executable.path == "/opt/sparse").unwrap();
    assert!(sparse.partial && sparse.size_bytes == 4 << 30);
}
