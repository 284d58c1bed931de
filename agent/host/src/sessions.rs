//! Who is signed in, and from where: logind's session files and utmp.
//!
//! Always: `/run/systemd/sessions` is private data of systemd-logind ("do not parse"), read all the same
//! because asking over D-Bus would need a peer; what it does not have is left out, not guessed.

pub mod utmp;

use bearing_protocol::{Timestamp, fact::LoginSession};

use crate::{
    assignments::last_value,
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
};
use utmp::{UtmpRecord, parse_utmp};

const MAX_SESSIONS: usize = 4_096;
const MAX_SESSION_BYTES: usize = 16 * 1024;
const MAX_UTMP_BYTES: usize = 4 * 1024 * 1024;
const MAX_ENVIRON_BYTES: usize = 256 * 1024;
/// Longest time zone name that is believed.
const MAX_ZONE_BYTES: usize = 64;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<LoginSession>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let mut sessions = Vec::new();
    let mut sources = Vec::new();
    match root.list_dir("/run/systemd/sessions", MAX_SESSIONS) {
        Ok(listing) => {
            sources.push("logind");
            if listing.truncated {
                gaps.add("sessions", Why::OverLimit);
            }
            // `ID.ref` is a FIFO that keeps a session open.
            for id in listing.names.iter().filter(|name| !name.contains('.')) {
                match root.read_text(format!("/run/systemd/sessions/{id}"), MAX_SESSION_BYTES) {
                    Ok(text) => sessions.extend(parse_session(&text).map(|(session, leader)| LoginSession {
                        time_zone: leader.and_then(|pid| zone_of(context, pid)),
                        ..session
                    })),
                    Err(error) => gaps.add_error("sessions", &error),
                }
            }
        }
        Err(error) => gaps.add_error("session directories", &error),
    }
    for path in ["/run/utmp", "/var/run/utmp"] {
        match root.read(path, MAX_UTMP_BYTES) {
            Ok(bytes) => {
                sources.push("utmp");
                let records = parse_utmp(&bytes, MAX_SESSIONS);
                let present = records.into_iter().filter(|record| lives(context, record.pid));
                add_records(&mut sessions, present);
                break;
            }
            Err(error) => gaps.add_error("utmp files", &error),
        }
    }
    if sources.is_empty() {
        return Err(if gaps.is_empty() {
            Unread::unsupported("neither logind's session files nor utmp")
        } else {
            Unread::Denied(gaps.describe())
        });
    }
    let remote = sessions.iter().filter(|session| session.remote == Some(true)).count();
    let summary =
        format!("{} sessions, {remote} of them remote, from {}", sessions.len(), sources.join(" and "));
    Ok(Reading::with_gaps(sessions, summary, gaps))
}

/// One of logind's session files: the session and its leader. `None` for what is no person's session
/// (greeters, background jobs, the user manager).
pub fn parse_session(text: &str) -> Option<(LoginSession, Option<u32>)> {
    let value = |name: &str| last_value(text, name).filter(|value| !value.is_empty());
    let class = value("CLASS").unwrap_or_else(|| "user".to_owned());
    if !class.starts_with("user") {
        return None;
    }
    let microseconds = value("REALTIME").and_then(|value| value.parse().ok());
    let session = LoginSession {
        user: value("USER")?,
        terminal: value("TTY").or_else(|| value("DISPLAY")),
        seat: value("SEAT"),
        remote: value("REMOTE").and_then(|remote| match remote.as_str() {
            "1" | "yes" => Some(true),
            "0" | "no" => Some(false),
            _ => None,
        }),
        remote_host: value("REMOTE_HOST"),
        kind: value("TYPE").filter(|kind| kind != "unspecified"),
        service: value("SERVICE"),
        since: microseconds.and_then(|value| Timestamp::from_microsecond(value).ok()),
        time_zone: None,
    };
    Some((session, value("LEADER").and_then(|leader| leader.parse().ok())))
}

/// Adds what utmp knows and logind does not.
fn add_records(sessions: &mut Vec<LoginSession>, records: impl Iterator<Item = UtmpRecord>) {
    let known: Vec<(String, Option<String>)> =
        sessions.iter().map(|session| (session.user.clone(), session.terminal.clone())).collect();
    for record in records {
        let terminal = (!record.line.is_empty()).then(|| record.line.clone());
        if known.iter().any(|(user, line)| *user == record.user && *line == terminal) {
            continue;
        }
        sessions.push(LoginSession {
            remote: Some(record.is_remote()),
            remote_host: record.is_remote().then(|| record.host.clone()),
            user: record.user,
            terminal,
            since: Timestamp::from_second(record.seconds).ok(),
            ..LoginSession::default()
        });
    }
}

/// Whether a record's process may still be there: utmp keeps records of sessions that crashed.
fn lives(context: &Context, pid: u32) -> bool {
    let processes = &context.earlier.processes;
    processes.is_empty() || processes.iter().any(|process| process.pid == pid)
}

/// `TZ` in the environment of a session's leader. Nothing else of it is kept; denied is no gap, because
/// the system's zone is then all there is to say.
fn zone_of(context: &Context, pid: u32) -> Option<String> {
    let (bytes, _) = context.root.read_prefix(format!("/proc/{pid}/environ"), MAX_ENVIRON_BYTES).ok()?;
    zone_in(&bytes)
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
        assert_eq!((session.user.as_str(), session.seat, session.remote), ("anna", None, Some(false)));
        assert_eq!(session.service.as_deref(), Some("xrdp-sesman"));
        assert_eq!((session.terminal.as_deref(), leader), (Some(":10"), Some(4711)));
        assert_eq!(session.since, Timestamp::from_second(1_790_000_000).ok());
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

    #[test]
    fn utmp_adds_only_what_logind_lacks() {
        let mut sessions = vec![LoginSession {
            user: "anna".to_owned(),
            terminal: Some("pts/0".to_owned()),
            ..LoginSession::default()
        }];
        let record = |line: &str| UtmpRecord {
            pid: 1,
            line: line.to_owned(),
            user: "anna".to_owned(),
            host: "198.51.100.7".to_owned(),
            seconds: 0,
        };
        add_records(&mut sessions, [record("pts/0"), record("pts/1")].into_iter());
        assert_eq!(sessions.len(), 2);
        assert_eq!(sessions[1].remote, Some(true));
    }
}
