use bearing_protocol::fact::MachineKind;

use super::*;
use crate::testing;

fn facts(machine: &testing::Machine) -> Machine {
    read(&machine.context()).unwrap().value
}

#[test]
fn where_nothing_shows_the_kind_is_unknown() {
    let unread = read(&testing::Machine::new().context()).unwrap_err();
    assert_eq!(unread, Unread::unsupported("nothing shows what kind of machine this is"));
    let machine = testing::Machine::new();
    machine.directory("/sys/class/power_supply").directory("/sys/class/input");
    let facts = facts(&machine);
    assert_eq!((facts.kind, facts.battery, facts.has_lid), (MachineKind::Unknown, Some(false), Some(false)));
}

#[test]
fn a_laptop_shows_by_lid_and_battery() {
    let machine = testing::Machine::new();
    machine
        .files(
            "/sys/class/dmi/id",
            &[("chassis_type", "10"), ("sys_vendor", "LENOVO"), ("product_name", "20XW")],
        )
        .files("/sys/class/power_supply/BAT0", &[("type", "Battery"), ("present", "1")])
        .files("/sys/class/power_supply/AC", &[("type", "Mains")])
        .file("/proc/acpi/button/lid/LID0/state", "state:      closed\n")
        .files("/sys/class/mei/mei0", &[("fw_ver", "0:16.1.25.1917\n0:16.1.25.1917")]);
    let facts = facts(&machine);
    assert_eq!((facts.kind, facts.chassis_type), (MachineKind::Laptop, Some(10)));
    assert_eq!((facts.battery, facts.has_lid, facts.lid_open), (Some(true), Some(true), Some(false)));
    assert_eq!(facts.management_engine.as_deref(), Some("0:16.1.25.1917"));
    assert_eq!((facts.bmc, facts.hypervisor, facts.hardware_set.len()), (Some(false), None, 0));
}

#[test]
fn a_mouse_and_an_empty_bay_are_no_battery() {
    let machine = testing::Machine::new();
    machine
        .files("/sys/class/power_supply/hidpp_battery_0", &[("type", "Battery"), ("scope", "Device")])
        .files("/sys/class/power_supply/BAT1", &[("type", "Battery"), ("present", "0")])
        .files("/sys/class/dmi/id", &[("chassis_type", "3")])
        .files("/sys/class/input/input1", &[("name", "Power Button")]);
    let facts = facts(&machine);
    assert_eq!((facts.kind, facts.battery, facts.has_lid), (MachineKind::Desktop, Some(false), Some(false)));
}

#[test]
fn a_lid_shows_in_the_input_layer_too() {
    let machine = testing::Machine::new();
    machine.file("/sys/class/input/input2/capabilities/sw", "1\n");
    assert_eq!((facts(&machine).has_lid, facts(&machine).kind), (Some(true), MachineKind::Laptop));
}

#[test]
fn a_guest_says_so_and_a_xen_host_is_none() {
    let guest = testing::Machine::new();
    guest
        .file("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor\n")
        .file("/.dockerenv", "")
        .files("/sys/class/dmi/id", &[("chassis_type", "1")]);
    let facts_of_guest = facts(&guest);
    assert_eq!(facts_of_guest.kind, MachineKind::Vm);
    assert_eq!(facts_of_guest.hypervisor.as_deref(), Some("unnamed, container: docker"));

    let host = testing::Machine::new();
    host.file("/sys/hypervisor/type", "xen\n")
        .file("/proc/xen/capabilities", "control_d\n")
        .file("/proc/cpuinfo", "flags\t\t: fpu hypervisor\n")
        .files("/sys/class/dmi/id", &[("chassis_type", "23")]);
    assert_eq!((facts(&host).kind, facts(&host).hypervisor), (MachineKind::Server, None));
}

#[test]
fn a_container_on_a_laptop_leaves_the_laptop_a_laptop() {
    let machine = testing::Machine::new();
    machine.files("/sys/class/dmi/id", &[("chassis_type", "9")]).file("/run/systemd/container", "lxc\n");
    let facts = facts(&machine);
    assert_eq!((facts.kind, facts.hypervisor.as_deref()), (MachineKind::Laptop, Some("container: lxc")));
}

#[test]
fn garbage_is_counted() {
    let machine = testing::Machine::new();
    machine
        .files("/sys/class/dmi/id", &[("chassis_type", "many"), ("sys_vendor", "")])
        .file("/sys/class/dmi/id/product_name", vec![b'x'; 2 * 1024 * 1024])
        .fifo("/sys/class/power_supply/BAT0/type")
        .directory("/dev/ipmi0");
    let reading = read(&machine.context()).unwrap();
    assert_eq!(reading.value.kind, MachineKind::Server);
    assert_eq!(reading.gaps.describe(), "2 attributes: malformed; 1 attributes: over the limit");
}
