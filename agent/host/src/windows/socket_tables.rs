//! Tables of sockets with their processes, as Windows hands them out.
//!
//! Always: a table that says it has more rows than bytes gives the rows that are there. Facts: `tcpmib.h`, `udpmib.h`
//! (`MIB_TCPROW_OWNER_PID` and its kin): a count, then rows of four-byte words, ports in network order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bearing_protocol::fact::{Protocol, Socket, SocketState};

use crate::little_endian::u32_at;

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "protocol and family")]
pub enum Table {
    Tcp4,
    Tcp6,
    Udp4,
    Udp6,
}

/// Reads a table's rows.
pub fn parse(table: Table, bytes: &[u8]) -> Vec<Socket> {
    let count = u32_at(bytes, 0).and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    let rows = bytes.get(4..).unwrap_or_default();
    let size = match table {
        Table::Tcp4 => 24,
        Table::Tcp6 => 56,
        Table::Udp4 => 12,
        Table::Udp6 => 28,
    };
    rows.chunks_exact(size).take(count.min(MAX_ROWS)).filter_map(|row| socket(table, row)).collect()
}

fn socket(table: Table, row: &[u8]) -> Option<Socket> {
    let port = |at: usize| Some(u16::from_be_bytes([*row.get(at)?, *row.get(at + 1)?]));
    let v4 = |at: usize| Some(IpAddr::V4(Ipv4Addr::from(*row.get(at..)?.first_chunk::<4>()?)));
    let v6 = |at: usize| Some(IpAddr::V6(Ipv6Addr::from(*row.get(at..)?.first_chunk::<16>()?)));
    let (state, local, local_port, remote, pid) = match table {
        Table::Tcp4 => (u32_at(row, 0), v4(4)?, port(8)?, Some((v4(12)?, port(16)?)), u32_at(row, 20)?),
        Table::Tcp6 => (u32_at(row, 48), v6(0)?, port(20)?, Some((v6(24)?, port(44)?)), u32_at(row, 52)?),
        Table::Udp4 => (None, v4(0)?, port(4)?, None, u32_at(row, 8)?),
        Table::Udp6 => (None, v6(0)?, port(20)?, None, u32_at(row, 24)?),
    };
    let state = match state {
        None | Some(LISTEN) => SocketState::Listening,
        Some(ESTABLISHED) => SocketState::Established,
        Some(_) => SocketState::Other,
    };
    let remote = remote.filter(|_| state != SocketState::Listening);
    Some(Socket {
        protocol: if matches!(table, Table::Tcp4 | Table::Tcp6) { Protocol::Tcp } else { Protocol::Udp },
        state,
        local,
        local_port,
        remote: remote.map(|(address, _)| address),
        remote_port: remote.map(|(_, port)| port),
        pids: if pid == 0 { Vec::new() } else { vec![pid] },
        uid: None,
    })
}

/// `MIB_TCP_STATE_LISTEN`, `MIB_TCP_STATE_ESTAB`.
const LISTEN: u32 = 2;
const ESTABLISHED: u32 = 5;
const MAX_ROWS: usize = 100_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(words: &[[u8; 4]]) -> Vec<u8> {
        words.concat()
    }

    #[test]
    fn rows_are_read_with_ports_in_network_order() {
        let bytes = words(&[
            [2, 0, 0, 0],
            [2, 0, 0, 0],
            [0, 0, 0, 0],
            [0x0d, 0x3d, 0, 0],
            [0, 0, 0, 0],
            [0, 0, 0, 0],
            [0xd2, 4, 0, 0],
            [5, 0, 0, 0],
            [10, 0, 0, 7],
            [0xc0, 0x01, 0, 0],
            [93, 184, 216, 34],
            [0x01, 0xbb, 0, 0],
            [9, 0, 0, 0],
        ]);
        let [listener, connection] = &parse(Table::Tcp4, &bytes)[..] else { panic!() };
        assert_eq!((listener.local_port, listener.state), (3389, SocketState::Listening));
        assert_eq!((listener.remote, listener.pids.as_slice()), (None, &[1234][..]));
        assert_eq!((connection.remote_port, connection.state), (Some(443), SocketState::Established));
        assert_eq!(connection.remote.unwrap().to_string(), "93.184.216.34");
    }

    #[test]
    fn udp_and_the_sixth_version_are_read() {
        let mut six = words(&[[1, 0, 0, 0]]);
        six.extend(Ipv6Addr::LOCALHOST.octets());
        six.extend([0, 0, 0, 0, 0x14, 0xe9, 0, 0, 77, 0, 0, 0]);
        let [socket] = &parse(Table::Udp6, &six)[..] else { panic!() };
        assert_eq!((socket.local_port, socket.pids[0], socket.protocol), (5353, 77, Protocol::Udp));
        assert!(socket.local.is_loopback());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for table in [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Udp6] {
                let _ = parse(table, &bytes);
            }
        }
    }
}
