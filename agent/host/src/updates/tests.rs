use std::sync::Arc;

use bearing_protocol::fact::{Enablement, Facts, Package, Unit};

use super::read;
use crate::{reading::Context, testing::Machine};

fn context(machine: &Machine, packages: &[&str], units: &[(&str, Enablement)]) -> Context {
    let package = |name: &&str| Package { name: (*name).to_owned(), ..Package::default() };
    let unit = |(name, enablement): &(&str, Enablement)| Unit {
        name: (*name).to_owned(),
        enablement: *enablement,
        ..Unit::default()
    };
    let mut context = machine.context();
    context.earlier = Arc::new(Facts {
        packages: packages.iter().map(package).collect(),
        units: units.iter().map(unit).collect(),
        ..Facts::default()
    });
    context
}

#[test]
fn unattended_upgrades_need_the_setting_and_the_package() {
    let machine = Machine::new();
    machine.file(
        "/etc/apt/apt.conf.d/20auto-upgrades",
        include_str!("../../captures/linux-6.18/20auto-upgrades"),
    );
    let enabled = |packages: &[&str], units: &[(&str, Enablement)]| {
        read(&context(&machine, packages, units)).unwrap().value.enabled
    };
    assert_eq!(enabled(&["bash", "unattended-upgrades"], &[]), Some(true));
    assert_eq!(enabled(&["bash"], &[]), Some(false));
    assert_eq!(enabled(&[], &[]), None, "packages were not read");
    let masked = [("apt-daily-upgrade.timer", Enablement::Masked)];
    assert_eq!(enabled(&["unattended-upgrades"], &masked), Some(false));
    machine.file("/etc/apt/apt.conf.d/99local", "APT::Periodic::Unattended-Upgrade \"0\";\n");
    machine.file("/etc/apt/apt.conf.d/99local.bak", "APT::Periodic::Unattended-Upgrade \"1\";\n");
    assert_eq!(enabled(&["unattended-upgrades"], &[]), Some(false));
}

#[test]
fn a_timer_tells_on_other_distributions() {
    let machine = Machine::new();
    machine.directory("/etc");
    let updates =
        read(&context(&machine, &[], &[("dnf-automatic-install.timer", Enablement::Enabled)])).unwrap().value;
    assert_eq!((updates.mechanism.as_deref(), updates.enabled), (Some("dnf-automatic"), Some(true)));
    assert_eq!(read(&context(&machine, &[], &[])).unwrap().value.enabled, None);
}
