//! Switches of radios, and whether the system's location service may run.
//!
//! Always: only whether something is off, never what it would see. That no location service is installed is no switch.
//! Facts: `Documentation/ABI/stable/sysfs-class-rfkill` of Linux; systemd.unit(5) (a unit that is a link to `/dev/null`
//! is masked); GeoClue's `/etc/geoclue`; GNOME's `enabled` of `org.gnome.system.location`.

use std::path::Path;

use bearing_protocol::fact::{LocationSwitch, RadioKind, RadioSwitch, Radios};

use crate::{
    desktop,
    gaps::{Gaps, Why},
    gvdb::Value,
    reading::{Context, Read, Reading, Unread},
    sysfs::Attributes,
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Radios> {
    context.needs_linux()?;
    let mut gaps = Gaps::default();
    let listing = context.root.list_dir(CLASS, MAX_SWITCHES);
    let location = location(context, &mut gaps);
    let names = match listing {
        Ok(listing) => {
            if listing.truncated {
                gaps.add("switches", Why::OverLimit);
            }
            listing.names
        }
        Err(error) if error.is_missing() && location.is_none() => {
            return Err(Unread::unsupported(
                "the kernel has no switches of radios, and no location service is set",
            ));
        }
        Err(error) => {
            gaps.add_error("lists of switches", &error);
            Vec::new()
        }
    };
    let mut switches: Vec<_> = names.iter().filter_map(|name| switch(context, name, &mut gaps)).collect();
    switches.sort_by_key(|switch| (switch.kind, switch.off_by_setting, switch.off_by_hardware));
    let off = switches.iter().filter(|switch| switch.off_by_setting || switch.off_by_hardware).count();
    let summary = format!("{} switches, {off} off", switches.len());
    Ok(Reading::with_gaps(Radios { switches, location }, summary, gaps))
}

fn switch(context: &Context, name: &str, gaps: &mut Gaps) -> Option<RadioSwitch> {
    let directory = Path::new(CLASS).join(name);
    let mut from = Attributes { root: &context.root, directory, gaps };
    let kind = match from.text("type")?.trim() {
        "wlan" => RadioKind::Wifi,
        "bluetooth" => RadioKind::Bluetooth,
        "wwan" => RadioKind::Cellular,
        "gps" => RadioKind::Satellite,
        _ => RadioKind::Other,
    };
    let off = |text: &str| match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    };
    Some(RadioSwitch {
        kind,
        off_by_setting: from.parsed("soft", off)?,
        off_by_hardware: from.parsed("hard", off)?,
    })
}

/// Masked for everybody, or switched off or on by a person; on wins among people.
fn location(context: &Context, gaps: &mut Gaps) -> Option<LocationSwitch> {
    let masked = MASKS
        .iter()
        .find(|path| context.root.read_link(path).is_ok_and(|target| target == Path::new("/dev/null")));
    if let Some(path) = masked {
        return Some(LocationSwitch { on: false, file: (*path).to_owned() });
    }
    let mut answer = None;
    for (file, [enabled]) in desktop::settings(context, [ENABLED], gaps) {
        match enabled {
            Some(Value::Boolean(true)) => return Some(LocationSwitch { on: true, file }),
            Some(Value::Boolean(false)) => answer = Some(LocationSwitch { on: false, file }),
            _ => {}
        }
    }
    answer
}

const CLASS: &str = "/sys/class/rfkill";
const ENABLED: &str = "/org/gnome/system/location/enabled";
const MASKS: [&str; 2] = ["/etc/systemd/system/geoclue.service", "/run/systemd/system/geoclue.service"];
/// Most switches; a laptop has three or four.
const MAX_SWITCHES: usize = 256;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn airplane_mode_and_a_masked_location_service_are_told() {
        let machine = Machine::new();
        machine
            .files(
                "/sys/class/rfkill/rfkill0",
                &[("type", "wlan"), ("soft", "1"), ("hard", "0"), ("name", "phy0")],
            )
            .files("/sys/class/rfkill/rfkill1", &[("type", "bluetooth"), ("soft", "1"), ("hard", "1")])
            .files("/sys/class/rfkill/rfkill2", &[("type", "uwb"), ("soft", "?"), ("hard", "0")])
            .link(MASKS[0], "/dev/null");
        let reading = read(&machine.context()).unwrap();
        let [wifi, bluetooth] = &reading.value.switches[..] else { panic!("{:?}", reading.value) };
        assert_eq!((wifi.kind, wifi.off_by_setting, wifi.off_by_hardware), (RadioKind::Wifi, true, false));
        assert!(bluetooth.off_by_hardware);
        assert_eq!(reading.value.location.map(|location| location.on), Some(false));
        assert_eq!(reading.gaps.describe(), "1 attributes: malformed");
    }

    #[test]
    fn no_switch_and_no_setting_is_no_answer() {
        assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
        let machine = Machine::new();
        machine.link(MASKS[0], "/lib/systemd/system/geoclue.service").directory(CLASS);
        let value = read(&machine.context()).unwrap().value;
        assert_eq!(value, Radios::default(), "an alias is no mask");
    }
}
