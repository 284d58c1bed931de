//! What kind of machine a Windows runs on.
//!
//! Always: the processor's hypervisor bit is not asked: Windows sets it on bare metal where its own security runs
//! below it. Firmware, the devices of hypervisors, lid, battery and chassis decide.

use bearing_protocol::fact::Machine;

use super::{registry::Registry, smbios::Smbios};
use crate::{
    collection::windows::HYPERVISOR_CARDS,
    gaps::Gaps,
    machine::{Signs, decide, hypervisor_of},
    reading::{Read, Reading},
};

/// What was fetched.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetched {
    /// The firmware's table, where it could be read.
    pub(super) smbios: Option<Smbios>,
    /// Whether the system says that there is a battery; `None` where it does not know.
    pub(super) battery: Option<bool>,
}

/// The machine.
pub(super) fn read(registry: &dyn Registry, fetched: &Fetched) -> Read<Machine> {
    let mut gaps = Gaps::default();
    let smbios = fetched.smbios.clone().unwrap_or_else(|| {
        gaps.note("the firmware's own table could not be read: the registry's copy is used");
        Smbios::default()
    });
    let names = |bus: &str, gaps: &mut Gaps| -> Option<Vec<String>> {
        let key = registry.found(&format!(r"HKLM\SYSTEM\CurrentControlSet\Enum\{bus}"), gaps)?;
        Some(key.children.iter().map(|name| name.to_ascii_uppercase()).collect())
    };
    let acpi = names("ACPI", &mut gaps);
    let pci = names("PCI", &mut gaps).unwrap_or_default();
    let copy = registry.found(r"HKLM\HARDWARE\DESCRIPTION\System\BIOS", &mut gaps).unwrap_or_default();
    let vendor = smbios.vendor.or_else(|| copy.text("SystemManufacturer"));
    let product = smbios.product.or_else(|| copy.text("SystemProductName"));
    let has = |id: &str| acpi.as_ref().map(|acpi| acpi.iter().any(|name| name == id));
    let battery = fetched.battery.or_else(|| has(BATTERY));
    let has_lid = has(LID);
    let by_card = HYPERVISOR_CARDS
        .iter()
        .find(|(prefix, _)| pci.iter().any(|name| name.starts_with(prefix)))
        .map(|(_, name)| *name);
    let hypervisor =
        hypervisor_of(vendor.as_deref().unwrap_or_default(), product.as_deref().unwrap_or_default())
            .or(by_card);
    let bmc = fetched.smbios.as_ref().map(|found| found.bmc);
    let signs =
        Signs { hypervisor: hypervisor.is_some(), chassis_type: smbios.chassis_type, battery, has_lid, bmc };
    let machine = Machine {
        kind: decide(&signs),
        chassis_type: smbios.chassis_type,
        vendor,
        product,
        battery,
        has_lid,
        // Windows tells whether the lid is open to windows that wait for it, and to nobody who asks.
        lid_open: None,
        hypervisor: hypervisor.map(str::to_owned),
        bmc,
        ..Machine::default()
    };
    let summary = machine.kind.as_str().to_owned();
    Ok(Reading::with_gaps(machine, summary, gaps))
}

/// ACPI's ids of a control method battery and of a lid.
const BATTERY: &str = "PNP0C0A";
const LID: &str = "PNP0C0D";

#[cfg(test)]
mod tests {
    use bearing_protocol::fact::MachineKind;

    use super::*;
    use crate::windows::{registry_text::prepared, smbios};

    #[test]
    fn a_laptop_is_told_by_lid_and_battery() {
        let fetched = Fetched { smbios: smbios::parse_raw(&smbios::tests::laptop()), battery: Some(true) };
        let reading = read(&prepared(), &fetched).unwrap();
        let machine = reading.value;
        assert!(reading.gaps.is_empty());
        assert_eq!((machine.kind, machine.chassis_type), (MachineKind::Laptop, Some(10)));
        assert_eq!((machine.vendor.as_deref(), machine.lid_open), (Some("LENOVO"), None));
    }

    #[test]
    fn without_the_table_the_copy_in_the_registry_speaks() {
        let reading = read(&prepared(), &Fetched::default()).unwrap();
        assert_eq!(reading.value.product.as_deref(), Some("21CB"));
        assert!(reading.gaps.describe().contains("registry's copy"));
    }
}
