//! Adapters, routes, gateways and neighbours, from what the system's tables hold.
//!
//! Facts: `IANA ifType` numbers; `iphlpapi.h`, `netioapi.h`.

use std::{collections::BTreeMap, net::IpAddr};

use bearing_protocol::fact::{Gateway, Interface, InterfaceKind, Neighbour, Route};

/// An adapter as it was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Adapter {
    pub(super) index: u32,
    pub(super) index6: u32,
    /// The name people gave it (`Wi-Fi`).
    pub(super) name: String,
    /// The driver's description.
    pub(super) description: String,
    pub(super) kind: u32,
    pub(super) up: bool,
    pub(super) mac: Vec<u8>,
    pub(super) mtu: Option<u32>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) dns_servers: Vec<IpAddr>,
}

/// A row of the routing table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RouteRow {
    pub(super) destination: IpAddr,
    pub(super) prefix_length: u8,
    pub(super) next_hop: IpAddr,
    pub(super) index: u32,
    pub(super) metric: u32,
    pub(super) loopback: bool,
}

/// A row of the neighbour table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NeighbourRow {
    pub(super) address: IpAddr,
    pub(super) mac: Vec<u8>,
    pub(super) index: u32,
}

/// Interfaces out of adapters.
pub(super) fn interfaces(adapters: &[Adapter]) -> Vec<Interface> {
    let interface = |adapter: &Adapter| Interface {
        name: adapter.name.clone(),
        kind: kind(adapter),
        up: Some(adapter.up),
        mac: mac(&adapter.mac),
        mtu: adapter.mtu.filter(|mtu| *mtu != u32::MAX),
        driver: (!adapter.description.is_empty()).then(|| adapter.description.clone()),
        usb_path: None,
        addresses: adapter.addresses.clone(),
        ..Interface::default()
    };
    adapters.iter().map(interface).collect()
}

fn kind(adapter: &Adapter) -> InterfaceKind {
    match adapter.kind {
        24 => InterfaceKind::Loopback,
        // The one driver of that name: the adapter cannot be renamed to it, its description is the driver's.
        _ if adapter.description.starts_with("WireGuard") => InterfaceKind::Wireguard,
        _ if TUNNEL_DRIVERS.iter().any(|driver| adapter.description.contains(driver)) => {
            InterfaceKind::Tunnel
        }
        6 => InterfaceKind::Ethernet,
        71 => InterfaceKind::Wifi,
        243 | 244 => InterfaceKind::Cellular,
        // PPP, tunnel, and what drivers make of nothing.
        23 | 53 | 131 => InterfaceKind::Tunnel,
        209 => InterfaceKind::Bridge,
        _ => InterfaceKind::Other,
    }
}

/// Routes, and the default ones among them as gateways.
pub(super) fn routes(
    rows: &[RouteRow],
    neighbours: &[NeighbourRow],
    adapters: &[Adapter],
) -> (Vec<Route>, Vec<Gateway>) {
    let names = names(adapters);
    let name = |index: u32| names.get(&index).cloned().unwrap_or_else(|| format!("#{index}"));
    let mut routes = Vec::new();
    let mut gateways: Vec<Gateway> = Vec::new();
    for row in rows.iter().filter(|row| !row.loopback).take(MAX_ROUTES) {
        let gateway = (!row.next_hop.is_unspecified()).then_some(row.next_hop);
        routes.push(Route {
            destination: row.destination,
            prefix_length: row.prefix_length,
            gateway,
            interface: name(row.index),
            metric: row.metric,
        });
        let is_default = row.prefix_length == 0;
        if let Some(address) = gateway.filter(|_| is_default)
            && !gateways.iter().any(|known| known.address == address)
        {
            let known = neighbours.iter().find(|known| known.address == address && known.index == row.index);
            gateways.push(Gateway {
                address,
                interface: name(row.index),
                mac: known.and_then(|known| mac(&known.mac)),
            });
        }
    }
    (routes, gateways)
}

/// Neighbours with a hardware address.
pub(super) fn neighbours(rows: &[NeighbourRow], adapters: &[Adapter]) -> Vec<Neighbour> {
    let names = names(adapters);
    rows.iter()
        .filter(|row| !row.address.is_multicast() && row.address.to_string() != "255.255.255.255")
        .filter_map(|row| {
            let mac = mac(&row.mac)?;
            let interface = names.get(&row.index).cloned().unwrap_or_else(|| format!("#{}", row.index));
            Some(Neighbour { address: row.address, mac, interface })
        })
        .take(MAX_ROUTES)
        .collect()
}

/// Name servers of adapters that are up, each once, without those that Windows makes up.
pub(super) fn dns_servers(adapters: &[Adapter]) -> Vec<IpAddr> {
    let mut servers = Vec::new();
    for server in adapters.iter().filter(|adapter| adapter.up).flat_map(|adapter| &adapter.dns_servers) {
        let made_up = server.to_string().starts_with("fec0:0:0:ffff::");
        if !made_up && !servers.contains(server) {
            servers.push(*server);
        }
    }
    servers
}

fn names(adapters: &[Adapter]) -> BTreeMap<u32, String> {
    let both =
        |adapter: &Adapter| [(adapter.index, adapter.name.clone()), (adapter.index6, adapter.name.clone())];
    adapters.iter().flat_map(both).filter(|(index, _)| *index != 0).collect()
}

fn mac(bytes: &[u8]) -> Option<String> {
    let real =
        bytes.len() == 6 && bytes.iter().any(|byte| *byte != 0) && bytes.iter().any(|byte| *byte != 0xff);
    real.then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"))
}

/// Descriptions of drivers whose adapters look like network cards.
const TUNNEL_DRIVERS: [&str; 6] =
    ["TAP-Windows", "Wintun", "ZeroTier", "Tailscale", "OpenVPN Data Channel", "Hamachi"];
const MAX_ROUTES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn wifi() -> Adapter {
        Adapter {
            index: 7,
            index6: 7,
            name: "Wi-Fi".into(),
            description: "Intel(R) Wi-Fi 6 AX201".into(),
            kind: 71,
            up: true,
            mac: vec![0xf0, 0x57, 0xa6, 1, 2, 3],
            mtu: Some(1500),
            addresses: vec!["192.168.1.20".parse().unwrap()],
            dns_servers: vec!["192.168.1.1".parse().unwrap(), "fec0:0:0:ffff::1".parse().unwrap()],
        }
    }

    #[test]
    fn adapters_are_kinds_by_type_and_driver() {
        let tap = Adapter { kind: 6, description: "TAP-Windows Adapter V9".into(), ..wifi() };
        let guard = Adapter { kind: 53, description: "WireGuard Tunnel".into(), ..wifi() };
        let kinds: Vec<_> = interfaces(&[wifi(), tap, guard]).into_iter().map(|found| found.kind).collect();
        assert_eq!(kinds, [InterfaceKind::Wifi, InterfaceKind::Tunnel, InterfaceKind::Wireguard]);
        assert_eq!(interfaces(&[wifi()])[0].mac.as_deref(), Some("f0:57:a6:01:02:03"));
        assert_eq!(dns_servers(&[wifi()]), ["192.168.1.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn the_default_route_is_a_gateway_with_its_neighbours_address() {
        let row = |destination: &str, prefix_length, next_hop: &str| RouteRow {
            destination: destination.parse().unwrap(),
            prefix_length,
            next_hop: next_hop.parse().unwrap(),
            index: 7,
            metric: 25,
            loopback: false,
        };
        let rows = [row("0.0.0.0", 0, "192.168.1.1"), row("192.168.1.0", 24, "0.0.0.0")];
        let known =
            [NeighbourRow { address: "192.168.1.1".parse().unwrap(), mac: vec![1, 2, 3, 4, 5, 6], index: 7 }];
        let (routes, gateways) = routes(&rows, &known, &[wifi()]);
        assert_eq!((routes.len(), routes[1].gateway), (2, None));
        assert_eq!(gateways[0].mac.as_deref(), Some("01:02:03:04:05:06"));
        assert_eq!(gateways[0].interface, "Wi-Fi");
        assert_eq!(neighbours(&known, &[wifi()]).len(), 1);
    }
}
