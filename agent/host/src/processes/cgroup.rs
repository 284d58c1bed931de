//! `/proc/PID/cgroup`: which unit, session, container, snap or flatpak a process belongs to.
//!
//! Facts: cgroups(7); systemd's `CGROUP_DELEGATION.md` and its unit naming for desktop applications
//! (`app[-LAUNCHER]-APPID[-RANDOM].scope|service`); snapd's `snap.NAME.APP…` units; flatpak's
//! `app-flatpak-ID-PID.scope`; docker, podman, LXC and nspawn path shapes.

/// What a control group path tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The path itself, from the unified hierarchy or systemd's own.
    pub path: String,
    /// `ssh.service`, `app-gnome-firefox-12.scope`, `snap:NAME`, `flatpak:ID`, `container:NAME`.
    pub unit: Option<String>,
    /// Login session id (`session-3.scope` is `3`).
    pub session: Option<String>,
}

/// Reads `/proc/PID/cgroup`. `None` where no line is one.
pub fn parse_cgroup(bytes: &[u8]) -> Option<Membership> {
    let text = String::from_utf8_lossy(bytes);
    let mut unified = None;
    let mut named = None;
    let mut longest: Option<&str> = None;
    for line in text.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        match controllers {
            "" => unified = Some(path),
            "name=systemd" => named = Some(path),
            _ if longest.is_none_or(|l| path.len() > l.len()) => longest = Some(path),
            _ => {}
        }
    }
    // On a hybrid hierarchy the unified path is only `/`; systemd's own tells more. Container engines
    // without systemd show only under the controllers.
    let path =
        [unified, named, longest].into_iter().flatten().find(|path| *path != "/").or(unified).or(named)?;
    Some(Membership { path: path.to_owned(), unit: unit_of(path), session: session_of(path) })
}

/// The most telling name in a control group path.
fn unit_of(path: &str) -> Option<String> {
    if let Some(container) = container_of(path) {
        return Some(format!("container:{container}"));
    }
    let component = path.rsplit('/').find(|c| is_unit(c))?;
    let name = unescape(component);
    if let Some(rest) = name.strip_prefix("snap.") {
        return rest.split('.').next().filter(|snap| !snap.is_empty()).map(|snap| format!("snap:{snap}"));
    }
    if let Some(rest) = name.strip_prefix("app-flatpak-") {
        let id = rest.rsplit_once('.').map_or(rest, |(stem, _)| stem);
        let id = id.rsplit_once('-').filter(|(_, pid)| is_digits(pid)).map_or(id, |(stem, _)| stem);
        return Some(format!("flatpak:{id}"));
    }
    // A scope's name is made at run time and is shown; a service's must equal its file's name.
    Some(if component.ends_with(".scope") { name } else { component.to_owned() })
}

/// The container a path names: an id cut to 12 characters, or its name.
fn container_of(path: &str) -> Option<String> {
    let components: Vec<&str> = path.split('/').collect();
    for (index, component) in components.iter().enumerate() {
        let stem = component.strip_suffix(".scope").unwrap_or(component);
        let by_prefix = ["docker-", "libpod-", "crio-", "cri-containerd-"]
            .iter()
            .find_map(|prefix| stem.strip_prefix(prefix))
            .filter(|id| is_container_id(id));
        let below = |parent: &str| index > 0 && components.get(index - 1) == Some(&parent);
        if let Some(id) = by_prefix.or_else(|| (below("docker") && is_container_id(stem)).then_some(stem)) {
            return id.get(..12).map(str::to_owned);
        }
        if let Some(name) =
            component.strip_prefix("lxc.payload.").or_else(|| below("lxc").then_some(*component))
        {
            return Some(name.to_owned());
        }
        if let Some(name) = stem.strip_prefix("machine-").filter(|_| below("machine.slice")) {
            return Some(unescape(name));
        }
    }
    None
}

fn session_of(path: &str) -> Option<String> {
    path.split('/').find_map(|c| c.strip_prefix("session-")?.strip_suffix(".scope")).map(str::to_owned)
}

fn is_unit(component: &str) -> bool {
    [".service", ".scope", ".socket", ".mount", ".swap"].iter().any(|suffix| component.ends_with(suffix))
}

fn is_container_id(text: &str) -> bool {
    text.len() >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Undoes systemd's `\xNN` escapes (systemd-escape(1)); anything else stays.
pub fn unescape(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = bytes
            .get(at..at + 4)
            .filter(|e| e.starts_with(b"\\x"))
            .and_then(|e| std::str::from_utf8(e.get(2..)?).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 4 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(path: &str) -> Option<String> {
        parse_cgroup(format!("0::{path}\n").as_bytes()).unwrap().unit
    }

    #[test]
    fn services_sessions_and_applications_are_named() {
        assert_eq!(unit("/system.slice/ssh.service").as_deref(), Some("ssh.service"));
        assert_eq!(
            unit("/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.kde.krdpserver.service")
                .as_deref(),
            Some("app-org.kde.krdpserver.service")
        );
        assert_eq!(
            unit("/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-org.gnome.Maps\\x2dx-7.scope")
                .as_deref(),
            Some("app-gnome-org.gnome.Maps-x-7.scope")
        );
        let session = parse_cgroup(b"0::/user.slice/user-1000.slice/session-3.scope\n").unwrap();
        assert_eq!(session.session.as_deref(), Some("3"));
        assert_eq!(unit("/"), None);
    }

    #[test]
    fn packaged_applications_and_containers_are_named() {
        assert_eq!(unit("/system.slice/snap.anydesk.daemon.service").as_deref(), Some("snap:anydesk"));
        assert_eq!(
            unit("/user.slice/app.slice/snap.rustdesk.rustdesk-0a1b.scope").as_deref(),
            Some("snap:rustdesk")
        );
        assert_eq!(
            unit("/app.slice/app-flatpak-com.rustdesk.RustDesk-4711.scope").as_deref(),
            Some("flatpak:com.rustdesk.RustDesk")
        );
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(
            unit(&format!("/system.slice/docker-{id}.scope")).as_deref(),
            Some("container:0123456789ab")
        );
        assert_eq!(unit(&format!("/docker/{id}")).as_deref(), Some("container:0123456789ab"));
        assert_eq!(unit("/machine.slice/machine-web\\x2d1.scope").as_deref(), Some("container:web-1"));
    }

    #[test]
    fn a_hybrid_hierarchy_is_read_from_a_capture() {
        let read = parse_cgroup(include_bytes!("../../captures/linux-6.18/proc_pid_cgroup")).unwrap();
        assert_eq!(read.unit, None);
        assert!(read.path.starts_with('/'));
        let hybrid = parse_cgroup(b"1:name=systemd:/system.slice/cron.service\n0::/\n").unwrap();
        assert_eq!(hybrid.unit.as_deref(), Some("cron.service"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[:/a-f.\\\\x0-9scope-]{0,200}") {
            let _ = parse_cgroup(&bytes);
            let _ = parse_cgroup(format!("0::{text}").as_bytes());
            let _ = unescape(&text);
        }
    }
}
