//! Ordinary desktops raise nothing grave: Debian 12's GNOME, KDE and Xfce tasks with all their recommended packages,
//! a developer's machine, and what people and developers run on them every day.
//!
//! The lists in `data/` are the package names of `apt-get install -s task-NAME-desktop` on Debian 12, and of what the
//! machine that builds this project has together with compilers, containers, virtual machines, editors, network tools,
//! VPN and remote-desktop clients, an SSH server and `autossh`.

use bearing_policies::{Catalogue, Policy, evaluate};
use bearing_protocol::{
    coverage::{Coverage, Source, Status},
    fact::{Enablement, Executable, Facts, Owner, Package, PackageManager, Process, Unit},
    rule::Family,
    severity::Severity,
};

const DESKTOPS: [(&str, &str); 4] = [
    ("gnome", include_str!("data/debian-12-gnome-desktop.txt")),
    ("kde", include_str!("data/debian-12-kde-desktop.txt")),
    ("xfce", include_str!("data/debian-12-xfce-desktop.txt")),
    ("developer", include_str!("data/debian-12-developer.txt")),
];

/// Executables of an ordinary working day, with their arguments.
const WORKING_DAY: &[&[&str]] = &[
    &["/usr/lib/systemd/systemd", "--user"],
    &["/usr/bin/gnome-shell"],
    &["/usr/libexec/gnome-remote-desktop-daemon"],
    &["/usr/lib/x86_64-linux-gnu/libexec/kdeconnectd"],
    &["/usr/lib/firefox-esr/firefox-esr", "https://anydesk.com/download", "https://www.teamviewer.com"],
    &["/opt/google/chrome/chrome", "--type=renderer"],
    &["/opt/zoom/zoom"],
    &["/usr/bin/obs"],
    &["/usr/bin/remmina"],
    &["/usr/bin/vinagre", "vnc://10.0.0.9"],
    &["/usr/bin/xfreerdp", "/v:10.0.0.9"],
    &["/usr/bin/vncviewer", "10.0.0.9"],
    &["/usr/share/code/code", "--type=zygote"],
    &["/usr/share/code/bin/code-tunnel", "tunnel", "status"],
    &["/usr/bin/ssh", "-L", "5433:db:5432", "-D", "1080", "-J", "bastion", "build"],
    &["/usr/bin/ssh", "-W", "build:22", "bastion"],
    &["/usr/bin/git", "clone", "https://github.com/fatedier/frp"],
    &["/usr/bin/vim.basic", "frpc.toml", "ngrok.yml"],
    &["/usr/bin/python3.11", "/home/a/src/teamviewer_api.py", "anydesk"],
    &["/usr/bin/node", "/home/a/src/site/node_modules/.bin/vite"],
    &["/usr/bin/dockerd"],
    &["/usr/sbin/openvpn", "--config", "/etc/openvpn/client/office.conf"],
    &["/usr/bin/qemu-system-x86_64", "-vnc", "127.0.0.1:0"],
    &["/usr/bin/less", "/usr/share/doc/x11vnc/README"],
    &["/usr/games/zoom", "story.z5"],
    &["/home/a/go/bin/gopls"],
    &["/home/a/.cargo/bin/cargo", "test"],
    &["/tmp/go-build1/b001/exe/main"],
    &["/usr/bin/orca"],
    &["/usr/bin/onboard"],
];

fn desktop(packages: &str) -> Facts {
    let mut facts = Facts::default();
    facts.os.family = "linux".into();
    facts.packages = packages
        .lines()
        .map(|name| Package { manager: PackageManager::Dpkg, name: name.into(), ..Package::default() })
        .collect();
    for (pid, words) in (100..).zip(WORKING_DAY) {
        let path = words[0].to_owned();
        facts.processes.push(Process {
            pid,
            name: path.rsplit('/').next().unwrap_or_default().chars().take(15).collect(),
            executable: Some(path.clone()),
            arguments: words.iter().map(|word| (*word).to_owned()).collect(),
            ..Process::default()
        });
        let owner = if path.starts_with("/usr") { Owner::Unknown } else { Owner::Nobody };
        facts.executables.push(Executable { path, pids: vec![pid], owner, ..Executable::default() });
    }
    for name in ["gnome-remote-desktop.service", "avahi-daemon.service", "cups.service", "tunnel.target"] {
        let path = format!("/usr/lib/systemd/user/{name}");
        facts.units.push(Unit {
            name: name.into(),
            path,
            enablement: Enablement::Enabled,
            running: Some(true),
            ..Unit::default()
        });
    }
    facts.coverage = Source::ALL
        .iter()
        .map(|source| Coverage { source: *source, status: Status::Ok, detail: String::new() })
        .collect();
    facts
}

#[test]
fn ordinary_desktops_raise_nothing_at_medium_or_more() {
    let catalogue = Catalogue::embedded();
    let policy = Policy::default();
    for (name, packages) in DESKTOPS {
        let facts = desktop(packages);
        assert!(facts.packages.len() > 700, "{name} has its packages");
        let evaluation = evaluate(&facts, &catalogue, &policy, "2026-11-22T10:00:00Z".parse().unwrap());
        let grave: Vec<String> = evaluation
            .findings
            .iter()
            .filter(|finding| matches!(finding.family, Family::RemoteAccess | Family::Tunnel | Family::Kvm))
            .filter(|finding| finding.severity >= Severity::Low)
            .map(|finding| format!("{} {} {}", finding.rule, finding.severity, finding.title))
            .collect();
        assert!(grave.is_empty(), "{name}: {grave:?}");
    }
}

#[test]
fn the_same_desktop_with_one_tool_more_is_told_apart() {
    let mut facts = desktop(DESKTOPS[0].1);
    facts.packages.push(Package {
        manager: PackageManager::Dpkg,
        name: "anydesk".into(),
        ..Package::default()
    });
    let evaluation =
        evaluate(&facts, &Catalogue::embedded(), &Policy::default(), "2026-11-22T10:00:00Z".parse().unwrap());
    assert!(evaluation.findings.iter().any(|finding| finding.product.as_deref() == Some("anydesk")));
}
