//! Sockets, adapters, routes and neighbours of a live Windows.

#![expect(unsafe_code, reason = "no crate in use wraps these tables")]

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ptr::{null, null_mut},
};

use bearing_protocol::fact::{Gateway, Interface, Neighbour, Route, Socket};
use windows_sys::Win32::{
    Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_INSUFFICIENT_BUFFER, ERROR_SUCCESS},
    NetworkManagement::{
        IpHelper::{
            FreeMibTable, GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses,
            GetExtendedTcpTable, GetExtendedUdpTable, GetIpForwardTable2, GetIpNetTable2,
            IP_ADAPTER_ADDRESSES_LH, MIB_IPFORWARD_TABLE2, MIB_IPNET_TABLE2, TCP_TABLE_OWNER_PID_ALL,
            UDP_TABLE_OWNER_PID,
        },
        Ndis::IfOperStatusUp,
    },
    Networking::WinSock::{
        AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR, SOCKADDR_IN, SOCKADDR_IN6, SOCKADDR_INET, SOCKET_ADDRESS,
    },
};

use super::text::copied;
use crate::{
    gaps::{Gaps, Why},
    reading::{Read, Reading, Unread},
    windows::{
        network::{self, Adapter, NeighbourRow, RouteRow},
        socket_tables::{Table, parse},
    },
};

/// Listening and connected sockets.
pub(super) fn sockets() -> Read<Vec<Socket>> {
    let mut gaps = Gaps::default();
    let mut sockets = Vec::new();
    for table in [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Udp6] {
        match fetch(table) {
            Some(bytes) => sockets.extend(parse(table, &bytes)),
            None => gaps.add("tables of sockets", Why::Failed),
        }
    }
    if gaps.count("tables of sockets", Why::Failed) == 4 {
        return Err(Unread::Failed("the system hands out no table of sockets".to_owned()));
    }
    let summary = format!("{} sockets", sockets.len());
    Ok(Reading::with_gaps(sockets, summary, gaps))
}

fn fetch(table: Table) -> Option<Vec<u8>> {
    let mut size = FIRST_BYTES;
    for _ in 0..MAX_TRIES {
        let mut bytes = vec![0; usize::try_from(size).ok()?.min(MAX_BYTES)];
        size = u32::try_from(bytes.len()).ok()?;
        let family = match table {
            Table::Tcp4 | Table::Udp4 => AF_INET,
            Table::Tcp6 | Table::Udp6 => AF_INET6,
        };
        let at = bytes.as_mut_ptr().cast();
        // SAFETY: the buffer outlives the call and its length is passed with it.
        let error = unsafe {
            match table {
                Table::Tcp4 | Table::Tcp6 => {
                    GetExtendedTcpTable(at, &raw mut size, 0, u32::from(family), TCP_TABLE_OWNER_PID_ALL, 0)
                }
                Table::Udp4 | Table::Udp6 => {
                    GetExtendedUdpTable(at, &raw mut size, 0, u32::from(family), UDP_TABLE_OWNER_PID, 0)
                }
            }
        };
        match error {
            ERROR_SUCCESS => return Some(bytes),
            // It grew meanwhile.
            ERROR_INSUFFICIENT_BUFFER => size = size.saturating_add(FIRST_BYTES),
            _ => return None,
        }
    }
    None
}

/// Adapters with their addresses and name servers.
fn adapters() -> Result<Vec<Adapter>, Unread> {
    let mut size = FIRST_BYTES;
    for _ in 0..MAX_TRIES {
        let words = usize::try_from(size).unwrap_or(MAX_BYTES).min(MAX_BYTES).div_ceil(8);
        // Words of eight bytes, so that the structures in it lie as they must.
        let mut buffer = vec![0_u64; words];
        size = u32::try_from(words * 8).unwrap_or(u32::MAX);
        let first = buffer.as_mut_ptr().cast::<IP_ADAPTER_ADDRESSES_LH>();
        let flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST;
        // SAFETY: the buffer outlives the call and its length is passed with it.
        let error =
            unsafe { GetAdaptersAddresses(u32::from(AF_UNSPEC), flags, null(), first, &raw mut size) };
        match error {
            // SAFETY: the call laid a list of structures into the buffer, which lives to the end of this block.
            ERROR_SUCCESS => return Ok(unsafe { list(first) }),
            ERROR_BUFFER_OVERFLOW => size = size.saturating_add(FIRST_BYTES),
            other => return Err(Unread::Failed(format!("the system lists no adapters: error {other}"))),
        }
    }
    Err(Unread::Failed("the list of adapters grows faster than it is read".to_owned()))
}

/// # Safety
/// `first` is null or begins a list as `GetAdaptersAddresses` lays it, which outlives the call.
unsafe fn list(first: *const IP_ADAPTER_ADDRESSES_LH) -> Vec<Adapter> {
    let mut out = Vec::new();
    let mut at = first;
    while !at.is_null() && out.len() < MAX_ADAPTERS {
        // SAFETY: see above; `Next` is null or the next structure.
        let adapter = unsafe { &*at };
        let length = usize::try_from(adapter.PhysicalAddressLength).unwrap_or_default().min(8);
        let mut found = Adapter {
            // SAFETY: the member that holds the index is always set.
            index: unsafe { adapter.Anonymous1.Anonymous.IfIndex },
            index6: adapter.Ipv6IfIndex,
            // SAFETY: both texts end with a zero.
            name: unsafe { copied(adapter.FriendlyName) },
            // SAFETY: as above.
            description: unsafe { copied(adapter.Description) },
            kind: adapter.IfType,
            up: adapter.OperStatus == IfOperStatusUp,
            mac: adapter.PhysicalAddress.get(..length).unwrap_or_default().to_vec(),
            mtu: Some(adapter.Mtu),
            ..Adapter::default()
        };
        let mut address = adapter.FirstUnicastAddress;
        while !address.is_null() && found.addresses.len() < MAX_ADDRESSES {
            // SAFETY: the list lies in the same buffer.
            unsafe {
                found.addresses.extend(ip_of(&(*address).Address));
                address = (*address).Next;
            }
        }
        let mut server = adapter.FirstDnsServerAddress;
        while !server.is_null() && found.dns_servers.len() < MAX_ADDRESSES {
            // SAFETY: the list lies in the same buffer.
            unsafe {
                found.dns_servers.extend(ip_of(&(*server).Address));
                server = (*server).Next;
            }
        }
        out.push(found);
        at = adapter.Next;
    }
    out
}

/// # Safety
/// The address points to as many bytes as it says.
unsafe fn ip_of(address: &SOCKET_ADDRESS) -> Option<IpAddr> {
    let at: *const SOCKADDR = address.lpSockaddr;
    let length = usize::try_from(address.iSockaddrLength).ok()?;
    if at.is_null() || length < size_of::<SOCKADDR_IN>() {
        return None;
    }
    // SAFETY: the family is in the first two bytes, and the length was checked for what it stands for.
    unsafe {
        match (*at).sa_family {
            AF_INET => Some(v4(&*at.cast::<SOCKADDR_IN>())),
            AF_INET6 if length >= size_of::<SOCKADDR_IN6>() => Some(v6(&*at.cast::<SOCKADDR_IN6>())),
            _ => None,
        }
    }
}

fn v4(address: &SOCKADDR_IN) -> IpAddr {
    // SAFETY: every member of the union is four bytes of any value.
    IpAddr::V4(Ipv4Addr::from(unsafe { address.sin_addr.S_un.S_addr }.to_ne_bytes()))
}

fn v6(address: &SOCKADDR_IN6) -> IpAddr {
    // SAFETY: every member of the union is sixteen bytes of any value.
    IpAddr::V6(Ipv6Addr::from(unsafe { address.sin6_addr.u.Byte }))
}

fn inet(address: &SOCKADDR_INET) -> Option<IpAddr> {
    // SAFETY: the family, which every member begins with, says which member is set.
    unsafe {
        match address.si_family {
            AF_INET => Some(v4(&address.Ipv4)),
            AF_INET6 => Some(v6(&address.Ipv6)),
            _ => None,
        }
    }
}

fn neighbour_rows() -> Result<Vec<NeighbourRow>, Unread> {
    let mut table = null_mut::<MIB_IPNET_TABLE2>();
    // SAFETY: the system allocates what `table` will point to.
    let error = unsafe { GetIpNetTable2(AF_UNSPEC, &raw mut table) };
    if error != ERROR_SUCCESS || table.is_null() {
        return Err(Unread::unsupported(format!("the system hands out no neighbours: error {error}")));
    }
    // SAFETY: the call filled `NumEntries` rows from `Table` on.
    let rows = unsafe {
        let count = usize::try_from((*table).NumEntries).unwrap_or_default().min(MAX_ROWS);
        std::slice::from_raw_parts(
            (&raw const (*table).Table)
                .cast::<windows_sys::Win32::NetworkManagement::IpHelper::MIB_IPNET_ROW2>(),
            count,
        )
    };
    let found = rows
        .iter()
        .filter_map(|row| {
            let length = usize::try_from(row.PhysicalAddressLength).unwrap_or_default().min(32);
            let mac = row.PhysicalAddress.get(..length).unwrap_or_default().to_vec();
            Some(NeighbourRow { address: inet(&row.Address)?, mac, index: row.InterfaceIndex })
        })
        .collect();
    // SAFETY: allocated by the call above, freed once; nothing of it is used any more.
    unsafe { FreeMibTable(table.cast()) };
    Ok(found)
}

fn route_rows() -> Result<Vec<RouteRow>, Unread> {
    let mut table = null_mut::<MIB_IPFORWARD_TABLE2>();
    // SAFETY: the system allocates what `table` will point to.
    let error = unsafe { GetIpForwardTable2(AF_UNSPEC, &raw mut table) };
    if error != ERROR_SUCCESS || table.is_null() {
        return Err(Unread::unsupported(format!("the system hands out no routes: error {error}")));
    }
    // SAFETY: the call filled `NumEntries` rows from `Table` on.
    let rows = unsafe {
        let count = usize::try_from((*table).NumEntries).unwrap_or_default().min(MAX_ROWS);
        std::slice::from_raw_parts(
            (&raw const (*table).Table)
                .cast::<windows_sys::Win32::NetworkManagement::IpHelper::MIB_IPFORWARD_ROW2>(),
            count,
        )
    };
    let found = rows
        .iter()
        .filter_map(|row| {
            Some(RouteRow {
                destination: inet(&row.DestinationPrefix.Prefix)?,
                prefix_length: row.DestinationPrefix.PrefixLength,
                next_hop: inet(&row.NextHop)?,
                index: row.InterfaceIndex,
                metric: row.Metric,
                loopback: row.Loopback,
            })
        })
        .collect();
    // SAFETY: allocated by the call above, freed once; nothing of it is used any more.
    unsafe { FreeMibTable(table.cast()) };
    Ok(found)
}

/// Adapters as interfaces.
pub(super) fn interfaces() -> Read<Vec<Interface>> {
    let interfaces = network::interfaces(&adapters()?);
    let summary = format!("{} adapters", interfaces.len());
    Ok(Reading::new(interfaces, summary))
}

/// Routes and gateways.
pub(super) fn routes() -> Read<(Vec<Route>, Vec<Gateway>)> {
    let adapters = adapters()?;
    let mut gaps = Gaps::default();
    let neighbours = neighbour_rows().unwrap_or_else(|unread| {
        gaps.note(format!("gateways without hardware address: {unread}"));
        Vec::new()
    });
    let found = network::routes(&route_rows()?, &neighbours, &adapters);
    let summary = format!("{} routes, {} gateways", found.0.len(), found.1.len());
    Ok(Reading::with_gaps(found, summary, gaps))
}

/// Neighbours that the system already knows.
pub(super) fn neighbours() -> Read<Vec<Neighbour>> {
    let neighbours = network::neighbours(&neighbour_rows()?, &adapters()?);
    let summary = format!("{} neighbours", neighbours.len());
    Ok(Reading::new(neighbours, summary))
}

/// Name servers.
pub(super) fn dns() -> Read<Vec<IpAddr>> {
    let servers = network::dns_servers(&adapters()?);
    let summary = format!("{} name servers", servers.len());
    Ok(Reading::new(servers, summary))
}

const FIRST_BYTES: u32 = 64 * 1024;
const MAX_BYTES: usize = 16 * 1024 * 1024;
const MAX_TRIES: usize = 8;
const MAX_ADAPTERS: usize = 1_000;
const MAX_ADDRESSES: usize = 256;
const MAX_ROWS: usize = 100_000;
