use std::{
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use rustix::{
    io::Errno,
    net::{RecvFlags, netlink::SocketAddrNetlink},
};

use super::netlink::event_socket;
use crate::watch::{DeviceEvent, LOST, WatchError, parse_event};

/// The kernel's device events, as a descriptor that becomes readable.
#[derive(Debug)]
pub struct DeviceWatch {
    socket: OwnedFd,
}

impl DeviceWatch {
    /// Begins to listen. Needs no privilege, but a filter or a namespace may forbid it.
    ///
    /// # Errors
    /// [`WatchError::Open`]: the caller reads devices from time to time instead.
    pub fn open() -> Result<Self, WatchError> {
        Ok(Self { socket: event_socket().map_err(WatchError::Open)? })
    }

    /// Everything the kernel told since the last call, without waiting, so that the descriptor is quiet
    /// afterwards. Only events that matter; of very many the rest is one that says so ([`LOST`]).
    ///
    /// # Errors
    /// [`WatchError::Read`] where the socket is broken.
    pub fn read_events(&self) -> Result<Vec<DeviceEvent>, WatchError> {
        let mut events = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
        for _ in 0..MAX_MESSAGES {
            match rustix::net::recvfrom(&self.socket, &mut buffer[..], RecvFlags::empty()) {
                Ok(((message, _), _, sender)) => {
                    let from_kernel = sender
                        .and_then(|address| SocketAddrNetlink::try_from(address).ok())
                        .is_some_and(|address| address.pid() == 0);
                    if from_kernel {
                        keep(&mut events, parse_event(message).filter(DeviceEvent::matters));
                    }
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(Errno::NOBUFS) => keep(&mut events, Some(lost())),
                Err(error) => return Err(WatchError::Read(error.into())),
            }
        }
        Ok(events)
    }
}

impl AsFd for DeviceWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for DeviceWatch {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn keep(events: &mut Vec<DeviceEvent>, event: Option<DeviceEvent>) {
    match events.len() {
        0..MAX_EVENTS => events.extend(event),
        MAX_EVENTS => events.extend(event.map(|_| lost())),
        _ => {}
    }
}

fn lost() -> DeviceEvent {
    DeviceEvent { action: LOST.to_owned(), ..DeviceEvent::default() }
}

/// Most events told one by one.
const MAX_EVENTS: usize = 256;
/// Most messages read by one call: far more than the socket holds.
const MAX_MESSAGES: usize = 65_536;
/// The kernel's messages are at most 2 KiB (`UEVENT_BUFFER_SIZE`) and their head.
const BUFFER_BYTES: usize = 8192;

#[cfg(test)]
mod tests {
    use rustix::net::{SendFlags, SocketFlags, SocketType, netlink};

    use super::*;

    #[test]
    fn a_flood_is_told_as_one_loss() {
        let mut events = Vec::new();
        for _ in 0..1000 {
            keep(&mut events, Some(DeviceEvent::default()));
        }
        assert_eq!(events.len(), MAX_EVENTS + 1);
        assert_eq!(events.last(), Some(&lost()));
    }

    #[test]
    fn others_than_the_kernel_are_not_believed() {
        let watch = DeviceWatch::open().unwrap();
        let address = SocketAddrNetlink::try_from(rustix::net::getsockname(&watch.socket).unwrap()).unwrap();
        let stranger = rustix::net::socket_with(
            rustix::net::AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::KOBJECT_UEVENT),
        )
        .unwrap();
        let message = b"add@/devices/usb1/1-1\0SUBSYSTEM=usb\0DEVTYPE=usb_device\0";
        assert!(parse_event(message).unwrap().matters());
        let target = SocketAddrNetlink::new(address.pid(), 0);
        match rustix::net::sendto(&stranger, message, SendFlags::empty(), &target) {
            Ok(_) | Err(Errno::PERM) => {}
            Err(error) => panic!("{error}"),
        }
        let heard = watch.read_events().unwrap();
        assert!(heard.iter().all(|event| event.devpath != "/devices/usb1/1-1"), "{heard:?}");
    }
}
