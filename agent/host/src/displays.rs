//! Display connectors and their raw EDID.
//!
//! Facts: `drivers/gpu/drm/drm_sysfs.c` of Linux: `status` is `connected`, `disconnected` or `unknown`,
//! `enabled` is `enabled` or `disabled`, `edid` is empty where there is none.

use std::path::Path;

use bearing_protocol::fact::Display;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    sysfs::Attributes,
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Display>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let listing = root.list_dir(CONNECTORS, MAX_CONNECTORS)?;
    if listing.truncated {
        gaps.add("lists of connectors", Why::OverLimit);
    }
    let mut displays = Vec::new();
    for connector in listing.names.into_iter().filter(|name| is_connector(name)) {
        let directory = Path::new(CONNECTORS).join(&connector);
        let mut from = Attributes { root, directory, gaps: &mut gaps };
        displays.push(Display {
            connector,
            connected: from.text("status").and_then(|status| match status.as_str() {
                "connected" => Some(true),
                "disconnected" => Some(false),
                _ => None,
            }),
            enabled: from.text("enabled").and_then(|enabled| match enabled.as_str() {
                "enabled" => Some(true),
                "disabled" => Some(false),
                _ => None,
            }),
            edid: from.bytes("edid", "EDIDs", MAX_EDID_BYTES),
            ..Display::default()
        });
    }
    let connected = displays.iter().filter(|display| display.connected == Some(true)).count();
    let summary = format!("{} connectors, {connected} connected", displays.len());
    Ok(Reading::with_gaps(displays, summary, gaps))
}

/// Whether an entry is a connector: `card0-HDMI-A-1`. Cards and render nodes stand beside them.
fn is_connector(name: &str) -> bool {
    name.strip_prefix("card")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(card, connector)| card.bytes().all(|b| b.is_ascii_digit()) && connector.contains('-'))
}

const CONNECTORS: &str = "/sys/class/drm";
/// Most connectors.
const MAX_CONNECTORS: usize = 1024;
/// Most bytes of an EDID: 256 blocks of 128.
const MAX_EDID_BYTES: usize = 256 * 128;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn connectors_are_read_with_their_edid() {
        let machine = Machine::new();
        let edid = [0, 255, 255, 255, 255, 255, 255, 0];
        machine
            .files("/sys/class/drm/card0-HDMI-A-1", &[("status", "connected"), ("enabled", "enabled")])
            .file("/sys/class/drm/card0-HDMI-A-1/edid", edid)
            .files("/sys/class/drm/card0-eDP-1", &[("status", "disconnected"), ("enabled", "disabled")])
            .file("/sys/class/drm/card0-eDP-1/edid", "")
            .files("/sys/class/drm/card1-DP-1", &[("status", "on fire")])
            .file("/sys/class/drm/card1-DP-1/edid", vec![0; 2 * 1024 * 1024])
            .directory("/sys/class/drm/card0")
            .directory("/sys/class/drm/renderD128")
            .file("/sys/class/drm/version", "drm 1.1.0 20060810\n");
        let reading = read(&machine.context()).unwrap();
        let [hdmi, panel, broken] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!(hdmi.connector_type(), "HDMI-A");
        assert_eq!((hdmi.connected, hdmi.enabled, &hdmi.edid[..]), (Some(true), Some(true), &edid[..]));
        assert_eq!((panel.connected, panel.enabled, panel.edid.len()), (Some(false), Some(false), 0));
        assert_eq!((broken.connected, broken.edid.len()), (None, 0));
        assert_eq!(reading.gaps.describe(), "1 EDIDs: over the limit");
        assert_eq!(reading.summary, "3 connectors, 1 connected");
    }
}
