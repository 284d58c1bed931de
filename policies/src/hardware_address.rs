//! What a hardware address says of whose it is: addresses that no single device has, and makers of travel routers.
//!
//! Always: a gateway that several devices share in turn, or that a hypervisor or a container runtime made up, is no place.
//! Sources: RFC 5798 section 7.3 (VRRP, also CARP), RFC 2281 and vendor documentation (HSRP, GLBP); the IEEE registry for
//! makers; the defaults of hypervisors and container runtimes, whose ranges are not registered.

/// Why an address stands for no single device in a place; `None` where it does.
pub fn virtual_owner(mac: &str) -> Option<&'static str> {
    let digits = digits(mac);
    VIRTUAL.iter().find(|(prefix, _)| digits.starts_with(prefix)).map(|(_, owner)| *owner)
}

/// The maker of travel routers whose range this is.
pub fn travel_router(mac: &str) -> Option<&'static str> {
    let digits = digits(mac);
    TRAVEL.iter().find(|(prefix, _)| digits.starts_with(prefix)).map(|(_, maker)| *maker)
}

/// The maker of travel routers that a host name (one label, as the firmware sets it) points at.
pub fn travel_router_by_name(label: &str) -> Option<&'static str> {
    let label = label.to_ascii_lowercase();
    // `GL-MT3000`, `gl-axt1800-1a2`: the maker's name, a model of letters and digits.
    let model = label.strip_prefix("gl-")?;
    let letters = model.bytes().take_while(u8::is_ascii_alphabetic).count();
    let has_digits = model.bytes().skip(letters).take(3).filter(u8::is_ascii_digit).count() == 3;
    ((1..=4).contains(&letters) && has_digits && !model.starts_with("rm")).then_some(GL_INET)
}

fn digits(mac: &str) -> String {
    mac.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect()
}

const VIRTUAL: [(&str, &str); 21] = [
    ("00005e0001", "VRRP or CARP"),
    ("00005e0002", "VRRP"),
    ("00000c07ac", "HSRP"),
    ("00000c9ff", "HSRP"),
    ("000573a0", "HSRP"),
    ("0007b4", "GLBP"),
    ("0242", "container"),
    ("525400", "QEMU or KVM"),
    ("005056", "VMware"),
    ("000c29", "VMware"),
    ("000569", "VMware"),
    ("001c14", "VMware"),
    ("080027", "VirtualBox"),
    ("0a0027", "VirtualBox"),
    ("00155d", "Hyper-V"),
    ("00163e", "Xen"),
    ("001c42", "Parallels"),
    ("589cfc", "bhyve"),
    ("506b8d", "Nutanix"),
    ("bc2411", "Proxmox"),
    ("000000000000", "nobody"),
];
const GL_INET: &str = "GL.iNet";
const TRAVEL: [(&str, &str); 1] = [("9483c4", GL_INET)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_no_single_device_are_known() {
        for (mac, owner) in [
            ("00:00:5e:00:01:0a", "VRRP or CARP"),
            ("00:00:5E:00:02:0A", "VRRP"),
            ("00:00:0c:07:ac:01", "HSRP"),
            ("00:00:0c:9f:f0:01", "HSRP"),
            ("00:07:b4:00:01:01", "GLBP"),
            ("02:42:ac:11:00:01", "container"),
            ("52:54:00:12:34:56", "QEMU or KVM"),
        ] {
            assert_eq!(virtual_owner(mac), Some(owner), "{mac}");
        }
        for mac in ["", "00:00:5e:00:52:13", "00:00:0c:01:02:03", "94:83:c4:01:02:03", "3c:84:6a:01:02:03"] {
            assert_eq!(virtual_owner(mac), None, "{mac}");
        }
    }

    #[test]
    fn travel_routers_are_told_by_range_or_name_and_the_makers_kvm_by_neither_name() {
        assert_eq!(travel_router("94:83:C4:01:02:03"), Some(GL_INET));
        assert_eq!(travel_router_by_name("GL-MT3000"), Some(GL_INET));
        assert_eq!(travel_router_by_name("gl-axt1800-1a2"), Some(GL_INET));
        for name in ["gl", "gl-", "gl-office", "gl-rm1", "glados-100", "gl-100"] {
            assert_eq!(travel_router_by_name(name), None, "{name}");
        }
    }
}
