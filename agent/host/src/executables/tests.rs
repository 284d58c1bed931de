#![cfg(unix)]

use std::sync::Arc;

use bearing_protocol::{
    fact::{Facts, Owner, Process, Unit},
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
