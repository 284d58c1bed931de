//! Telling the service manager how we are: sd_notify(3), sd_watchdog_enabled(3).
//!
//! Always: a manager that does not listen is no error of ours; nothing is sent but the states below.

use std::{ffi::OsString, io, time::Duration};

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// Started.
    Ready,
    /// Still alive.
    Watchdog,
    /// About to end.
    Stopping,
    /// One line for `systemctl status`.
    Status(&'a str),
}

impl State<'_> {
    fn message(&self) -> String {
        match self {
            Self::Ready => "READY=1".to_owned(),
            Self::Watchdog => "WATCHDOG=1".to_owned(),
            Self::Stopping => "STOPPING=1".to_owned(),
            Self::Status(text) => {
                format!("STATUS={}", bearing_protocol::text::printable(text, MAX_STATUS_CHARS))
            }
        }
    }
}

/// The service manager could not be told.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell the service manager; is the socket of NOTIFY_SOCKET still there?")]
pub struct NotifyError(#[source] io::Error);

/// The way to the service manager.
#[derive(Debug)]
pub struct Notifier {
    #[cfg(unix)]
    to: Option<(std::os::unix::net::UnixDatagram, std::os::unix::net::SocketAddr)>,
}

impl Notifier {
    /// Opens the way that `NOTIFY_SOCKET` (its value is passed in) names: a path, or a name in the abstract
    /// namespace after `@`. `None` is a manager that does not listen.
    ///
    /// # Errors
    /// Where the value is no address of a socket.
    #[cfg(unix)]
    pub fn open(notify_socket: Option<OsString>) -> Result<Self, NotifyError> {
        use std::os::unix::net::UnixDatagram;
        let Some(name) = notify_socket.filter(|name| !name.is_empty()) else { return Ok(Self { to: None }) };
        let address = address(&name).map_err(NotifyError)?;
        let socket = UnixDatagram::unbound().map_err(NotifyError)?;
        socket.set_nonblocking(true).map_err(NotifyError)?;
        Ok(Self { to: Some((socket, address)) })
    }

    /// No service manager of this kind on this system.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    pub fn open(_notify_socket: Option<OsString>) -> Result<Self, NotifyError> {
        Ok(Self {})
    }

    /// Tells a state. Never waits.
    ///
    /// # Errors
    /// Where the manager's socket is gone or full.
    pub fn tell(&self, state: &State<'_>) -> Result<(), NotifyError> {
        let message = state.message();
        #[cfg(windows)]
        if *state == State::Ready {
            crate::windows::service::ready();
        }
        #[cfg(unix)]
        if let Some((socket, address)) = &self.to {
            socket.send_to_addr(message.as_bytes(), address).map_err(NotifyError)?;
        }
        let _ = message;
        Ok(())
    }
}

#[cfg(unix)]
fn address(name: &std::ffi::OsStr) -> io::Result<std::os::unix::net::SocketAddr> {
    use std::os::unix::{ffi::OsStrExt as _, net::SocketAddr};
    match name.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a path nor an abstract name")),
    }
}

/// How often to tell [`State::Watchdog`]: half of what `WATCHDOG_USEC` allows, so that one late call is no
/// failure. `None` where no watchdog is set, or it is meant for another process (`WATCHDOG_PID`).
pub fn watchdog_interval(
    watchdog_usec: Option<&str>,
    watchdog_pid: Option<&str>,
    own_pid: u32,
) -> Option<Duration> {
    if watchdog_pid.is_some_and(|pid| pid.parse() != Ok(own_pid)) {
        return None;
    }
    let micros: u64 = watchdog_usec?.parse().ok().filter(|micros| *micros > 0)?;
    Some(Duration::from_micros(micros / 2))
}

/// Longest status line.
const MAX_STATUS_CHARS: usize = 256;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram},
    };

    use super::*;

    fn received(manager: &UnixDatagram) -> String {
        let mut buffer = [0; 512];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn states_reach_a_manager_at_a_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::open(Some(path.into())).unwrap();
        notifier.tell(&State::Ready).unwrap();
        notifier.tell(&State::Status("sent\nREADY=0")).unwrap();
        assert_eq!(received(&manager), "READY=1");
        assert_eq!(received(&manager), "STATUS=sent\\u{a}READY=0", "one line, whatever it holds");
    }

    #[test]
    fn states_reach_a_manager_with_an_abstract_name() {
        let name = format!("bearing-test-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let notifier = Notifier::open(Some(format!("@{name}").into())).unwrap();
        notifier.tell(&State::Watchdog).unwrap();
        notifier.tell(&State::Stopping).unwrap();
        assert_eq!(
            (received(&manager), received(&manager)),
            ("WATCHDOG=1".to_owned(), "STOPPING=1".to_owned())
        );
        drop(manager);
        assert!(notifier.tell(&State::Watchdog).is_err(), "a manager that is gone");
    }

    #[test]
    fn no_manager_is_no_error_and_nonsense_is() {
        assert!(Notifier::open(None).unwrap().tell(&State::Ready).is_ok());
        assert!(Notifier::open(Some("vsock:2:1234".into())).is_err());
    }

    #[test]
    fn the_watchdog_is_told_twice_as_often() {
        assert_eq!(watchdog_interval(Some("30000000"), Some("7"), 7), Some(Duration::from_secs(15)));
        assert_eq!(watchdog_interval(Some("30000000"), Some("8"), 7), None);
        assert_eq!(watchdog_interval(Some("0"), None, 7), None);
        assert_eq!(watchdog_interval(Some("soon"), None, 7), None);
        assert_eq!(watchdog_interval(None, None, 7), None);
    }
}
