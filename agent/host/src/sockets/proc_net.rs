//! `/proc/net/{tcp,tcp6,udp,udp6}`: proc_net(5), states from include/net/tcp_states.h.
//!
//! Always: addresses are the kernel's 32-bit words in host order, printed as hex; every machine we run on
//! is little-endian, captures included. Sockets in TIME_WAIT belong to nobody any more and are left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bearing_protocol::fact::{Protocol, SocketState};

/// A socket and the inode that ties it to processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetSocket {
    /// Transport.
    pub protocol: Protocol,
    /// State.
    pub state: SocketState,
    /// Local address; IPv4 in IPv6 is shown as IPv4.
    pub local: IpAddr,
    /// Local port.
    pub local_port: u16,
    /// Peer, where there is one.
    pub remote: Option<(IpAddr, u16)>,
    /// Owner's user id.
    pub uid: u32,
    /// Inode; 0 where no process holds it.
    pub inode: u64,
}

/// Sockets of one table, and how many lines were not understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetTable {
    /// In the kernel's order.
    pub sockets: Vec<NetSocket>,
    /// Lines that are no socket.
    pub skipped: u32,
    /// Whether there were more than the limit.
    pub cut: bool,
}

const TIME_WAIT: u8 = 6;

/// Reads one table, at most `max_sockets`.
pub fn parse_proc_net(bytes: &[u8], protocol: Protocol, max_sockets: usize) -> NetTable {
    let text = String::from_utf8_lossy(bytes);
    let mut table = NetTable::default();
    for line in text.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        match parse_line(line, protocol) {
            None => table.skipped = table.skipped.saturating_add(1),
            Some((TIME_WAIT, _)) if protocol == Protocol::Tcp => {}
            Some(_) if table.sockets.len() == max_sockets => {
                table.cut = true;
                break;
            }
            Some((_, socket)) => table.sockets.push(socket),
        }
    }
    table
}

fn parse_line(line: &str, protocol: Protocol) -> Option<(u8, NetSocket)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().take(10).collect();
    let (local, local_port) = parse_endpoint(fields.get(1)?)?;
    let (remote, remote_port) = parse_endpoint(fields.get(2)?)?;
    let code = u8::from_str_radix(fields.get(3)?, 16).ok()?;
    let state = match (protocol, code) {
        (_, 1) => SocketState::Established,
        (Protocol::Tcp, 10) | (Protocol::Udp, 7) => SocketState::Listening,
        _ => SocketState::Other,
    };
    let remote = (remote_port != 0 || !remote.is_unspecified()).then_some((remote, remote_port));
    let uid = fields.get(7)?.parse().ok()?;
    let inode = fields.get(9)?.parse().ok()?;
    Some((code, NetSocket { protocol, state, local, local_port, remote, uid, inode }))
}

/// `0100007F:1F90` or 32 hex digits and a port.
fn parse_endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_le_bytes);
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (index, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(8 * index)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some((address, port))
}

/// The inode in a `/proc/PID/fd` link that is a socket.
pub fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn listeners_and_connections_are_read_from_a_capture() {
        let bytes = include_bytes!("../../captures/linux-6.18/proc_net_tcp");
        let table = parse_proc_net(bytes, Protocol::Tcp, 100);
        assert_eq!((table.skipped, table.cut), (0, false));
        let listener = table.sockets.iter().find(|s| s.local_port == 2024).unwrap();
        assert_eq!(
            (listener.state, listener.local.to_string()),
            (SocketState::Listening, "0.0.0.0".to_owned())
        );
        assert_eq!(listener.remote, None);
        let peer = table.sockets.iter().find(|s| s.state == SocketState::Established).unwrap();
        assert_eq!(peer.local.to_string(), "127.0.0.1");
        assert!(peer.remote.is_some());
    }

    #[test]
    fn ipv6_and_udp_are_read_from_captures() {
        let six = include_bytes!("../../captures/linux-6.18/proc_net_tcp6");
        let table = parse_proc_net(six, Protocol::Tcp, 100);
        assert!(table.sockets.iter().any(|s| s.local.to_string() == "::1" && s.local_port == 8022));
        let udp = include_bytes!("../../captures/linux-6.18/proc_net_udp");
        let table = parse_proc_net(udp, Protocol::Udp, 100);
        assert!(table.sockets.iter().any(|s| s.state == SocketState::Listening && s.local_port == 8053));
    }

    #[test]
    fn mapped_addresses_become_ipv4() {
        assert_eq!(
            parse_endpoint("0000000000000000FFFF00000100007F:0016"),
            Some((IpAddr::from([127, 0, 0, 1]), 22))
        );
    }

    #[test]
    fn limits_and_garbage_are_counted() {
        let line = "0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 0 0 77\n";
        let text = format!("head\n{}garbage\n", line.repeat(3));
        let table = parse_proc_net(text.as_bytes(), Protocol::Tcp, 100);
        assert_eq!((table.sockets.len(), table.skipped), (3, 1));
        assert!(parse_proc_net(text.as_bytes(), Protocol::Tcp, 2).cut);
    }

    #[test]
    fn only_socket_links_have_inodes() {
        assert_eq!(socket_inode("socket:[643]"), Some(643));
        assert_eq!(socket_inode("pipe:[643]"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "[0-9A-F: é\n]{0,300}") {
            let _ = parse_proc_net(&bytes, Protocol::Udp, 10);
            let _ = parse_proc_net(text.as_bytes(), Protocol::Tcp, 10);
        }
    }
}
