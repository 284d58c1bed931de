//! Hearing of programs that start: the process connector. `linux/cn_proc.h`, `drivers/connector/cn_proc.c`,
//! socket(7) (`SO_ATTACH_FILTER`).
//!
//! Always: only the kernel is believed; only starts of programs wake us, as a filter in the kernel holds back
//! forks, threads and ends. Kernels before 6.6 ask for `CAP_NET_ADMIN`; in a container none tells anything.

use std::{
    collections::BTreeSet,
    io,
    mem::MaybeUninit,
    os::fd::{AsRawFd as _, OwnedFd},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType,
        netlink::{self, SocketAddrNetlink},
    },
};

use crate::process_watch::{ProcessEvent, parse_event, wish_to_listen};

/// The kernel's process events, as a descriptor that becomes readable.
pub(crate) struct Events {
    socket: OwnedFd,
}

/// What was heard since the last time.
pub(crate) struct Heard {
    /// Processes that run another program now.
    pub(crate) pids: BTreeSet<u32>,
    /// Whether there was more than the kernel could keep.
    pub(crate) overrun: bool,
}

impl Events {
    /// Begins to listen. The reason in words where that is not possible.
    pub(crate) fn open() -> Result<Self, String> {
        let refused = |error: io::Error| format!("the kernel's process events cannot be heard ({error})");
        let events = Self { socket: event_socket().map_err(refused)? };
        events.listen().map_err(refused)?;
        // It answers at once, or, in a container, never.
        if !events.wait(Some(PATIENCE))? {
            return Err("the kernel tells no process events here (a container)".to_owned());
        }
        let mut answer = None;
        events.receive(|event| {
            if let ProcessEvent::Answer(error) = event {
                answer = Some(error);
            }
        })?;
        match answer {
            Some(0) => Ok(events),
            Some(error) => {
                let error = io::Error::from_raw_os_error(i32::try_from(error).unwrap_or_default());
                Err(refused(error))
            }
            None => Err("the kernel did not answer the wish for process events".to_owned()),
        }
    }

    fn listen(&self) -> io::Result<()> {
        let kernel = SocketAddrNetlink::new(0, 0);
        rustix::net::sendto(&self.socket, &wish_to_listen(), SendFlags::empty(), &kernel)?;
        Ok(())
    }

    /// Sleeps until there is something to hear, or `limit` passed. Whether there is.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> Result<bool, String> {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut descriptors = [PollFd::new(&self.socket, PollFlags::IN)];
        match poll(&mut descriptors, limit.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(format!("the kernel's process events ended ({error})")),
        }
    }

    /// Everything that waits, without waiting.
    pub(crate) fn drain(&self) -> Result<Heard, String> {
        let mut pids = BTreeSet::new();
        let overrun = self.receive(|event| {
            if let ProcessEvent::Exec { pid } = event {
                pids.insert(pid);
            }
        })?;
        Ok(Heard { pids, overrun })
    }

    /// Hands over what waits. Whether there was more than the kernel could keep.
    fn receive(&self, mut hear: impl FnMut(ProcessEvent)) -> Result<bool, String> {
        let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
        let mut overrun = false;
        for _ in 0..MAX_MESSAGES {
            match rustix::net::recvfrom(&self.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok(((message, _), _, sender)) => {
                    let from_kernel = sender
                        .and_then(|address| SocketAddrNetlink::try_from(address).ok())
                        .is_some_and(|address| address.pid() == 0);
                    if let Some(event) = from_kernel.then(|| parse_event(message)).flatten() {
                        hear(event);
                    }
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(Errno::NOBUFS) => overrun = true,
                Err(error) => return Err(format!("the kernel's process events ended ({error})")),
            }
        }
        Ok(overrun)
    }
}

fn event_socket() -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        Some(netlink::CONNECTOR),
    )?;
    attach_filter(&socket)?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, PROCESS_EVENTS))?;
    Ok(socket)
}

/// Lets through answers and starts of programs. Numbers are compared as the filter loads them: high byte
/// first.
#[expect(unsafe_code, reason = "no crate in use wraps this option")]
fn attach_filter(socket: &OwnedFd) -> io::Result<()> {
    use crate::process_watch::{EVENT_EXEC, EVENT_NONE, EVENT_OFFSET};
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, EVENT_OFFSET as u32),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, 0, EVENT_EXEC.to_be()),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, EVENT_NONE.to_be()),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    let length = size_of::<libc::sock_fprog>() as libc::socklen_t;
    // SAFETY: program and steps outlive the call, which copies them, and their lengths are passed with them.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            length,
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The group of the process connector (`CN_IDX_PROC`).
const PROCESS_EVENTS: u32 = 1;
/// How long the kernel may take to answer; it does at once.
const PATIENCE: Duration = Duration::from_secs(1);
/// An event has 76 bytes with its heads.
const BUFFER_BYTES: usize = 512;
/// Most messages of one round: more than the socket holds.
const MAX_MESSAGES: usize = 65_536;
