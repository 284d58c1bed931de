use std::sync::Arc;

use bearing_protocol::fact::{Enablement, Facts, Unit};

use super::read;
use crate::{reading::Context, testing::Machine};

fn with_units(machine: &Machine, names: &[(&str, Enablement)]) -> Context {
    let unit = |(name, enablement): &(&str, Enablement)| Unit {
        name: (*name).to_owned(),
        enablement: *enablement,
        ..Unit::default()
    };
    let mut context = machine.context();
    context.earlier = Arc::new(Facts { units: names.iter().map(unit).collect(), ..Facts::default() });
    context
}

#[test]
fn ufw_is_believed_by_its_files() {
    let machine = Machine::new();
    machine
        .file("/etc/ufw/ufw.conf", "# x\nENABLED=yes\nLOGLEVEL=low\n")
        .file("/etc/default/ufw", include_str!("../../captures/linux-6.18/default_ufw"));
    let firewall = read(&machine.context()).unwrap().value;
    assert_eq!((firewall.product.as_deref(), firewall.enabled), (Some("ufw"), Some(true)));
    assert_eq!(firewall.inbound_default.as_deref(), Some("drop"));
    machine.file("/etc/ufw/ufw.conf", "ENABLED=no\n");
    assert_eq!(read(&machine.context()).unwrap().value.enabled, Some(false));
}

#[test]
fn an_nftables_file_that_accepts_everything_is_off() {
    let machine = Machine::new();
    machine.file("/etc/nftables.conf", include_str!("../../captures/linux-6.18/nftables.conf"));
    let enabled = with_units(&machine, &[("nftables.service", Enablement::Enabled)]);
    assert_eq!(read(&enabled).unwrap().value.enabled, Some(false));
    machine.file(
        "/etc/nftables.conf",
        "table inet f { chain i { type filter hook input priority 0; policy drop; } }",
    );
    assert_eq!(read(&enabled).unwrap().value.enabled, Some(true));
    let disabled = with_units(&machine, &[("nftables.service", Enablement::Disabled)]);
    assert_eq!(read(&disabled).unwrap().value.enabled, Some(false));
    assert_eq!(read(&machine.context()).unwrap().value.enabled, None, "units were not read");
}

#[test]
fn the_product_that_is_on_speaks_for_the_machine() {
    let machine = Machine::new();
    machine
        .file("/etc/ufw/ufw.conf", "ENABLED=no\n")
        .file("/etc/firewalld/firewalld.conf", "DefaultZone=public\n")
        .file("/usr/lib/firewalld/zones/public.xml", "<zone>\n</zone>\n");
    let context = with_units(&machine, &[("firewalld.service", Enablement::Enabled)]);
    let firewall = read(&context).unwrap().value;
    assert_eq!((firewall.product.as_deref(), firewall.enabled), (Some("firewalld"), Some(true)));
    assert_eq!(firewall.inbound_default.as_deref(), Some("reject"));
}

#[test]
fn a_zone_s_name_is_no_way_out_of_its_directory() {
    let machine = Machine::new();
    machine
        .file("/etc/firewalld/firewalld.conf", "DefaultZone=../../../secret\n")
        .file("/secret.xml", "<zone target=\"ACCEPT\">\n");
    assert_eq!(read(&machine.context()).unwrap().value.inbound_default, None);
}

#[test]
fn nothing_found_is_neither_on_nor_off() {
    let machine = Machine::new();
    machine.directory("/etc");
    let firewall = read(&machine.context()).unwrap().value;
    assert_eq!((firewall.product, firewall.enabled), (None, None));
    assert!(!firewall.detail.is_empty());
    assert!(read(&Machine::new().context()).is_err());
}
