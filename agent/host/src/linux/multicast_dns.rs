//! The socket that hears multicast DNS along with the programs that asked for it.
//!
//! Always: bound to the group's own address, so that no answer meant for another program of this machine is taken from it; the
//! group is not joined (the kernel gives a socket what any socket of the machine joined: `IP_MULTICAST_ALL`, ip(7)); nothing is
//! sent.

use std::{
    io,
    net::{Ipv4Addr, SocketAddrV4, UdpSocket},
    sync::Arc,
    thread,
};

use bearing_protocol::clock::Clock;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};

use crate::{
    heard_names::{Heard, MAX_MESSAGE_BYTES},
    sandbox::{Reads, confine_reader},
};

/// RFC 6762, section 3.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;

/// Starts the thread.
pub(crate) fn start(heard: Heard, clock: Arc<dyn Clock>) -> io::Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &SocketAddrV4::new(GROUP, PORT))?;
    let socket = UdpSocket::from(socket);
    thread::Builder::new().name("heard-names".to_owned()).spawn(move || {
        let _ = confine_reader(Reads::Live);
        let mut buffer = vec![0; MAX_MESSAGE_BYTES];
        loop {
            match socket.recv_from(&mut buffer) {
                Ok((length, sender)) => {
                    let message = buffer.get(..length).unwrap_or_default();
                    heard.message(message, Some(sender.ip()), clock.now());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return heard.end(error.to_string()),
            }
        }
    })?;
    Ok(())
}
