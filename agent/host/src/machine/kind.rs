use bearing_protocol::fact::MachineKind;

/// What decides a machine's kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Whether a hypervisor is below.
    pub hypervisor: bool,
    /// SMBIOS chassis type.
    pub chassis_type: Option<u8>,
    /// Whether a battery runs the machine.
    pub battery: Option<bool>,
    /// Whether it has a lid.
    pub has_lid: Option<bool>,
    /// Whether a management controller shows.
    pub bmc: Option<bool>,
}

/// The kind of machine. A hypervisor outweighs all (it passes chassis and battery on as it likes), a lid
/// with a battery outweighs the chassis type (makers fill it in badly), a chassis type outweighs the rest.
pub fn decide(signs: &Signs) -> MachineKind {
    if signs.hypervisor {
        return MachineKind::Vm;
    }
    let battery = signs.battery == Some(true);
    let lid = signs.has_lid == Some(true);
    if battery && lid {
        return MachineKind::Laptop;
    }
    match signs.chassis_type.map(|kind| kind & CHASSIS_TYPE) {
        // Portable, laptop, notebook, hand held, sub notebook, tablet, convertible, detachable.
        Some(8..=11 | 14 | 30..=32) => MachineKind::Laptop,
        // Desktops, towers, all in one, space-saving, lunch box, sealed case, mini and stick PCs.
        Some(3..=7 | 13 | 15 | 16 | 24 | 35 | 36) => MachineKind::Desktop,
        // Main server, rack mount, multi-system, blade, blade enclosure.
        Some(17 | 23 | 25 | 28 | 29) => MachineKind::Server,
        _ if battery || lid => MachineKind::Laptop,
        _ if signs.bmc == Some(true) => MachineKind::Server,
        _ => MachineKind::Unknown,
    }
}

/// The hypervisor that a system vendor and product stand for: these strings are the hypervisors' own.
pub(crate) fn hypervisor_of(vendor: &str, product: &str) -> Option<&'static str> {
    const VENDORS: [(&str, &str); 10] = [
        ("QEMU", "qemu"),
        ("VMware", "vmware"),
        ("innotek GmbH", "virtualbox"),
        ("Xen", "xen"),
        ("Bochs", "bochs"),
        ("Parallels", "parallels"),
        ("BHYVE", "bhyve"),
        ("Nutanix", "nutanix"),
        ("DigitalOcean", "kvm"),
        ("OpenStack", "openstack"),
    ];
    const PRODUCTS: [(&str, &str); 8] = [
        ("KVM", "kvm"),
        ("VirtualBox", "virtualbox"),
        ("VMware", "vmware"),
        ("Google Compute Engine", "google"),
        ("Standard PC (", "qemu"),
        ("OpenStack", "openstack"),
        ("Apple Virtualization", "apple"),
        ("RHEV Hypervisor", "rhev"),
    ];
    if vendor.starts_with("Microsoft") && product.starts_with("Virtual Machine") {
        return Some("hyper-v");
    }
    // Amazon's bare-metal machines carry the vendor too, with `.metal` in the product.
    if vendor.starts_with("Amazon EC2") && !product.contains(".metal") {
        return Some("amazon");
    }
    let found = |table: &[(&str, &'static str)], text: &str| {
        table.iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, name)| *name)
    };
    found(&VENDORS, vendor).or_else(|| found(&PRODUCTS, product))
}

/// Whether the processor says that a hypervisor is there (CPUID leaf 1, ECX bit 31).
pub(super) fn cpu_says_hypervisor(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("flags")?.split_once(':'))
        .is_some_and(|(_, flags)| flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

/// The type is in seven bits; the eighth says that the chassis has a lock.
const CHASSIS_TYPE: u8 = 0x7f;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_decide() {
        let laptop =
            Signs { chassis_type: Some(10), battery: Some(true), has_lid: Some(true), ..Signs::default() };
        let kinds = [
            (laptop, MachineKind::Laptop),
            (Signs { hypervisor: true, ..laptop }, MachineKind::Vm),
            (Signs { chassis_type: Some(3), ..laptop }, MachineKind::Laptop),
            (Signs { chassis_type: Some(2), has_lid: None, ..laptop }, MachineKind::Laptop),
            (Signs { chassis_type: Some(10), battery: Some(false), ..Signs::default() }, MachineKind::Laptop),
            (Signs { chassis_type: Some(0x80 | 3), ..Signs::default() }, MachineKind::Desktop),
            (Signs { chassis_type: Some(23), bmc: Some(true), ..Signs::default() }, MachineKind::Server),
            (Signs { bmc: Some(true), ..Signs::default() }, MachineKind::Server),
            (Signs { battery: Some(false), has_lid: Some(false), ..Signs::default() }, MachineKind::Unknown),
            (Signs::default(), MachineKind::Unknown),
        ];
        for (signs, kind) in kinds {
            assert_eq!(decide(&signs), kind, "{signs:?}");
        }
    }

    #[test]
    fn hypervisors_name_themselves() {
        assert_eq!(hypervisor_of("QEMU", "Standard PC (Q35 + ICH9, 2009)"), Some("qemu"));
        assert_eq!(hypervisor_of("Microsoft Corporation", "Virtual Machine"), Some("hyper-v"));
        assert_eq!(hypervisor_of("Microsoft Corporation", "Surface Laptop 5"), None);
        assert_eq!(hypervisor_of("Amazon EC2", "m5.metal"), None);
        assert_eq!(hypervisor_of("LENOVO", "20XW"), None);
        assert!(cpu_says_hypervisor("processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n"));
        assert!(!cpu_says_hypervisor("model name\t: hypervisor\nflags\t\t: fpu vme\n"));
    }
}
