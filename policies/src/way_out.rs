//! How traffic leaves the machine: through a tunnel or not, whose tunnel, past which gateway.
//!
//! Always: a name of an interface alone names a product only where the catalogue has it from that product's source; a
//! WireGuard interface that somebody set up is a tunnel of nobody known. "Cannot tell" is `None`, never "no".

use bearing_protocol::fact::{Egress, Facts, Gateway, InterfaceKind};

use crate::{
    Catalogue,
    catalogue::{Category, Hit, Trust},
    hardware_address::virtual_owner,
};

/// Whether traffic to anywhere leaves through a tunnel, in either address family; `None` where no way out is known.
pub fn is_tunnelled(facts: &Facts) -> Option<bool> {
    let mut known = false;
    for way in &facts.network.egress {
        match kind_of(facts, way) {
            Some(InterfaceKind::Tunnel | InterfaceKind::Wireguard) => return Some(true),
            Some(_) => known = true,
            None => {}
        }
    }
    known.then_some(false)
}

/// Catalogue id of the client that owns the tunnel through which traffic leaves: by the program that holds it, by the
/// interface's name, or because exactly one such client runs.
pub fn tunnel_client<'a>(facts: &Facts, catalogue: &'a Catalogue) -> Option<&'a str> {
    let is_tunnel =
        |way: &&Egress| matches!(kind_of(facts, way), Some(InterfaceKind::Tunnel | InterfaceKind::Wireguard));
    let tunnels: Vec<&Egress> = facts.network.egress.iter().filter(is_tunnel).collect();
    let index = catalogue.index();
    let by_holder = tunnels
        .iter()
        .filter_map(|way| way.holder.as_deref())
        .find_map(|program| client(catalogue, &index.executable(program)));
    if by_holder.is_some() {
        return by_holder;
    }
    if let Some(named) = tunnels.iter().find_map(|way| {
        let zero_tier = way.interface.starts_with("zt").then(|| catalogue.tool("zerotier")).flatten();
        client(catalogue, &index.interface(&way.interface)).or(zero_tier.map(|tool| tool.id.as_str()))
    }) {
        return Some(named);
    }
    // `tun0` and the like, held by nobody that may be looked at.
    let nameless =
        |way: &&&Egress| kind_of(facts, way) == Some(InterfaceKind::Tunnel) && way.holder.is_none();
    tunnels.iter().find(nameless)?;
    let mut running = facts
        .processes
        .iter()
        .filter_map(|process| client(catalogue, &index.executable(process.executable.as_deref()?)))
        .collect::<Vec<_>>();
    running.sort_unstable();
    running.dedup();
    match running[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// The default gateway that stands for a place: a device of its own, not one that several share in turn, not a
/// hypervisor's or a container runtime's, not behind a tunnel.
pub fn gateway(facts: &Facts) -> Option<&Gateway> {
    facts.network.gateways.iter().take(MAX_GATEWAYS).find(|gateway| {
        let mac = gateway.mac.as_deref().unwrap_or_default();
        let interface = facts.network.interfaces.iter().find(|found| found.name == gateway.interface);
        let virtual_link = interface.is_some_and(|found| {
            matches!(found.kind, InterfaceKind::Tunnel | InterfaceKind::Wireguard | InterfaceKind::Container)
        });
        !mac.is_empty() && !virtual_link && virtual_owner(mac).is_none()
    })
}

fn kind_of(facts: &Facts, way: &Egress) -> Option<InterfaceKind> {
    let interface = facts.network.interfaces.iter().find(|found| found.name == way.interface)?;
    Some(interface.kind)
}

/// The first tool that a hit names and whose trade it is to carry a machine's traffic.
fn client<'a>(catalogue: &'a Catalogue, hits: &[Hit]) -> Option<&'a str> {
    hits.iter().find_map(|hit| {
        let tool = catalogue.tools().get(hit.tool)?;
        let fact = tool.facts.get(hit.fact)?;
        let carries = matches!(tool.category, Category::Vpn | Category::Overlay | Category::Tunnel);
        (carries && fact.trust != Trust::Unverified && !fact.too_broad).then_some(tool.id.as_str())
    })
}

/// Most gateways that are looked at.
const MAX_GATEWAYS: usize = 16;

#[cfg(test)]
mod tests {
    use bearing_protocol::fact::{Interface, Process};

    use super::*;

    fn facts(interface: &str, kind: InterfaceKind) -> Facts {
        let mut facts = Facts::default();
        facts.network.interfaces.push(Interface { name: interface.to_owned(), kind, ..Interface::default() });
        facts.network.egress.push(Egress { family: 4, interface: interface.to_owned(), holder: None });
        facts
    }

    #[test]
    fn the_client_is_named_by_holder_interface_or_because_it_is_alone() {
        let catalogue = Catalogue::embedded();
        let client = |facts: &Facts| tunnel_client(facts, &catalogue).map(str::to_owned);
        for (interface, kind, id) in [
            ("wg0-mullvad", InterfaceKind::Wireguard, Some("mullvad")),
            ("nordlynx", InterfaceKind::Wireguard, Some("nordvpn")),
            ("tailscale0", InterfaceKind::Tunnel, Some("tailscale")),
            ("wt0", InterfaceKind::Wireguard, Some("netbird")),
            ("ztabcdef12", InterfaceKind::Tunnel, Some("zerotier")),
            ("wg0", InterfaceKind::Wireguard, None),
            ("tun0", InterfaceKind::Tunnel, None),
            // A network card may be called anything.
            ("wg0-mullvad", InterfaceKind::Ethernet, None),
        ] {
            assert_eq!(client(&facts(interface, kind)).as_deref(), id, "{interface}");
        }
        let process = |path: &str| Process { executable: Some(path.to_owned()), ..Process::default() };
        let mut held = facts("tun0", InterfaceKind::Tunnel);
        held.network.egress[0].holder = Some("/usr/local/Astrill/asproxy".to_owned());
        held.processes.push(process("/usr/bin/mullvad-daemon"));
        assert_eq!(client(&held).as_deref(), Some("astrill"), "who holds it outweighs who else runs");
        let mut alone = facts("tun0", InterfaceKind::Tunnel);
        alone.processes.push(process("/usr/local/Astrill/asproxy"));
        assert_eq!(client(&alone).as_deref(), Some("astrill"));
        alone.processes.push(process("/usr/bin/mullvad-daemon"));
        assert_eq!(client(&alone), None, "two run: neither is named");
        let mut own = facts("wg0", InterfaceKind::Wireguard);
        own.processes.push(process("/usr/bin/mullvad-daemon"));
        assert_eq!(client(&own), None, "WireGuard set up by hand stays nobody's");
    }

    #[test]
    fn no_way_out_is_no_answer() {
        assert_eq!(is_tunnelled(&Facts::default()), None);
        assert_eq!(is_tunnelled(&facts("eth0", InterfaceKind::Ethernet)), Some(false));
        assert_eq!(is_tunnelled(&facts("wg0", InterfaceKind::Wireguard)), Some(true));
        let mut unknown = facts("eth0", InterfaceKind::Ethernet);
        unknown.network.interfaces.clear();
        assert_eq!(is_tunnelled(&unknown), None);
    }

    #[test]
    fn a_shared_gateway_stands_for_no_place() {
        let with = |macs: &[Option<&str>]| {
            let mut facts = facts("eth0", InterfaceKind::Ethernet);
            facts.network.gateways = macs
                .iter()
                .map(|mac| Gateway {
                    address: "192.0.2.1".parse().unwrap(),
                    interface: "eth0".to_owned(),
                    mac: mac.map(str::to_owned),
                })
                .collect();
            gateway(&facts).and_then(|gateway| gateway.mac.clone())
        };
        let home = Some("3c:84:6a:01:02:03");
        assert_eq!(with(&[None, Some("00:00:5e:00:01:01"), home]).as_deref(), home);
        assert_eq!(with(&[Some("02:42:ac:11:00:01")]), None);
        let many = vec![Some("00:00:5e:00:01:01"); 1000];
        assert_eq!(with(&many), None);
    }
}
