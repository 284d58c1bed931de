//! What kind of machine this is, and what says so.
//!
//! Always: the kind follows from what the machine has (a hypervisor, a lid, a battery, a chassis type),
//! never from its name; where nothing shows, it is unknown.
//! Facts: SMBIOS (DMTF DSP0134) table 17; `Documentation/ABI/testing/sysfs-class-power` (`scope`) and
//! `drivers/acpi/button.c` of Linux; systemd's `detect-virt` describes the marks of containers.

mod kind;
mod serials;

use std::path::Path;

use bearing_protocol::fact::Machine;

use crate::{
    gaps::Gaps,
    input::low_bits,
    reading::{Context, Read, Reading, Unread},
    root::Root,
    sysfs::Attributes,
};
pub(crate) use kind::hypervisor_of;
pub use kind::{Signs, decide};
pub use serials::{HardwareNumbers, hardware_numbers, is_number};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Machine> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let mut dmi = Attributes { root, directory: DMI.into(), gaps: &mut gaps };
    let chassis_type = dmi.parsed("chassis_type", |text| text.parse().ok());
    let vendor = dmi.text("sys_vendor");
    let product = dmi.text("product_name");
    let battery = battery(root, &mut gaps);
    let (has_lid, lid_open) = lid(root, &mut gaps);
    let virtual_by = hypervisor(root, vendor.as_deref(), product.as_deref());
    let container = container(root);
    let bmc = bmc(root);
    let kind = decide(&Signs { hypervisor: virtual_by.is_some(), chassis_type, battery, has_lid, bmc });
    let machine = Machine {
        kind,
        chassis_type,
        vendor,
        product,
        battery,
        lid_open,
        has_lid,
        hypervisor: match (virtual_by, container) {
            (Some(hypervisor), Some(container)) => Some(format!("{hypervisor}, container: {container}")),
            (None, Some(container)) => Some(format!("container: {container}")),
            (hypervisor, None) => hypervisor,
        },
        bmc,
        management_engine: management_engine(root),
        hardware_set: Vec::new(),
    };
    if machine == Machine::default() && gaps.is_empty() {
        return Err(Unread::unsupported("nothing shows what kind of machine this is"));
    }
    let summary = format!("kind: {}", machine.kind.as_str());
    Ok(Reading::with_gaps(machine, summary, gaps))
}

/// Whether there is a battery that runs the machine: not a mouse's, not an empty bay. `None` where the kernel
/// does not list power supplies.
fn battery(root: &Root, gaps: &mut Gaps) -> Option<bool> {
    let supplies = match root.list_dir(POWER, MAX_ENTRIES) {
        Ok(listing) => listing.names,
        Err(error) => {
            gaps.add_error("power supplies", &error);
            return None;
        }
    };
    Some(supplies.iter().any(|name| {
        let mut supply = Attributes { root, directory: Path::new(POWER).join(name), gaps };
        supply.text("type").as_deref() == Some("Battery")
            && supply.text("scope").is_none_or(|scope| scope == "System")
            && supply.text("present").as_deref() != Some("0")
    }))
}

/// Whether there is a lid, and whether it is open. `None` where neither ACPI nor the input layer tells.
fn lid(root: &Root, gaps: &mut Gaps) -> (Option<bool>, Option<bool>) {
    let acpi = root.list_dir(LIDS, MAX_ENTRIES).map(|listing| listing.names).unwrap_or_default();
    if let Some(name) = acpi.first() {
        let open = match root.read_text(Path::new(LIDS).join(name).join("state"), 256) {
            Ok(text) => parse_lid_state(&text),
            Err(error) => {
                gaps.add_error("lid states", &error);
                None
            }
        };
        return (Some(true), open);
    }
    let Ok(inputs) = root.list_dir(INPUTS, MAX_ENTRIES) else { return (None, None) };
    let has_lid = inputs.names.iter().filter(|name| name.starts_with("input")).any(|name| {
        let mut input = Attributes { root, directory: Path::new(INPUTS).join(name), gaps };
        input.text("capabilities/sw").is_some_and(|bits| low_bits(&bits) & SW_LID != 0)
            || input.text("name").as_deref() == Some("Lid Switch")
    });
    (Some(has_lid), None)
}

/// `state:      open`
fn parse_lid_state(text: &str) -> Option<bool> {
    match text.split_once(':')?.1.trim() {
        "open" => Some(true),
        "closed" => Some(false),
        _ => None,
    }
}

/// The hypervisor below this machine. A Xen host runs under Xen and is none of its guests.
fn hypervisor(root: &Root, vendor: Option<&str>, product: Option<&str>) -> Option<String> {
    let xen_host = root.read_text("/proc/xen/capabilities", 256).is_ok_and(|text| text.contains("control_d"));
    if let Ok(kind) = root.read_trimmed("/sys/hypervisor/type", 64)
        && !kind.is_empty()
        && !xen_host
    {
        return Some(kind);
    }
    if let Some(name) = hypervisor_of(vendor.unwrap_or_default(), product.unwrap_or_default()) {
        return Some(name.to_owned());
    }
    let (cpuinfo, _) = root.read_prefix("/proc/cpuinfo", MAX_CPUINFO_BYTES).ok()?;
    (kind::cpu_says_hypervisor(&String::from_utf8_lossy(&cpuinfo)) && !xen_host).then(|| "unnamed".to_owned())
}

/// The container this runs in, where it left a mark.
fn container(root: &Root) -> Option<String> {
    if let Ok(name) = root.read_trimmed("/run/systemd/container", 64)
        && !name.is_empty()
    {
        return Some(name);
    }
    let marks = [("/.dockerenv", "docker"), ("/run/.containerenv", "podman")];
    marks.iter().find(|(path, _)| root.exists(path)).map(|(_, name)| (*name).to_owned())
}

/// Whether a baseboard management controller shows; `None` where the kernel has neither place for one.
fn bmc(root: &Root) -> Option<bool> {
    if ["/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0"].iter().any(|path| root.link_metadata(path).is_ok()) {
        return Some(true);
    }
    match root.list_dir("/sys/class/ipmi", MAX_ENTRIES) {
        Ok(listing) => Some(!listing.names.is_empty()),
        Err(_) if root.exists("/sys/class") => Some(false),
        Err(_) => None,
    }
}

/// The management engine's firmware version (`0:16.1.25.1917`), or that it shows without one.
fn management_engine(root: &Root) -> Option<String> {
    let listing = root.list_dir(MEI, MAX_ENTRIES).ok()?;
    let name = listing.names.first()?;
    let version = root.read_text(Path::new(MEI).join(name).join("fw_ver"), 256).ok();
    let first = version.as_deref().and_then(|text| text.lines().next()).unwrap_or_default().trim();
    Some(if first.is_empty() { "firmware version not shown".to_owned() } else { first.to_owned() })
}

const DMI: &str = "/sys/class/dmi/id";
const POWER: &str = "/sys/class/power_supply";
const LIDS: &str = "/proc/acpi/button/lid";
const INPUTS: &str = "/sys/class/input";
const MEI: &str = "/sys/class/mei";
/// `SW_LID` of `include/uapi/linux/input-event-codes.h` is bit 0.
const SW_LID: u32 = 1;
const MAX_ENTRIES: usize = 1024;
/// The first processor's flags are enough.
const MAX_CPUINFO_BYTES: usize = 16 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests;
