//! Over what traffic to anywhere leaves, and who holds that interface.
//!
//! Always: nothing is sent. The running kernel is asked how it would route (marks and rules of other programs' sockets
//! aside); in a copy of a machine the routes of its files tell, the halves `0.0.0.0/1` and `128.0.0.0/1` that many VPN
//! clients set included. A TUN device's holder is a process that has it open; where nobody may look, it is not known.
//! Facts: `include/uapi/linux/if_tun.h` and `drivers/net/tun.c` of Linux (`iff:` in the descriptor's fdinfo).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
};

use bearing_protocol::fact::{Egress, InterfaceKind, Route};

use crate::{
    gaps::{Gaps, Why},
    reading::Context,
    root::ReadErrorKind,
};

/// The ways out, IPv4 first.
pub(super) fn ways_out(context: &Context, routes: &[Route], gaps: &mut Gaps) -> Vec<Egress> {
    let mut ways = Vec::new();
    for (family, address) in [(4, ANYWHERE_4), (6, ANYWHERE_6)] {
        if let Some(interface) = interface_to(context, routes, address, gaps) {
            ways.push(Egress { family, interface, holder: None });
        }
    }
    let tunnels: Vec<&str> = ways.iter().map(|way| way.interface.as_str()).collect();
    let is_tun = |name: &str| {
        let interfaces = &context.earlier.network.interfaces;
        interfaces.iter().any(|found| found.name == name && found.kind == InterfaceKind::Tunnel)
    };
    if tunnels.iter().any(|name| is_tun(name)) {
        let holders = holders(context, &tunnels, gaps);
        for way in &mut ways {
            let held = holders.iter().find(|(interface, _)| *interface == way.interface);
            way.holder = held.map(|(_, program)| program.clone());
        }
    }
    ways
}

fn interface_to(context: &Context, routes: &[Route], address: IpAddr, gaps: &mut Gaps) -> Option<String> {
    #[cfg(target_os = "linux")]
    if context.root.is_live() {
        match crate::linux::netlink::way_to(address) {
            Ok(None) => return None,
            Ok(Some(index)) => {
                return match crate::linux::neighbours::names_by_index(&context.root).remove(&index) {
                    Some(name) => Some(name),
                    None => by_files(routes, address),
                };
            }
            Err(error) => gaps.note(format!("ways out: the kernel did not answer ({})", error.kind())),
        }
    }
    let _ = (context, gaps);
    by_files(routes, address)
}

/// The route that covers `address` with the longest prefix, then the least metric.
fn by_files(routes: &[Route], address: IpAddr) -> Option<String> {
    let covering = routes.iter().filter(|route| covers(route, address));
    let best = covering.min_by_key(|route| (u8::MAX - route.prefix_length, route.metric))?;
    Some(best.interface.clone())
}

fn covers(route: &Route, address: IpAddr) -> bool {
    let same = |a: u128, b: u128, bits: u32| {
        let left = bits.saturating_sub(u32::from(route.prefix_length));
        a.checked_shr(left).unwrap_or(0) == b.checked_shr(left).unwrap_or(0)
    };
    match (route.destination, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(u32::from(a).into(), u32::from(b).into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.into(), b.into(), 128),
        _ => false,
    }
}

/// Programs that hold the TUN devices of `interfaces` open.
fn holders(context: &Context, interfaces: &[&str], gaps: &mut Gaps) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut left = MAX_FILES;
    let mut denied = 0;
    for process in context.earlier.processes.iter().filter(|process| !process.kernel_thread) {
        let directory = format!("/proc/{}/fd", process.pid);
        let listing = match context.root.list_dir(&directory, MAX_FILES_PER_PROCESS.min(left)) {
            Ok(listing) => listing,
            Err(error) => {
                denied += u64::from(error.kind == ReadErrorKind::Denied);
                continue;
            }
        };
        left = left.saturating_sub(listing.names.len());
        for name in listing.names {
            let Ok(target) = context.root.read_link(Path::new(&directory).join(&name)) else { continue };
            if target != Path::new("/dev/net/tun") {
                continue;
            }
            let about =
                context.root.read_text(format!("/proc/{}/fdinfo/{name}", process.pid), MAX_FDINFO_BYTES);
            let held = about.as_deref().ok().and_then(interface_of).map(str::to_owned);
            if let (Some(held), Some(program)) = (held, &process.executable)
                && interfaces.contains(&held.as_str())
            {
                found.push((held, program.clone()));
            }
        }
    }
    if found.is_empty() {
        gaps.add_many("processes that may hold the tunnel", Why::Denied, denied);
    }
    found
}

/// The interface in a TUN descriptor's fdinfo.
fn interface_of(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("iff:")).map(str::trim).filter(|name| !name.is_empty())
}

/// A root name server (a.root-servers.net): anywhere, and no program routes it apart.
const ANYWHERE_4: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 41, 0, 4));
const ANYWHERE_6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30));
/// Most descriptors of one process that are looked at.
const MAX_FILES_PER_PROCESS: usize = 4096;
/// Most descriptors of all.
const MAX_FILES: usize = 262_144;
const MAX_FDINFO_BYTES: usize = 4096;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::sync::Arc;

    use bearing_protocol::fact::{Facts, Interface, Network, Process};

    use super::*;
    use crate::testing::Machine;

    fn route(destination: &str, prefix_length: u8, interface: &str, metric: u32) -> Route {
        Route {
            destination: destination.parse().unwrap(),
            prefix_length,
            gateway: None,
            interface: interface.to_owned(),
            metric,
        }
    }

    #[test]
    fn halves_outweigh_the_default_route() {
        let routes = [
            route("0.0.0.0", 0, "wlan0", 600),
            route("0.0.0.0", 1, "tun0", 50),
            route("128.0.0.0", 1, "tun0", 50),
            route("::", 0, "wlan0", 1024),
            route("::", 0, "eth0", 100),
        ];
        assert_eq!(by_files(&routes, ANYWHERE_4).as_deref(), Some("tun0"));
        assert_eq!(by_files(&routes, ANYWHERE_6).as_deref(), Some("eth0"));
        assert_eq!(by_files(&routes[..1], ANYWHERE_6), None);
    }

    #[test]
    fn the_program_that_holds_the_tunnel_is_named() {
        let machine = Machine::new();
        machine
            .link("/proc/7/fd/3", "/dev/null")
            .link("/proc/7/fd/5", "/dev/net/tun")
            .file("/proc/7/fdinfo/5", "pos:\t0\nflags:\t0104002\nmnt_id:\t25\niff:\ttun0\n")
            .link("/proc/8/fd/5", "/dev/net/tun")
            .file("/proc/8/fdinfo/5", "pos:\t0\niff:\tvnet3\n");
        let process =
            |pid, program: &str| Process { pid, executable: Some(program.to_owned()), ..Process::default() };
        let interface =
            Interface { name: "tun0".to_owned(), kind: InterfaceKind::Tunnel, ..Interface::default() };
        let earlier = Arc::new(Facts {
            processes: vec![
                process(8, "/usr/bin/qemu-system-x86_64"),
                process(7, "/usr/local/Astrill/asproxy"),
            ],
            network: Network { interfaces: vec![interface], ..Network::default() },
            ..Facts::default()
        });
        let context = Context { earlier, ..machine.context() };
        let mut gaps = Gaps::default();
        let ways = ways_out(&context, &[route("0.0.0.0", 0, "tun0", 0)], &mut gaps);
        let [way] = &ways[..] else { panic!("{ways:?}") };
        assert_eq!((way.family, way.interface.as_str()), (4, "tun0"));
        assert_eq!(way.holder.as_deref(), Some("/usr/local/Astrill/asproxy"));
        assert!(gaps.is_empty());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_running_kernel_is_asked() {
        let context = Context { root: crate::root::Root::live(), ..machine_context() };
        let mut gaps = Gaps::default();
        let ways = ways_out(&context, &[], &mut gaps);
        assert!(ways.len() <= 2 && gaps.is_empty(), "{ways:?} {}", gaps.describe());
    }

    #[cfg(target_os = "linux")]
    fn machine_context() -> Context {
        Machine::new().context()
    }
}
