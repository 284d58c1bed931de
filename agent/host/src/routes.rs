//! Routes and default gateways.
//!
//! Facts: `net/ipv4/fib_trie.c` and `net/ipv6/route.c` of Linux write `/proc/net/{route,ipv6_route}`;
//! `include/uapi/linux/route.h` has the flags. IPv4 addresses are hexadecimal in the byte order of the
//! machine that wrote the file; all machines this runs on are little-endian.

mod egress;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bearing_protocol::fact::{Egress, Gateway, Neighbour, Route};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
};

/// Routes, and the gateways of the default ones.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// Routes of the main tables.
    pub routes: Vec<Route>,
    /// Default gateways, by metric.
    pub gateways: Vec<Gateway>,
    /// The ways out.
    pub egress: Vec<Egress>,
}

/// Reads the source. A gateway's hardware address comes from the neighbours read before.
pub(crate) fn read(context: &Context) -> Read<Routing> {
    context.needs_linux()?;
    let mut gaps = Gaps::default();
    let mut routes = Vec::new();
    let four = context.root.read_text(IPV4, MAX_LIST_BYTES);
    let six = context.root.read_text(IPV6, MAX_LIST_BYTES);
    if let (Err(error), Err(_)) = (&four, &six) {
        return Err(Unread::from(error.clone()));
    }
    for (file, parse) in [(four, parse_ipv4_line as fn(&str) -> Line), (six, parse_ipv6_line)] {
        match file {
            Ok(text) => {
                for line in text.lines().filter(|line| !line.starts_with("Iface")) {
                    match parse(line) {
                        Line::Route(route) => routes.push(route),
                        Line::Other => {}
                        Line::Malformed => gaps.add("lines", Why::Malformed),
                    }
                }
            }
            Err(error) => gaps.add_error("routing tables", &error),
        }
    }
    if routes.len() > MAX_ROUTES {
        gaps.add_many("routes", Why::OverLimit, (routes.len() - MAX_ROUTES).try_into().unwrap_or(u64::MAX));
        // Default routes first: they must not be pushed out by many small ones.
        routes.sort_by_key(|route| route.prefix_length);
        routes.truncate(MAX_ROUTES);
    }
    let mut gateways = gateways(&routes, &context.earlier.network.neighbours);
    if gateways.len() > MAX_GATEWAYS {
        let rest = gateways.len() - MAX_GATEWAYS;
        gaps.add_many("gateways", Why::OverLimit, rest.try_into().unwrap_or(u64::MAX));
        gateways.truncate(MAX_GATEWAYS);
    }
    let egress = egress::ways_out(context, &routes, &mut gaps);
    let summary = format!("{} routes, {} default gateways", routes.len(), gateways.len());
    Ok(Reading::with_gaps(Routing { routes, gateways, egress }, summary, gaps))
}

/// A line of a routing table.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// A route in use.
    Route(Route),
    /// An entry that is no route to somewhere: down, rejecting, the machine's own addresses, multicast.
    Other,
    Malformed,
}

/// Interface, destination, gateway, flags, references, uses, metric, mask, …
fn parse_ipv4_line(line: &str) -> Line {
    let words: Vec<_> = line.split_whitespace().collect();
    let &[interface, destination, gateway, flags, _, _, metric, mask, ..] = &words[..] else {
        return Line::Malformed;
    };
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let (Some(destination), Some(gateway), Some(flags), Ok(metric), Some(mask)) =
        (hex(destination), hex(gateway), hex(flags), metric.parse(), hex(mask))
    else {
        return Line::Malformed;
    };
    if flags & RTF_UP == 0 || flags & RTF_REJECT != 0 {
        return Line::Other;
    }
    let address = |number: u32| IpAddr::V4(Ipv4Addr::from(number.to_le_bytes()));
    Line::Route(Route {
        destination: address(destination),
        prefix_length: u8::try_from(mask.count_ones()).unwrap_or_default(),
        gateway: (flags & RTF_GATEWAY != 0 && gateway != 0).then(|| address(gateway)),
        interface: interface.to_owned(),
        metric,
    })
}

/// Destination, length, source, length, next hop, metric, references, uses, flags, interface.
fn parse_ipv6_line(line: &str) -> Line {
    let words: Vec<_> = line.split_whitespace().collect();
    let &[destination, length, _, _, hop, metric, _, _, flags, interface] = &words[..] else {
        return Line::Malformed;
    };
    let address = |text: &str| {
        (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok().map(Ipv6Addr::from)).flatten()
    };
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let (Some(destination), Some(length), Some(hop), Some(metric), Some(flags)) =
        (address(destination), hex(length), address(hop), hex(metric), hex(flags))
    else {
        return Line::Malformed;
    };
    let Some(prefix_length) = u8::try_from(length).ok().filter(|length| *length <= 128) else {
        return Line::Malformed;
    };
    if flags & RTF_UP == 0
        || flags & (RTF_REJECT | RTF_LOCAL | RTF_ANYCAST) != 0
        || destination.is_multicast()
    {
        return Line::Other;
    }
    Line::Route(Route {
        destination: destination.into(),
        prefix_length,
        gateway: (flags & RTF_GATEWAY != 0 && !hop.is_unspecified()).then_some(hop.into()),
        interface: interface.to_owned(),
        metric,
    })
}

fn gateways(routes: &[Route], neighbours: &[Neighbour]) -> Vec<Gateway> {
    let mut defaults: Vec<_> = routes.iter().filter(|route| route.prefix_length == 0).collect();
    defaults.sort_by_key(|route| route.metric);
    let mut gateways: Vec<Gateway> = Vec::new();
    for route in defaults {
        let Some(address) = route.gateway else { continue };
        if gateways.iter().any(|known| known.address == address && known.interface == route.interface) {
            continue;
        }
        let mac = neighbours
            .iter()
            .find(|neighbour| neighbour.address == address && neighbour.interface == route.interface)
            .map(|neighbour| neighbour.mac.clone());
        gateways.push(Gateway { address, interface: route.interface.clone(), mac });
    }
    gateways
}

const IPV4: &str = "/proc/net/route";
const IPV6: &str = "/proc/net/ipv6_route";
const RTF_UP: u32 = 0x1;
const RTF_GATEWAY: u32 = 0x2;
const RTF_REJECT: u32 = 0x200;
const RTF_ANYCAST: u32 = 0x0010_0000;
const RTF_LOCAL: u32 = 0x8000_0000;
/// Most routes.
const MAX_ROUTES: usize = 4096;
/// Most default gateways: a machine has one or two, and whoever adds thousands hides the one in use.
const MAX_GATEWAYS: usize = 16;
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::sync::Arc;

    use bearing_protocol::fact::{Facts, Network};

    use super::*;
    use crate::testing::Machine;

    #[test]
    fn routes_are_read_from_a_capture() {
        let machine = Machine::new();
        machine
            .file(IPV4, include_str!("../captures/linux-6.18/proc_net_route"))
            .file(IPV6, include_str!("../captures/linux-6.18/proc_net_ipv6_route"));
        let gateway: IpAddr = "192.0.2.1".parse().unwrap();
        let neighbour =
            Neighbour { address: gateway, mac: "02:fc:00:00:00:05".to_owned(), interface: "eth0".to_owned() };
        let network = Network { neighbours: vec![neighbour], ..Network::default() };
        let earlier = Arc::new(Facts { network, ..Facts::default() });
        let reading = read(&Context { earlier, ..machine.context() }).unwrap();
        assert_eq!(reading.gaps.describe(), "");
        let routes: Vec<_> = reading
            .value
            .routes
            .iter()
            .map(|route| format!("{}/{} {:?}", route.destination, route.prefix_length, route.gateway))
            .collect();
        assert_eq!(
            routes,
            [
                "0.0.0.0/0 Some(192.0.2.1)",
                "192.0.2.0/24 None",
                "fd00::/64 None",
                "fe80::/64 None",
                "::/0 Some(fd00::1)"
            ]
        );
        let [first, second] = &reading.value.gateways[..] else { panic!("{:?}", reading.value.gateways) };
        assert_eq!((first.address, first.mac.as_deref()), (gateway, Some("02:fc:00:00:00:05")));
        assert_eq!((second.address, &second.mac), ("fd00::1".parse::<IpAddr>().unwrap(), &None));
    }

    #[test]
    fn broken_lines_are_counted() {
        let machine = Machine::new();
        machine
            .file(IPV4, "Iface\tDestination\neth0\t000200C0\nwlan0 zz 0 0003 0 0 0 0\n")
            .file(IPV6, "fe80 40 0 0 0 0 0 0 1 eth0\n");
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.gaps.describe(), "3 lines: malformed");
        assert!(read(&Machine::new().context()).is_err());
    }
}
