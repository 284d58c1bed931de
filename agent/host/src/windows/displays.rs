//! Monitors, by the EDID that Windows keeps of each.
//!
//! Always: a monitor that is not there now is a past one and says when it was last seen; the connector's kind is not in
//! the registry and not made up.

use bearing_protocol::fact::Display;

use super::{devices::Properties, registry::Registry};
use crate::{
    gaps::{Gaps, Why},
    reading::{Read, Reading},
};

/// Reads the source.
pub(super) fn read(registry: &dyn Registry, properties: &Properties) -> Read<Vec<Display>> {
    registry.key(r"HKLM\SYSTEM\CurrentControlSet\Enum")?;
    let mut gaps = Gaps::default();
    let mut displays = Vec::new();
    for model in registry.found(DISPLAYS, &mut gaps).unwrap_or_default().children {
        let path = format!("{DISPLAYS}\\{model}");
        for instance in registry.found(&path, &mut gaps).unwrap_or_default().children {
            let full = format!("{path}\\{instance}");
            let parameters = registry.found(&format!("{full}\\Device Parameters"), &mut gaps);
            let edid = parameters.as_ref().and_then(|key| key.bytes("EDID")).unwrap_or_default().to_vec();
            if edid.len() > MAX_EDID_BYTES || displays.len() == MAX_DISPLAYS {
                gaps.add("displays", Why::OverLimit);
                continue;
            }
            let name = format!("DISPLAY\\{model}\\{instance}").to_ascii_uppercase();
            let property = properties.get(&name).cloned().unwrap_or_default();
            if edid.is_empty() && !property.present {
                continue;
            }
            let place = instance.rsplit('&').next().unwrap_or_default();
            let written = registry.found(&full, &mut gaps).and_then(|key| key.written);
            let last = property.last_arrival.max(property.last_removal).or(property.first_seen).or(written);
            displays.push(Display {
                connector: format!("{model}/{place}"),
                connected: Some(property.present),
                enabled: None,
                edid,
                provenance: (!property.present).then(|| "registry".to_owned()),
                last_seen: if property.present { None } else { last },
            });
        }
    }
    let there = displays.iter().filter(|display| display.connected == Some(true)).count();
    let summary = format!("{there} monitors, {} past ones", displays.len() - there);
    Ok(Reading::with_gaps(displays, summary, gaps))
}

const DISPLAYS: &str = r"HKLM\SYSTEM\CurrentControlSet\Enum\DISPLAY";
const MAX_DISPLAYS: usize = 1_024;
const MAX_EDID_BYTES: usize = 256 * 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::{devices::Property, registry_text::prepared};

    #[test]
    fn the_monitor_that_is_there_has_its_edid() {
        let property = Property { present: true, ..Property::default() };
        let properties = Properties::from([(r"DISPLAY\PKV0001\4&1A2B3C4D&0&UID512".to_owned(), property)]);
        let displays = read(&prepared(), &properties).unwrap().value;
        let [one] = &displays[..] else { panic!("{displays:?}") };
        assert_eq!((one.connected, one.edid.len()), (Some(true), 128));
        assert_eq!(one.provenance, None);
        let past = read(&prepared(), &Properties::new()).unwrap().value;
        assert_eq!(past[0].provenance.as_deref(), Some("registry"));
    }
}
