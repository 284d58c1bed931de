//! Asking the kernel's routing tables. netlink(7), rtnetlink(7).

use std::{io, mem::MaybeUninit, net::IpAddr, time::Duration};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType,
        netlink::{self, SocketAddrNetlink},
        sockopt::{Timeout, set_socket_timeout},
    },
};

use crate::rtnetlink::{Batch, dump_request, is_dump, parse_batch, parse_route, route_request};

/// Everything the kernel answers to a dump of `kind` (`RTM_GET…`) for one address family: messages of the
/// routing family, as they came.
pub(crate) fn dump(kind: u16, family: u8) -> io::Result<Vec<Vec<u8>>> {
    // NETLINK_ROUTE is protocol 0
    exchange(None, &dump_request(kind, family))
}

/// The interface by which a packet to `address` would leave; `None` where there is no way.
pub(crate) fn way_to(address: IpAddr) -> io::Result<Option<u32>> {
    match exchange(None, &route_request(address)) {
        Ok(answers) => Ok(answers.iter().find_map(|answer| parse_route(answer))),
        Err(error) => match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::AFNOSUPPORT | Errno::OPNOTSUPP) => Ok(None),
            // A policy rule that blackholes, rejects or forbids.
            Some(Errno::INVAL | Errno::ACCESS) => Ok(None),
            _ => Err(error),
        },
    }
}

/// What the kernel's generic family answers.
pub(crate) fn ask_generic(request: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    exchange(Some(netlink::GENERIC), request)
}

fn exchange(protocol: Option<Protocol>, request: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
    let ends_by_itself = is_dump(request);
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    rustix::net::sendto(&socket, request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut buffer = vec![MaybeUninit::uninit(); BUFFER_BYTES];
    let mut messages = Vec::new();
    let mut total = 0;
    loop {
        let ((bytes, _), length, sender) = rustix::net::recvfrom(&socket, &mut buffer[..], RecvFlags::TRUNC)?;
        let from_kernel = sender
            .and_then(|address| SocketAddrNetlink::try_from(address).ok())
            .is_some_and(|address| address.pid() == 0);
        if !from_kernel {
            continue;
        }
        total += length;
        if length > bytes.len() || total > MAX_TOTAL_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        match parse_batch(bytes) {
            Batch::More(more) => {
                messages.extend(more.into_iter().map(<[u8]>::to_vec));
                if !ends_by_itself {
                    return Ok(messages);
                }
            }
            Batch::Last(last) => {
                messages.extend(last.into_iter().map(<[u8]>::to_vec));
                return Ok(messages);
            }
            Batch::Failed(errno) => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

/// How the kernel is opened to for device events; here so that all sockets of this family are made in one place.
pub(crate) fn event_socket() -> io::Result<std::os::fd::OwnedFd> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        Some(netlink::KOBJECT_UEVENT),
    )?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, KERNEL_EVENTS))?;
    Ok(socket)
}

/// The kernel's own group; udev's is 2.
const KERNEL_EVENTS: u32 = 1;
/// The kernel answers at once; a limit in case it does not.
const PATIENCE: Duration = Duration::from_secs(2);
/// The kernel fills at most 32 KiB per answer.
const BUFFER_BYTES: usize = 64 * 1024;
/// Most bytes of one dump.
const MAX_TOTAL_BYTES: usize = 4 * 1024 * 1024;
