//! The time zone, and whether the system sets it from where it is.
//!
//! Facts: localtime(5) (a link into `zoneinfo`; without it the system is on UTC), Debian's
//! `/etc/timezone`; systemd-timesyncd(8) leaves `/run/systemd/timesync/synchronized`; GNOME's switch is
//! `automatic-timezone` of `org.gnome.desktop.datetime`.

use std::path::Path;

use bearing_protocol::fact::TimeZone;

use crate::{
    desktop,
    gaps::{Gaps, Why},
    gvdb::Value,
    reading::{Context, Read, Reading, Unread},
    root::{ReadErrorKind, Root},
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<TimeZone> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let (name, location) = match root.read_link(LOCALTIME) {
        Ok(target) => (zone_of(&target), LOCALTIME),
        // A copy of the zone's file in place of a link: its name is only beside it.
        Err(_) => match root.read_trimmed(TIMEZONE, MAX_NAME_BYTES) {
            Ok(text) => (Some(text).filter(|text| is_zone_name(text)), TIMEZONE),
            Err(error) if error.kind == ReadErrorKind::Missing && !root.exists(LOCALTIME) => {
                let reason = format!("neither {LOCALTIME} nor {TIMEZONE} exists: the system is on UTC");
                return Err(Unread::unsupported(reason));
            }
            Err(error) => {
                gaps.add("zone names", error.kind.into());
                (None, LOCALTIME)
            }
        },
    };
    if name.is_none() && gaps.is_empty() {
        gaps.add("zone names", Why::Malformed);
    }
    let summary = name.clone().unwrap_or_else(|| "the zone's name is not known".to_owned());
    let zone = TimeZone {
        location: name.is_some().then(|| location.to_owned()),
        name,
        automatic: automatic(context, &mut gaps),
        time_synchronised: synchronised(root),
    };
    Ok(Reading::with_gaps(zone, summary, gaps))
}

/// The zone that a link into the zone database names.
fn zone_of(target: &Path) -> Option<String> {
    let (_, name) = target.to_str()?.rsplit_once("zoneinfo/")?;
    let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
    is_zone_name(name).then(|| name.to_owned())
}

/// Whether a text has the form of a zone's name (theory.html of the tz database: ASCII letters, `.`, `-`,
/// `_`, and digits and `+` as in `Etc/GMT+5`).
fn is_zone_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_NAME_BYTES
        && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+/".contains(&b))
}

/// Whether something follows the machine's place: a service that is set to start, or the desktop of one of
/// its people. `Some(false)` where somebody switched that off and nobody has it on; `None` where files do not
/// tell.
fn automatic(context: &Context, gaps: &mut Gaps) -> Option<bool> {
    let root = &context.root;
    if follower_is_set(root, gaps) {
        return Some(true);
    }
    let mut answer = None;
    for (_, [automatic]) in desktop::settings(context, [AUTOMATIC], gaps) {
        match automatic {
            Some(Value::Boolean(true)) => return Some(true),
            Some(Value::Boolean(false)) => answer = Some(false),
            _ => {}
        }
    }
    answer
}

/// Whether a service that follows the machine's place is set to start, for the system or by a person's own manager, or
/// a script of NetworkManager's dispatcher does it.
fn follower_is_set(root: &Root, gaps: &mut Gaps) -> bool {
    for manager in MANAGERS {
        let list = |path: &str| root.list_dir(path, MAX_UNITS).unwrap_or_default();
        let directories = list(manager);
        if directories.truncated {
            gaps.add("unit directories", Why::OverLimit);
        }
        for wants in directories.names.iter().filter(|name| name.ends_with(".wants")) {
            if list(&format!("{manager}/{wants}")).names.iter().any(|unit| is_follower(unit)) {
                return true;
            }
        }
    }
    DISPATCHERS.iter().any(|directory| {
        let scripts = root.list_dir(directory, MAX_UNITS).unwrap_or_default().names;
        scripts.iter().any(|name| {
            let plain = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
            DISPATCHER_SCRIPTS.iter().any(|known| plain.starts_with(known))
        })
    })
}

/// `tzupdate.timer`, `automatic-timezoned.service`, …
fn is_follower(unit: &str) -> bool {
    unit.rsplit_once('.').is_some_and(|(name, _)| FOLLOWERS.contains(&name))
}

/// Whether the clock follows the network: as the kernel says, or in a copy as systemd-timesyncd left it.
fn synchronised(root: &Root) -> Option<bool> {
    #[cfg(target_os = "linux")]
    if root.is_live() {
        return crate::linux::clock::is_synchronised();
    }
    if root.exists("/run/systemd/timesync/synchronized") {
        return Some(true);
    }
    root.exists("/run/systemd/timesync").then_some(false)
}

const AUTOMATIC: &str = "/org/gnome/desktop/datetime/automatic-timezone";
const LOCALTIME: &str = "/etc/localtime";
const TIMEZONE: &str = "/etc/timezone";
/// Longest name of a zone; the database's own are under 40.
const MAX_NAME_BYTES: usize = 128;
/// Programs whose one task is to set the zone from where the machine is.
const FOLLOWERS: [&str; 6] = [
    "automatic-timezoned",
    "automatic-timezoned-geoclue-agent",
    "tzupdate",
    "localtimed",
    "timezoned",
    "auto-timezone",
];
/// Where service managers keep what starts.
const MANAGERS: [&str; 2] = ["/etc/systemd/system", "/etc/systemd/user"];
const DISPATCHERS: [&str; 2] = ["/etc/NetworkManager/dispatcher.d", "/usr/lib/NetworkManager/dispatcher.d"];
const DISPATCHER_SCRIPTS: [&str; 4] = ["tzupdate", "timezone", "auto-timezone", "update-timezone"];
const MAX_UNITS: usize = 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn the_link_names_the_zone() {
        let machine = Machine::new();
        machine
            .link(LOCALTIME, "/usr/share/zoneinfo/America/Argentina/Buenos_Aires")
            .file(TIMEZONE, "Europe/Berlin\n")
            .file("/run/systemd/timesync/synchronized", "");
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.value.name.as_deref(), Some("America/Argentina/Buenos_Aires"));
        assert_eq!(reading.value.location.as_deref(), Some(LOCALTIME));
        assert_eq!((reading.value.automatic, reading.value.time_synchronised), (None, Some(true)));
        assert!(reading.gaps.is_empty());
    }

    #[test]
    fn a_copied_zone_is_named_beside_it() {
        let machine = Machine::new();
        machine.file(LOCALTIME, "TZif2").file(TIMEZONE, "Etc/GMT+5\n").directory("/run/systemd/timesync");
        let zone = read(&machine.context()).unwrap().value;
        assert_eq!((zone.name.as_deref(), zone.location.as_deref()), (Some("Etc/GMT+5"), Some(TIMEZONE)));
        assert_eq!(zone.time_synchronised, Some(false));
    }

    #[test]
    fn no_zone_is_no_answer() {
        assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
        for target in ["/dev/null", "../zoneinfo/../../../etc/shadow", "/usr/share/zoneinfo/\u{202e}gnp"] {
            let machine = Machine::new();
            machine.link(LOCALTIME, target);
            let reading = read(&machine.context()).unwrap();
            assert_eq!((reading.value.name, reading.value.location), (None, None), "{target}");
            assert_eq!(reading.gaps.describe(), "1 zone names: malformed");
        }
    }

    #[test]
    fn the_desktop_of_a_person_is_asked() {
        let machine = Machine::new();
        machine
            .link(LOCALTIME, "/usr/share/zoneinfo/UTC")
            .file("/home/ada/.config/dconf/user", "not a database")
            .file("/home/kim/.config/dconf/user", include_bytes!("../captures/dconf-0.40/user"));
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.value.automatic, Some(true));
        assert_eq!(reading.gaps.describe(), "1 desktop settings: malformed");
    }

    #[test]
    fn a_service_that_follows_the_place_is_told() {
        let machine = Machine::new();
        machine
            .link(LOCALTIME, "/usr/share/zoneinfo/UTC")
            .link("/etc/systemd/system/timers.target.wants/tzupdate.timer", "/lib/systemd/system/x.timer");
        assert_eq!(read(&machine.context()).unwrap().value.automatic, Some(true));
        let machine = Machine::new();
        machine
            .link(LOCALTIME, "/usr/share/zoneinfo/UTC")
            .file("/etc/NetworkManager/dispatcher.d/09-timezone.sh", "");
        assert_eq!(read(&machine.context()).unwrap().value.automatic, Some(true));
        let machine = Machine::new();
        machine
            .link(LOCALTIME, "/usr/share/zoneinfo/UTC")
            .link("/etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service", "/lib/x")
            .file("/etc/NetworkManager/dispatcher.d/20-chrony", "");
        assert_eq!(read(&machine.context()).unwrap().value.automatic, None);
    }
}
