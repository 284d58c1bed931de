//! logind's session files, and the one value we take from a session's environment.
//!
//! Always: the form is private to systemd ("do not parse"): a field that is not there is left out.

use bearing_protocol::{Timestamp, fact::LoginSession};

use crate::assignments::last_value;

/// Longest time zone name that is believed.
const MAX_ZONE_BYTES: usize = 64;

/// Services that open a screen for somebody at another machine, by the beginning of their names.
const SCREEN_SERVICES: [&str; 8] = [
    "xrdp",
    "tigervnc",
    "turbovnc",
    "vncserver",
    "kasmvnc",
    "chrome-remote-desktop",
    "x2go",
    "gnome-remote-desktop",
];

/// One of logind's session files: the session and its leader. `None` for what is no person's session
/// (greeters, background jobs, the user manager).
pub fn parse_session(text: &str) -> Option<(LoginSession, Option<u32>)> {
    let value = |name: &str| last_value(text, name).filter(|value| !value.is_empty());
    let class = value("CLASS").unwrap_or_else(|| "user".to_owned());
    if !class.starts_with("user") {
        return None;
    }
    let service = value("SERVICE");
    let seat = value("SEAT");
    // PAM is not told where a screen's other end is, so logind writes "not remote" for these.
    let screen_elsewhere = seat.is_none()
        && service
            .as_deref()
            .is_some_and(|service| SCREEN_SERVICES.iter().any(|name| service.starts_with(name)));
    let microseconds = value("REALTIME").and_then(|value| value.parse().ok());
    let session = LoginSession {
        user: value("USER")?,
        terminal: value("TTY").or_else(|| value("DISPLAY")),
        seat,
        remote: match value("REMOTE").as_deref() {
            _ if screen_elsewhere => Some(true),
            Some("1" | "yes") => Some(true),
            Some("0" | "no") => Some(false),
            _ => None,
        },
        remote_host: value("REMOTE_HOST"),
        kind: value("TYPE").filter(|kind| kind != "unspecified"),
        service,
        since: microseconds.and_then(|value| Timestamp::from_microsecond(value).ok()),
        time_zone: None,
    };
    Some((session, value("LEADER").and_then(|leader| leader.parse().ok())))
}

/// The value of `TZ` in an environment block.
pub fn zone_in(environment: &[u8]) -> Option<String> {
    let value = environment.split(|b| *b == 0).find_map(|entry| entry.strip_prefix(b"TZ="))?;
    let value = std::str::from_utf8(value).ok()?.trim_start_matches(':');
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_+-<>,.:".contains(c);
    (!value.is_empty() && value.len() <= MAX_ZONE_BYTES && value.chars().all(plain)).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_desktop_session_is_read() {
        let text = "# This is private data. Do not parse.\nUID=1000\nUSER=anna\nACTIVE=1\nSTATE=active\nREMOTE=0\nTYPE=x11\nCLASS=user\nSCOPE=session-c2.scope\nDISPLAY=:10\nSERVICE=xrdp-sesman\nLEADER=4711\nREALTIME=1790000000000000\n";
        let (session, leader) = parse_session(text).unwrap();
        assert_eq!((session.user.as_str(), session.seat, session.remote), ("anna", None, Some(true)));
        assert_eq!(session.service.as_deref(), Some("xrdp-sesman"));
        assert_eq!((session.terminal.as_deref(), leader), (Some(":10"), Some(4711)));
        assert_eq!(session.since, Timestamp::from_second(1_790_000_000).ok());
    }

    #[test]
    fn a_session_at_the_machine_is_not_remote() {
        let session = |text: &str| parse_session(text).unwrap().0.remote;
        assert_eq!(session("USER=anna\nSEAT=seat0\nREMOTE=0\nSERVICE=gdm-password\n"), Some(false));
        assert_eq!(session("USER=anna\nSEAT=seat0\nREMOTE=0\nSERVICE=xrdp-sesman\n"), Some(false));
        assert_eq!(session("USER=anna\nREMOTE=1\nSERVICE=sshd\n"), Some(true));
        assert_eq!(session("USER=anna\nSERVICE=cron\n"), None);
    }

    #[test]
    fn greeters_and_garbage_are_no_sessions() {
        assert_eq!(parse_session("USER=gdm\nCLASS=greeter\n"), None);
        assert_eq!(parse_session("\u{0}\u{1b}[31m"), None);
    }

    #[test]
    fn only_the_zone_is_taken_from_an_environment() {
        assert_eq!(zone_in(b"SECRET=1\0TZ=:Europe/Berlin\0").as_deref(), Some("Europe/Berlin"));
        assert_eq!(zone_in(b"XTZ=Europe/Berlin\0"), None);
        assert_eq!(zone_in(b"TZ=\x1b[31m\0"), None);
        assert_eq!(zone_in(&[b"TZ=".as_slice(), &[b'a'; 100]].concat()), None);
    }
}
