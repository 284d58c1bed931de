//! Network interfaces.
//!
//! Always: what an interface is follows from what the kernel says of it, never from its name.
//! Facts: `Documentation/ABI/testing/sysfs-class-net`, `include/uapi/linux/{if,if_arp,if_tun}.h` of Linux;
//! `DEVTYPE` as each driver sets it.

use std::{collections::BTreeMap, net::IpAddr, path::Path};

use bearing_protocol::fact::{Interface, InterfaceKind};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    root::Root,
    sysfs::{self, Attributes},
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Interface>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let listing = root.list_dir(CLASS, MAX_INTERFACES)?;
    if listing.truncated {
        gaps.add("lists of interfaces", Why::OverLimit);
    }
    let mut interfaces = Vec::new();
    let mut by_index = BTreeMap::new();
    for name in listing.names {
        let directory = Path::new(CLASS).join(&name);
        if !root.exists(directory.join("type")) {
            continue; // `bonding_masters` is a file among them
        }
        let mut from = Attributes { root, directory, gaps: &mut gaps };
        if let Some(index) = from.parsed("ifindex", |text| text.parse::<u32>().ok()) {
            by_index.insert(index, interfaces.len());
        }
        interfaces.push(read_interface(name, &mut from));
    }
    add_addresses(root, &mut interfaces, &by_index, &mut gaps);
    add_permanent(root, &mut interfaces, &by_index);
    let summary = format!("{} interfaces", interfaces.len());
    Ok(Reading::with_gaps(interfaces, summary, gaps))
}

fn read_interface(name: String, from: &mut Attributes<'_>) -> Interface {
    let location = sysfs::location(from.root, &from.directory);
    let signs = signs(from, &location);
    let flags = from.parsed("flags", parse_flags);
    let up = match from.text("operstate").as_deref() {
        Some("up") => Some(true),
        Some("down" | "lowerlayerdown" | "notpresent" | "dormant" | "testing") => Some(false),
        // Drivers without link detection (tunnels, loopback): what it was set to.
        _ => flags.map(|flags| flags & IFF_UP != 0),
    };
    let mac = from.text("address").map(|address| address.trim().to_ascii_lowercase());
    let driver = sysfs::link_name(from.root, &from.directory.join("device/driver"));
    Interface {
        name,
        kind: kind_of(&signs),
        up,
        mac: mac.filter(|mac| mac.bytes().any(|b| b != b'0' && b != b':')),
        mtu: from.parsed("mtu", |text| text.parse().ok()),
        driver,
        usb_path: sysfs::usb_of(&location)
            .or_else(|| sysfs::usb_of(&sysfs::location(from.root, &from.directory.join("device"))))
            .map(|(device, _)| device),
        addresses: Vec::new(),
        permanent_mac: None,
    }
}

/// Addresses that are burned in: as the kernel says, or in a copy the one in use where it is said to be permanent
/// (`addr_assign_type` 0).
fn add_permanent(root: &Root, interfaces: &mut [Interface], by_index: &BTreeMap<u32, usize>) {
    #[cfg(target_os = "linux")]
    if root.is_live() {
        use crate::{linux::netlink, rtnetlink};
        let links = netlink::dump(rtnetlink::GET_LINKS, rtnetlink::ANY_FAMILY).unwrap_or_default();
        for found in links.iter().filter_map(|link| rtnetlink::parse_permanent_address(link)) {
            let interface = by_index.get(&found.interface).and_then(|at| interfaces.get_mut(*at));
            interface.into_iter().for_each(|interface| interface.permanent_mac = Some(found.mac.clone()));
        }
        return;
    }
    let _ = by_index;
    for interface in interfaces {
        let kind = root.read_trimmed(Path::new(CLASS).join(&interface.name).join("addr_assign_type"), 16);
        interface.permanent_mac = interface.mac.clone().filter(|_| kind.is_ok_and(|kind| kind == "0"));
    }
}

/// What tells an interface's kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// `ARPHRD_*`.
    pub link_type: Option<u16>,
    /// `DEVTYPE` of its uevent.
    pub device_type: Option<String>,
    /// Whether it has a Wi-Fi side (`wireless`, `phy80211`).
    pub wireless: bool,
    /// `tun_flags`, where a program made it with TUN/TAP.
    pub tun_flags: Option<u16>,
    /// Whether it is a bridge.
    pub bridge: bool,
    /// Whether it is a port of a bridge.
    pub bridge_port: bool,
    /// Whether hardware, real or emulated, is behind it.
    pub has_device: bool,
    /// Whether its other end is another interface (`iflink` differs).
    pub paired: bool,
}

fn signs(from: &mut Attributes<'_>, location: &Path) -> Signs {
    let index = from.parsed("ifindex", |text| text.parse::<u32>().ok());
    let linked = from.parsed("iflink", |text| text.parse::<u32>().ok());
    let has = |name: &str| from.root.exists(from.directory.join(name));
    let (wireless, bridge, bridge_port) = (has("wireless") || has("phy80211"), has("bridge"), has("brport"));
    let has_device = has("device");
    Signs {
        wireless,
        bridge,
        bridge_port,
        has_device: has_device && !sysfs::is_virtual(location),
        paired: matches!((index, linked), (Some(index), Some(linked)) if linked != 0 && index != linked),
        link_type: from.parsed("type", |text| text.parse().ok()),
        device_type: from.uevent("DEVTYPE"),
        tun_flags: from.parsed("tun_flags", sysfs::hex_u16),
    }
}

/// What an interface is.
pub fn kind_of(signs: &Signs) -> InterfaceKind {
    match signs.device_type.as_deref() {
        Some("wireguard") => return InterfaceKind::Wireguard,
        Some("bridge") => return InterfaceKind::Bridge,
        Some("wlan") => return InterfaceKind::Wifi,
        Some("wwan") => return InterfaceKind::Cellular,
        Some("vxlan" | "geneve" | "gretap" | "ip6gretap") => return InterfaceKind::Tunnel,
        Some("vlan" | "bond" | "team" | "dsa") => return InterfaceKind::Ethernet,
        _ => {}
    }
    if signs.wireless {
        return InterfaceKind::Wifi;
    }
    if signs.bridge {
        return InterfaceKind::Bridge;
    }
    match (signs.tun_flags, signs.link_type) {
        // A TAP device in a bridge is a virtual machine's; alone it is a tunnel's.
        (Some(flags), _) if flags & IFF_TAP != 0 && signs.bridge_port => InterfaceKind::Container,
        (Some(_), _) => InterfaceKind::Tunnel,
        (None, Some(ARPHRD_LOOPBACK)) => InterfaceKind::Loopback,
        (None, Some(ARPHRD_ETHER)) if signs.has_device => InterfaceKind::Ethernet,
        (None, Some(ARPHRD_ETHER)) if signs.paired => InterfaceKind::Container,
        (None, Some(ARPHRD_IEEE80211..=ARPHRD_IEEE80211_RADIOTAP)) => InterfaceKind::Wifi,
        (None, Some(ARPHRD_RAWIP)) => InterfaceKind::Cellular,
        (
            None,
            Some(ARPHRD_TUNNEL | ARPHRD_TUNNEL6 | ARPHRD_SIT | ARPHRD_IPGRE | ARPHRD_IP6GRE | ARPHRD_NONE),
        ) => InterfaceKind::Tunnel,
        _ => InterfaceKind::Other,
    }
}

/// Addresses: from the kernel where this is the live machine, else the IPv6 ones that a file lists.
fn add_addresses(
    root: &Root,
    interfaces: &mut [Interface],
    by_index: &BTreeMap<u32, usize>,
    gaps: &mut Gaps,
) {
    #[cfg(target_os = "linux")]
    if root.is_live() {
        use crate::{linux::netlink, rtnetlink};
        match netlink::dump(rtnetlink::GET_ADDRESSES, rtnetlink::ANY_FAMILY) {
            Ok(messages) => {
                for found in messages.iter().filter_map(|message| rtnetlink::parse_address(message)) {
                    let interface = by_index.get(&found.interface).and_then(|at| interfaces.get_mut(*at));
                    interface.into_iter().for_each(|interface| interface.addresses.push(found.address));
                }
                return;
            }
            Err(error) => gaps.note(format!("addresses: the kernel did not answer ({})", error.kind())),
        }
    }
    let _ = by_index;
    match root.read_text(IPV6_ADDRESSES, MAX_LIST_BYTES) {
        Ok(text) => {
            for (name, address) in text.lines().filter_map(parse_ipv6_line) {
                let interface = interfaces.iter_mut().find(|interface| interface.name == name);
                interface.into_iter().for_each(|interface| interface.addresses.push(address));
            }
        }
        Err(error) => gaps.add_error("lists of addresses", &error),
    }
    if !root.is_live() {
        gaps.note("IPv4 addresses are not in files");
    }
}

/// A line of `/proc/net/if_inet6`: address, index, prefix length, scope, flags, name.
fn parse_ipv6_line(line: &str) -> Option<(&str, IpAddr)> {
    let mut words = line.split_whitespace();
    let address = u128::from_str_radix(words.next().filter(|word| word.len() == 32)?, 16).ok()?;
    Some((words.nth(4)?, IpAddr::V6(address.into())))
}

fn parse_flags(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

pub(crate) const CLASS: &str = "/sys/class/net";
const IPV6_ADDRESSES: &str = "/proc/net/if_inet6";
/// Most interfaces.
pub(crate) const MAX_INTERFACES: usize = 2048;
const MAX_LIST_BYTES: usize = 1024 * 1024;
const IFF_UP: u32 = 1;
const IFF_TAP: u16 = 2;
const ARPHRD_ETHER: u16 = 1;
const ARPHRD_RAWIP: u16 = 519;
const ARPHRD_TUNNEL: u16 = 768;
const ARPHRD_TUNNEL6: u16 = 769;
const ARPHRD_LOOPBACK: u16 = 772;
const ARPHRD_SIT: u16 = 776;
const ARPHRD_IPGRE: u16 = 778;
const ARPHRD_IEEE80211: u16 = 801;
const ARPHRD_IEEE80211_RADIOTAP: u16 = 803;
const ARPHRD_IP6GRE: u16 = 823;
const ARPHRD_NONE: u16 = 65534;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn names_do_not_decide() {
        let ether = Signs { link_type: Some(1), ..Signs::default() };
        let card = Signs { has_device: true, ..ether.clone() };
        let none = Signs { link_type: Some(65534), ..Signs::default() };
        let devtype = |text: &str, of: &Signs| Signs { device_type: Some(text.to_owned()), ..of.clone() };
        let cases = [
            (card.clone(), InterfaceKind::Ethernet),
            (Signs { wireless: true, ..card.clone() }, InterfaceKind::Wifi),
            (devtype("wwan", &card), InterfaceKind::Cellular),
            (Signs { paired: true, ..ether.clone() }, InterfaceKind::Container),
            (ether.clone(), InterfaceKind::Other),
            (devtype("wireguard", &none), InterfaceKind::Wireguard),
            (none, InterfaceKind::Tunnel),
            (Signs { tun_flags: Some(0x1002), ..ether.clone() }, InterfaceKind::Tunnel),
            (Signs { tun_flags: Some(0x1002), bridge_port: true, ..ether }, InterfaceKind::Container),
            (Signs { link_type: Some(772), ..Signs::default() }, InterfaceKind::Loopback),
            (Signs::default(), InterfaceKind::Other),
        ];
        for (signs, kind) in cases {
            assert_eq!(kind_of(&signs), kind, "{signs:?}");
        }
    }

    #[test]
    fn interfaces_are_read_from_a_copy() {
        let machine = Machine::new();
        let usb = "devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/net/tun0";
        machine
            .files(
                &format!("/sys/{usb}"),
                &[("type", "1"), ("operstate", "up"), ("flags", "0x1003"), ("mtu", "1500"), ("ifindex", "4")],
            )
            .file(&format!("/sys/{usb}/address"), "02:FC:00:00:00:05\n")
            .directory(&format!("/sys/{usb}/device"))
            .link("/sys/class/net/tun0", format!("../../{usb}"))
            .files(
                "/sys/class/net/wg",
                &[
                    ("type", "65534"),
                    ("operstate", "unknown"),
                    ("flags", "0x91"),
                    ("uevent", "DEVTYPE=wireguard"),
                ],
            )
            .file("/sys/class/net/wg/address", "\n")
            .file("/sys/class/net/wg/mtu", "endless\n")
            .file("/sys/class/net/bonding_masters", "\n")
            .file("/proc/net/if_inet6", "fe8000000000000000fc00fffe000001 04 40 20 80     tun0\nnonsense\n");
        let reading = read(&machine.context()).unwrap();
        let [card, tunnel] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!((card.kind, card.up, card.mtu), (InterfaceKind::Ethernet, Some(true), Some(1500)));
        assert_eq!(card.mac.as_deref(), Some("02:fc:00:00:00:05"));
        assert_eq!(card.usb_path.as_deref(), Some("1-2"));
        assert_eq!(card.addresses, ["fe80::fc:ff:fe00:1".parse::<IpAddr>().unwrap()]);
        assert_eq!((tunnel.kind, tunnel.up, &tunnel.mac), (InterfaceKind::Wireguard, Some(true), &None));
        assert_eq!(reading.gaps.describe(), "1 attributes: malformed; IPv4 addresses are not in files");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_live_machine_has_a_loopback_with_its_address() {
        let context = Context { root: Root::live(), ..Machine::new().context() };
        let interfaces = read(&context).unwrap().value;
        let loopback = interfaces.iter().find(|interface| interface.kind == InterfaceKind::Loopback).unwrap();
        assert!(loopback.addresses.contains(&IpAddr::from([127, 0, 0, 1])), "{loopback:?}");
    }
}
