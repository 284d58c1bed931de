//! Who is signed in, and from where: logind's session files and utmp.
//!
//! Always: `/run/systemd/sessions` is private data of systemd-logind ("do not parse"), read all the same
//! because asking over D-Bus would need a peer; what it does not have is left out, not guessed.

pub mod logind;
pub mod utmp;

use bearing_protocol::{Timestamp, fact::LoginSession};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
};
use logind::{parse_session, zone_in};
use utmp::{UtmpRecord, parse_utmp};

const MAX_SESSIONS: usize = 4_096;
const MAX_SESSION_BYTES: usize = 16 * 1024;
const MAX_UTMP_BYTES: usize = 4 * 1024 * 1024;
const MAX_ENVIRON_BYTES: usize = 256 * 1024;
/// How many of a session's processes are asked for its zone: later ones may have one of their own.
const MAX_FIRST_PROCESSES: usize = 4;
/// logind and utmp write the same sign-in within this time.
const SAME_SIGN_IN_SECONDS: u64 = 10;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<LoginSession>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let mut sessions = Vec::new();
    // logind's ids of the first sessions, in their order.
    let mut ids: Vec<String> = Vec::new();
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
                    Ok(text) => {
                        let Some((mut session, leader)) = parse_session(&text) else { continue };
                        session.time_zone = zone_of(context, id, leader);
                        sessions.push(session);
                        ids.push(id.clone());
                    }
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
                for record in records.into_iter().filter(|record| lives(context, record.pid)) {
                    let id = session_of(context, record.pid);
                    let known = id.and_then(|id| ids.iter().position(|known| known == id));
                    add_record(&mut sessions, record, known);
                }
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

/// Adds what a record tells: to the session it belongs to (`known` by its process, or by user, terminal, host
/// and time), or as one of its own where logind has none.
fn add_record(sessions: &mut Vec<LoginSession>, record: UtmpRecord, known: Option<usize>) {
    let since = Timestamp::from_second(record.seconds).ok();
    let mut session = LoginSession {
        remote: Some(record.is_remote()),
        remote_host: record.is_remote().then(|| record.host.clone()),
        user: record.user,
        terminal: (!record.line.is_empty()).then_some(record.line),
        since,
        ..LoginSession::default()
    };
    let same = |other: &LoginSession| {
        let close = match (other.since, session.since) {
            (Some(a), Some(b)) => a.as_second().abs_diff(b.as_second()) <= SAME_SIGN_IN_SECONDS,
            _ => false,
        };
        let unnamed = other.terminal.is_none() && other.remote_host == session.remote_host && close;
        other.user == session.user && (other.terminal == session.terminal || unnamed)
    };
    match known.or_else(|| sessions.iter().position(same)).and_then(|index| sessions.get_mut(index)) {
        Some(other) => other.terminal = other.terminal.take().or(session.terminal.take()),
        None => sessions.push(session),
    }
}

/// logind's session of a process, by its control group.
fn session_of(context: &Context, pid: u32) -> Option<&str> {
    let process = context.earlier.processes.iter().find(|process| process.pid == pid)?;
    process.session.as_deref()
}

/// Whether a record's process may still be there: utmp keeps records of sessions that crashed.
fn lives(context: &Context, pid: u32) -> bool {
    let processes = &context.earlier.processes;
    processes.is_empty() || processes.iter().any(|process| process.pid == pid)
}

/// `TZ` in the environment of a session's leader or of its first processes (the leader is the service that
/// opened it, the person's shell comes after). Nothing else of it is kept; denied is no gap, because the
/// system's zone is then all there is to say.
fn zone_of(context: &Context, id: &str, leader: Option<u32>) -> Option<String> {
    let processes = &context.earlier.processes;
    let first =
        processes.iter().filter(|process| process.session.as_deref() == Some(id)).map(|process| process.pid);
    leader.into_iter().chain(first.take(MAX_FIRST_PROCESSES)).find_map(|pid| {
        let (bytes, _) = context.root.read_prefix(format!("/proc/{pid}/environ"), MAX_ENVIRON_BYTES).ok()?;
        zone_in(&bytes)
    })
}

#[cfg(test)]
mod tests;
