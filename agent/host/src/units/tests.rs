#![cfg(unix)]

use std::sync::Arc;

use bearing_protocol::fact::{Enablement, Facts, Process, Unit, User};

use super::read;
use crate::{reading::Unread, testing::Machine};

fn machine() -> Machine {
    let machine = Machine::new();
    let service = |program: &str| {
        format!("[Service]\nExecStart={program} --daemon\n[Install]\nWantedBy=multi-user.target\n")
    };
    machine
        .link("/lib", "usr/lib")
        .file("/usr/lib/systemd/system/ssh.service", include_str!("../../captures/linux-6.18/ssh.service"))
        .file("/usr/lib/systemd/system/xrdp.service", service("/usr/sbin/xrdp"))
        .file("/usr/lib/systemd/system/tool@.service", service("/usr/bin/tool"))
        .file("/usr/lib/systemd/system/cron.service", service("/usr/sbin/cron"))
        .file("/usr/lib/systemd/system/quiet.service", "[Service]\nExecStart=/bin/quiet\n")
        .link("/usr/lib/systemd/system/multi-user.target.wants/quiet.service", "../quiet.service")
        .link("/etc/systemd/system/sshd.service", "/lib/systemd/system/ssh.service")
        .link(
            "/etc/systemd/system/multi-user.target.wants/tool@7.service",
            "/lib/systemd/system/tool@.service",
        )
        .link("/etc/systemd/system/cron.service", "/dev/null")
        .file(
            "/etc/systemd/system/xrdp.service.d/90-own.conf",
            "[Service]\nExecStart=\nExecStart=/opt/.x/agent\n",
        );
    machine
}

fn unit<'a>(units: &'a [Unit], name: &str) -> &'a Unit {
    let found: Vec<&Unit> = units.iter().filter(|unit| unit.name == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

#[test]
fn links_drop_ins_and_masks_are_minded() {
    let units = read(&machine().context()).unwrap().value;
    assert_eq!(unit(&units, "ssh.service").enablement, Enablement::Enabled);
    assert_eq!(unit(&units, "ssh.service").running, None);
    assert_eq!(unit(&units, "cron.service").enablement, Enablement::Masked);
    assert_eq!(unit(&units, "quiet.service").enablement, Enablement::Static);
    assert_eq!(unit(&units, "tool@.service").enablement, Enablement::Disabled);
    assert_eq!(unit(&units, "tool@7.service").enablement, Enablement::Enabled);
    assert_eq!(unit(&units, "tool@7.service").program.as_deref(), Some("/usr/bin/tool"));
    let xrdp = unit(&units, "xrdp.service");
    assert_eq!((xrdp.program.as_deref(), xrdp.enablement), (Some("/opt/.x/agent"), Enablement::Disabled));
    assert!(!units.iter().any(|unit| unit.name == "sshd.service"), "an alias is no unit of its own");
}

#[test]
fn a_user_s_own_units_are_known_by_user() {
    let machine = machine();
    machine
        .file(
            "/home/anna/.config/systemd/user/code-tunnel.service",
            "[Service]\nExecStart=/home/anna/code tunnel\n[Install]\nWantedBy=default.target\n",
        )
        .link(
            "/home/anna/.config/systemd/user/default.target.wants/code-tunnel.service",
            "/home/anna/.config/systemd/user/code-tunnel.service",
        )
        .file(
            "/usr/lib/systemd/user/grd.service",
            "[Service]\nExecStart=/usr/libexec/grd\n[Install]\nWantedBy=x\n",
        )
        .link(
            "/home/anna/.config/systemd/user/gnome-session.target.wants/grd.service",
            "/usr/lib/systemd/user/grd.service",
        );
    let mut context = machine.context();
    let anna = User {
        name: "anna".to_owned(),
        home: Some("/home/anna".to_owned()),
        interactive: true,
        ..User::default()
    };
    let group = "/user.slice/user-1000.slice/user@1000.service/app.slice/code-tunnel.service";
    let process = Process { cgroup: Some(group.to_owned()), ..Process::default() };
    context.earlier = Arc::new(Facts { users: vec![anna], processes: vec![process], ..Facts::default() });
    let units = read(&context).unwrap().value;
    let tunnel = unit(&units, "code-tunnel.service");
    assert_eq!(tunnel.user.as_deref(), Some("anna"));
    assert_eq!((tunnel.enablement, tunnel.running), (Enablement::Enabled, Some(true)));
    let both: Vec<_> = units.iter().filter(|unit| unit.name == "grd.service").collect();
    assert_eq!(both.len(), 2);
    assert!(both.iter().any(|u| u.user.as_deref() == Some("anna") && u.enablement == Enablement::Enabled));
    assert_eq!(unit(&units, "ssh.service").running, Some(false));
}

#[test]
fn the_control_group_tree_tells_what_runs_where_processes_do_not() {
    let machine = machine();
    machine
        .file("/sys/fs/cgroup/system.slice/ssh.service/cgroup.procs", "412\n")
        .file("/sys/fs/cgroup/system.slice/quiet.service/cgroup.procs", "");
    let units = read(&machine.context()).unwrap().value;
    assert_eq!(unit(&units, "ssh.service").running, Some(true));
    assert_eq!(unit(&units, "quiet.service").running, Some(false));
}

#[test]
fn init_scripts_stand_for_units_they_lack() {
    let machine = machine();
    machine
        .file("/etc/init.d/xrdp", include_str!("../../captures/linux-6.18/init_d_cron"))
        .file("/etc/init.d/x11vnc", "#!/bin/sh\nDAEMON=/usr/bin/x11vnc\n")
        .file("/etc/init.d/idle", "#!/bin/sh\n")
        .file("/etc/init.d/README", "x")
        .file("/etc/init.d/sshd", "#!/bin/sh\n")
        .link("/etc/rc3.d/S03x11vnc", "../init.d/x11vnc");
    let units = read(&machine.context()).unwrap().value;
    assert_eq!(unit(&units, "xrdp.service").path, "/usr/lib/systemd/system/xrdp.service");
    assert!(!units.iter().any(|unit| unit.name == "sshd.service"), "an alias stands for the script");
    let script = unit(&units, "x11vnc.service");
    assert_eq!(
        (script.program.as_deref(), script.enablement),
        (Some("/usr/bin/x11vnc"), Enablement::Enabled)
    );
    assert_eq!(unit(&units, "idle.service").enablement, Enablement::Disabled);
}

#[test]
fn another_service_manager_is_unsupported() {
    assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
}
