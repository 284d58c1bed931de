//! Names that other machines on the local network announced to everybody (multicast DNS), heard without asking.
//!
//! Always: nothing is sent and no group is joined: what other programs of this machine asked the kernel for is heard along. Only
//! announcements count, no questions. Names stay in this process, bounded and for a day; where policy does not want them, nothing
//! is kept. Formats: RFC 1035 sections 4.1 and 3.3, RFC 2782 (SRV), RFC 6762 sections 6 and 18, RFC 6763 section 4.

use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use bearing_protocol::{Timestamp, clock::Clock, fact::HeardName};

use crate::{
    gaps::{Gaps, Why},
    memory::Memory,
    reading::{Context, Read, Reading, Unread},
};

mod message;

pub use message::{MAX_MESSAGE_BYTES, MalformedMessage, parse};

/// What was heard. Clones share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    wanted: bool,
    names: VecDeque<(Timestamp, HeardName)>,
    messages: u64,
    malformed: u64,
    ended: Option<String>,
}

/// Begins to listen on a thread of its own, for as long as the process lives; what is heard goes into `memory` and from there into
/// each collection that is given it. The thread sleeps until somebody announces something.
///
/// # Errors
/// Where the system gives no socket or no thread, or names are not heard on it.
pub fn listen(memory: &mut Memory, clock: Arc<dyn Clock>) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let heard = Heard::default();
        crate::linux::multicast_dns::start(heard.clone(), clock)?;
        memory.heard = Some(heard);
        Ok(())
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (memory, clock);
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "names are heard on Linux only"))]
impl Heard {
    /// Whether policy wants names; what was kept is forgotten where it does not.
    pub(crate) fn want(&self, wanted: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.wanted = wanted;
        if !wanted {
            state.names.clear();
        }
    }

    /// Takes in a message that came from `sender`.
    pub(crate) fn message(&self, bytes: &[u8], sender: Option<IpAddr>, now: Timestamp) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.wanted {
            return;
        }
        state.messages += 1;
        let Ok(names) = parse(bytes, sender) else {
            state.malformed += 1;
            return;
        };
        forget_old(&mut state.names, now);
        for name in names {
            state.names.retain(|(_, known)| *known != name);
            if state.names.len() >= MAX_NAMES {
                state.names.pop_front();
            }
            state.names.push_back((now, name));
        }
    }

    /// Says that nothing is heard any more.
    pub(crate) fn end(&self, why: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ended = Some(why);
    }

    fn known(&self, now: Timestamp) -> Read<Vec<HeardName>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget_old(&mut state.names, now);
        let mut gaps = Gaps::default();
        // Each is told once: one broken neighbour must not leave the source in doubt until the next start.
        gaps.add_many("announcements", Why::Malformed, std::mem::take(&mut state.malformed));
        if let Some(why) = &state.ended {
            return Err(Unread::Failed(format!("nothing is heard any more: {why}")));
        }
        let names: Vec<HeardName> = state.names.iter().map(|(_, name)| name.clone()).collect();
        let summary = format!(
            "{} names of the last day, in {} announcements since the start; IPv4 only, and only while another program of this machine listens",
            names.len(),
            state.messages
        );
        Ok(Reading::with_gaps(names, summary, gaps))
    }
}

fn forget_old(names: &mut VecDeque<(Timestamp, HeardName)>, now: Timestamp) {
    while names.front().is_some_and(|(at, _)| now.as_second() - at.as_second() > KEPT_SECONDS) {
        names.pop_front();
    }
}

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<HeardName>> {
    if !context.root.is_live() {
        return Err(Unread::unsupported("a copy of a machine hears nothing"));
    }
    match &context.memory.heard {
        Some(heard) => heard.known(context.now),
        None => Err(Unread::unsupported("heard only by the service, between evaluations")),
    }
}

/// Most names that are kept; the oldest goes first.
const MAX_NAMES: usize = 256;
/// How long a name is kept.
const KEPT_SECONDS: i64 = 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;
    use message::tests::announcement;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_name_is_kept_once_and_for_a_day() {
        let heard = Heard::default();
        heard.want(true);
        let bytes = announcement("pikvm.local", [192, 168, 1, 9]);
        heard.message(&bytes, None, at(0));
        heard.message(&bytes, None, at(60));
        let names = heard.known(at(120)).unwrap().value;
        assert_eq!(names.len(), 1);
        assert_eq!(names[0].name, "pikvm.local");
        assert_eq!(names[0].address, Some("192.168.1.9".parse().unwrap()));
        assert!(heard.known(at(60 + KEPT_SECONDS + 1)).unwrap().value.is_empty());
    }

    #[test]
    fn nothing_is_kept_that_policy_does_not_want() {
        let heard = Heard::default();
        heard.message(&announcement("pikvm.local", [192, 168, 1, 9]), None, at(0));
        assert!(heard.known(at(1)).unwrap().value.is_empty());
        heard.want(true);
        heard.message(&announcement("pikvm.local", [192, 168, 1, 9]), None, at(2));
        heard.want(false);
        assert!(heard.known(at(3)).unwrap().value.is_empty());
    }

    #[test]
    fn a_flood_of_names_keeps_the_newest() {
        let heard = Heard::default();
        heard.want(true);
        for number in 0..=MAX_NAMES {
            heard.message(&announcement(&format!("host-{number}.local"), [10, 0, 0, 1]), None, at(0));
        }
        let names = heard.known(at(1)).unwrap().value;
        assert_eq!(names.len(), MAX_NAMES);
        assert_eq!(names[0].name, "host-1.local");
    }

    #[test]
    fn what_is_no_message_is_counted_and_said() {
        let heard = Heard::default();
        heard.want(true);
        heard.message(b"no\x84 DNS", None, at(0));
        assert_eq!(heard.known(at(1)).unwrap().gaps.describe(), "1 announcements: malformed");
        assert!(heard.known(at(2)).unwrap().gaps.is_empty(), "told once");
    }
}
