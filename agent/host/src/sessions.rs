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

#[cfg(test)]
mod tests;
