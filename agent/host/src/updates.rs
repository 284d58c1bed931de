//! Automatic updates, as configuration files say.

pub mod apt_conf;

use bearing_protocol::fact::{Enablement, Package, PackageManager, Updates};

use crate::{
    gaps::Gaps,
    reading::{Context, Read, Reading, Unread},
};

const MAX_BYTES: usize = 512 * 1024;
const MAX_FILES: usize = 512;
const SETTING: &str = "APT::Periodic::Unattended-Upgrade";

/// Units that install updates by themselves, with the mechanism's name.
const TIMERS: [(&str, &str); 6] = [
    ("dnf-automatic-install.timer", "dnf-automatic"),
    ("dnf5-automatic.timer", "dnf5-automatic"),
    ("dnf-automatic.timer", "dnf-automatic"),
    ("rpm-ostreed-automatic.timer", "rpm-ostree"),
    ("transactional-update.timer", "transactional-update"),
    ("flatpak-system-update.timer", "flatpak"),
];

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Updates> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    if root.exists("/etc/apt") {
        let updates = unattended_upgrades(context, &mut gaps);
        let summary = updates.detail.clone();
        return Ok(Reading::with_gaps(updates, summary, gaps));
    }
    for (unit, mechanism) in TIMERS {
        if let Some(found) = context.earlier.units.iter().find(|u| u.name == unit && u.user.is_none()) {
            let on = found.enablement == Enablement::Enabled;
            let updates = Updates {
                mechanism: Some(mechanism.to_owned()),
                // A timer that is on may be set to download only; its settings are not read.
                enabled: if on && unit == "dnf-automatic.timer" { None } else { Some(on) },
                detail: format!("timer `{unit}` {}", if on { "enabled" } else { "not enabled" }),
            };
            let summary = updates.detail.clone();
            return Ok(Reading::new(updates, summary));
        }
    }
    if context.earlier.units.is_empty() && !root.exists("/etc") {
        return Err(Unread::unsupported("neither apt's settings nor units"));
    }
    let detail =
        "no mechanism known here: a desktop's own updater may install updates without files that tell";
    Ok(Reading::new(Updates { detail: detail.to_owned(), ..Updates::default() }, detail))
}

fn unattended_upgrades(context: &Context, gaps: &mut Gaps) -> Updates {
    let root = &context.root;
    // apt reads the directory by name, then the main file (apt.conf(5)).
    let listing = root.list_dir("/etc/apt/apt.conf.d", MAX_FILES).unwrap_or_default();
    let named = |name: &&String| {
        name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) || name.ends_with(".conf")
    };
    let files = listing.names.iter().filter(named).map(|name| format!("/etc/apt/apt.conf.d/{name}"));
    let mut texts = Vec::new();
    for path in files.chain(["/etc/apt/apt.conf".to_owned()]) {
        match root.read_text(&path, MAX_BYTES) {
            Ok(text) => texts.push(text),
            Err(error) => gaps.add_error("settings", &error),
        }
    }
    let value = apt_conf::setting(texts.iter().map(String::as_str), SETTING);
    let installed = installed(&context.earlier.packages);
    let scheduled = context.earlier.units.iter().find(|unit| unit.name == "apt-daily-upgrade.timer");
    let masked = scheduled.is_some_and(|unit| unit.enablement == Enablement::Masked);
    // `1` or more is days, `always` is every time; `0` and nothing are off.
    let set = value.as_deref().is_some_and(|value| value != "0" && !value.is_empty());
    let enabled = match (set, installed) {
        (true, Some(true)) => Some(!masked),
        (true, None) => None,
        _ => Some(false),
    };
    let package = match installed {
        Some(true) => "installed",
        Some(false) => "not installed",
        None => "unknown",
    };
    let shown = value.as_deref().map_or_else(|| "not set".to_owned(), |value| format!("\"{value}\""));
    let timer = if masked { ", its timer masked" } else { "" };
    Updates {
        mechanism: (set || installed == Some(true)).then(|| "unattended-upgrades".to_owned()),
        enabled,
        detail: format!("unattended-upgrades: package {package}, {SETTING} {shown}{timer}"),
    }
}

/// Whether the package is there; `None` where dpkg's packages were not read.
fn installed(packages: &[Package]) -> Option<bool> {
    let mut debs = packages.iter().filter(|package| package.manager == PackageManager::Dpkg).peekable();
    debs.peek()?;
    Some(debs.any(|package| package.name == "unattended-upgrades"))
}

#[cfg(test)]
mod tests;
