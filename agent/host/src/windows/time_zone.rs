//! Time zone by Windows' own name, and who sets it.
//!
//! Facts: `Control\TimeZoneInformation` (`TimeZoneKeyName`), the service `tzautoupdate` (set to 3 where the zone is set
//! automatically, 4 where not), `W32Time\Parameters` (`Type`).

use bearing_protocol::fact::TimeZone;

use super::registry::Registry;
use crate::{
    gaps::Gaps,
    reading::{Read, Reading},
};

/// Reads the source.
pub(super) fn read(registry: &dyn Registry) -> Read<TimeZone> {
    let key = registry.key(ZONE)?;
    let mut gaps = Gaps::default();
    let name = key
        .text("TimeZoneKeyName")
        .or_else(|| key.text("StandardName").filter(|name| !name.starts_with('@')));
    if name.is_none() {
        gaps.note("the zone has no name");
    }
    let start = |service: &str, gaps: &mut Gaps| registry.found(service, gaps)?.number("Start");
    let automatic = start(AUTOMATIC, &mut gaps).map(|start| start < DISABLED);
    let clock = registry.found(&format!("{CLOCK}\\Parameters"), &mut gaps).and_then(|key| key.text("Type"));
    let clock_runs = start(CLOCK, &mut gaps).map(|start| start < DISABLED);
    let time_synchronised =
        clock.map(|kind| !kind.eq_ignore_ascii_case("NoSync") && clock_runs != Some(false));
    let summary = name.clone().unwrap_or_default();
    let zone = TimeZone { name, location: Some(ZONE.to_owned()), automatic, time_synchronised };
    Ok(Reading::with_gaps(zone, summary, gaps))
}

const ZONE: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation";
const AUTOMATIC: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\tzautoupdate";
const CLOCK: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time";
/// `SERVICE_DISABLED`.
const DISABLED: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::registry_text::prepared;

    #[test]
    fn the_zone_and_who_sets_it() {
        let zone = read(&prepared()).unwrap().value;
        assert_eq!(zone.name.as_deref(), Some("W. Europe Standard Time"));
        assert_eq!((zone.automatic, zone.time_synchronised), (Some(true), Some(true)));
        let by_hand = read(&prepared().with_number(AUTOMATIC, "Start", 4)).unwrap().value;
        assert_eq!(by_hand.automatic, Some(false));
        assert_eq!(read(&prepared().without(AUTOMATIC)).unwrap().value.automatic, None);
    }
}
