//! The kernel's least round trip of one connection. sock_diag(7), tcp(7) `TCP_INFO`.
//!
//! Always: asked by the connection's addresses, so no descriptor is kept; an answer that is cut, foreign or missing is no
//! round trip. Linux alone has it; elsewhere nothing is measured.

use std::net::{IpAddr, SocketAddr};

/// NETLINK_SOCK_DIAG request for one socket: `SOCK_DIAG_BY_FAMILY`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
/// `INET_DIAG_INFO`, as an attribute and as the bit that asks for it.
const INET_DIAG_INFO: u16 = 2;
const ASK_INFO: u8 = 1 << (INET_DIAG_INFO - 1);
const HEADER_BYTES: usize = 16;
/// `struct inet_diag_msg`.
const MESSAGE_BYTES: usize = 72;
/// Where `tcpi_min_rtt` stands in `struct tcp_info`.
const MIN_RTT_AT: usize = 148;

/// The least round trip of a connection in microseconds, where the kernel says.
pub(crate) fn least_round_trip_us(local: SocketAddr, peer: SocketAddr) -> Option<u32> {
    least_round_trip(&exchange(&request(local, peer)?)?)
}

/// `struct inet_diag_req_v2` with its header. `None` for addresses of two families.
fn request(local: SocketAddr, peer: SocketAddr) -> Option<Vec<u8>> {
    let address = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => {
            let mut bytes = [0; 16];
            bytes.iter_mut().zip(v4.octets()).for_each(|(to, from)| *to = from);
            bytes
        }
        IpAddr::V6(v6) => v6.octets(),
    };
    if local.is_ipv4() != peer.is_ipv4() {
        return None;
    }
    let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
    let mut body = vec![family, IPPROTO_TCP, ASK_INFO, 0];
    body.extend(u32::MAX.to_ne_bytes()); // any state
    body.extend(local.port().to_be_bytes());
    body.extend(peer.port().to_be_bytes());
    body.extend(address(local.ip()));
    body.extend(address(peer.ip()));
    body.extend(0_u32.to_ne_bytes()); // any interface
    body.extend([0xff; 8]); // no cookie
    let mut request = Vec::with_capacity(HEADER_BYTES + body.len());
    request.extend(u32::try_from(HEADER_BYTES + body.len()).ok()?.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(NLM_F_REQUEST.to_ne_bytes());
    request.extend([0; 8]); // sequence, port
    request.extend(body);
    Some(request)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// `tcpi_min_rtt` of an answer.
fn least_round_trip(answer: &[u8]) -> Option<u32> {
    if u16_at(answer, 4)? != SOCK_DIAG_BY_FAMILY {
        return None;
    }
    let length = usize::try_from(u32_at(answer, 0)?).ok()?;
    let mut rest = answer.get(..length)?.get(HEADER_BYTES + MESSAGE_BYTES..)?;
    loop {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)?;
        if length < 4 {
            return None;
        }
        let attribute = rest.get(4..length)?;
        if kind == INET_DIAG_INFO {
            return u32_at(attribute, MIN_RTT_AT).filter(|us| *us > 0 && *us < u32::MAX);
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(target_os = "linux")]
fn exchange(request: &[u8]) -> Option<Vec<u8>> {
    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType,
        netlink::{self, SocketAddrNetlink},
        recv, sendto, socket_with,
    };
    const ANSWER_BYTES: usize = 8 * 1024;
    // The kernel answers before `sendto` returns: nothing here waits.
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(netlink::SOCK_DIAG)).ok()?;
    sendto(&socket, request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).ok()?;
    let mut answer = vec![0; ANSWER_BYTES];
    let (length, _) = recv(&socket, &mut answer, RecvFlags::empty()).ok()?;
    answer.truncate(length);
    Some(answer)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_request: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[test]
    #[cfg_attr(not(target_os = "linux"), ignore = "Linux alone has it")]
    fn the_kernel_says_how_far_a_peer_is() {
        for listen in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(listen) else { continue };
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mut server, peer) = listener.accept().unwrap();
            for _ in 0..2 {
                server.write_all(b"x").unwrap();
                client.read_exact(&mut [0]).unwrap();
                client.write_all(b"y").unwrap();
                server.read_exact(&mut [0]).unwrap();
            }
            let us = least_round_trip_us(server.local_addr().unwrap(), peer).unwrap();
            assert!(us < 1_000_000, "{us}");
            let nobody = SocketAddr::new(peer.ip(), 1);
            assert_eq!(least_round_trip_us(server.local_addr().unwrap(), nobody), None);
        }
    }

    #[test]
    fn a_cut_answer_is_no_round_trip() {
        let mut answer = vec![0; HEADER_BYTES + MESSAGE_BYTES];
        answer[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        let mut info = vec![0; 4 + 200];
        info[..2].copy_from_slice(&204_u16.to_ne_bytes());
        info[2..4].copy_from_slice(&INET_DIAG_INFO.to_ne_bytes());
        info[4 + MIN_RTT_AT..][..4].copy_from_slice(&1_234_u32.to_ne_bytes());
        answer.extend(info);
        let length = u32::try_from(answer.len()).unwrap();
        answer[..4].copy_from_slice(&length.to_ne_bytes());
        assert_eq!(least_round_trip(&answer), Some(1_234));
        for cut in 0..answer.len() {
            assert_eq!(least_round_trip(&answer[..cut]), None, "{cut}");
        }
        answer[HEADER_BYTES + MESSAGE_BYTES] = 0;
        answer[HEADER_BYTES + MESSAGE_BYTES + 1] = 0;
        assert_eq!(least_round_trip(&answer), None, "an attribute of no length ends it");
    }
}
