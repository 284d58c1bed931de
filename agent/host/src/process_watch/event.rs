//! The kernel's process events: `linux/cn_proc.h`, `linux/connector.h`, netlink(7).

/// An event that the watch heeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessEvent {
    /// The kernel's answer to the wish to listen; 0 is yes, else an error number.
    Answer(u32),
    /// A process now runs another program.
    Exec {
        /// The process (the thread group), as seen from the first namespace.
        pid: u32,
    },
}

/// Where an event begins in a message: behind the headers of netlink and of the connector.
pub const EVENT_OFFSET: usize = 16 + 20;
/// `PROC_EVENT_NONE`.
pub const EVENT_NONE: u32 = 0;
/// `PROC_EVENT_EXEC`.
pub const EVENT_EXEC: u32 = 2;
/// `CN_IDX_PROC` and `CN_VAL_PROC`.
pub(super) const CONNECTOR_ID: (u32, u32) = (1, 1);

/// The message that asks the kernel to tell (`PROC_CN_MCAST_LISTEN`).
#[cfg(target_os = "linux")]
pub(crate) fn wish_to_listen() -> Vec<u8> {
    const NLMSG_DONE: u16 = 3;
    const LISTEN: u32 = 1;
    let mut message = Vec::with_capacity(EVENT_OFFSET + 4);
    message.extend((EVENT_OFFSET as u32 + 4).to_ne_bytes());
    message.extend(NLMSG_DONE.to_ne_bytes());
    // Flags, sequence and port of netlink.
    message.extend([0; 10]);
    message.extend(CONNECTOR_ID.0.to_ne_bytes());
    message.extend(CONNECTOR_ID.1.to_ne_bytes());
    // Sequence and acknowledgement of the connector.
    message.extend([0; 8]);
    message.extend(4_u16.to_ne_bytes());
    message.extend([0; 2]);
    message.extend(LISTEN.to_ne_bytes());
    message
}

/// Reads one message of the kernel. `None` where it is another event, or no event.
pub fn parse_event(message: &[u8]) -> Option<ProcessEvent> {
    let number = |offset: usize| Some(u32::from_ne_bytes(message.get(offset..)?.first_chunk().copied()?));
    if (number(16)?, number(20)?) != CONNECTOR_ID {
        return None;
    }
    match number(EVENT_OFFSET)? {
        EVENT_NONE => number(EVENT_OFFSET + 16).map(ProcessEvent::Answer),
        // `process_pid` is the thread's, `process_tgid` the process's.
        EVENT_EXEC => number(EVENT_OFFSET + 20).map(|pid| ProcessEvent::Exec { pid }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(what: u32, data: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; EVENT_OFFSET];
        bytes[16..20].copy_from_slice(&1_u32.to_ne_bytes());
        bytes[20..24].copy_from_slice(&1_u32.to_ne_bytes());
        bytes.extend(what.to_ne_bytes());
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(77_u64.to_ne_bytes());
        bytes.extend(data.iter().flat_map(|word| word.to_ne_bytes()));
        bytes
    }

    #[test]
    fn a_new_program_is_told_by_its_process_and_not_its_thread() {
        assert_eq!(parse_event(&message(2, &[12, 11])), Some(ProcessEvent::Exec { pid: 11 }));
        assert_eq!(parse_event(&message(0, &[1])), Some(ProcessEvent::Answer(1)));
    }

    #[test]
    fn other_events_and_other_senders_are_nothing() {
        assert_eq!(parse_event(&message(1, &[1, 1, 2, 2])), None);
        let mut foreign = message(2, &[12, 11]);
        foreign[16..20].copy_from_slice(&3_u32.to_ne_bytes());
        assert_eq!(parse_event(&foreign), None);
        assert_eq!(parse_event(&message(2, &[12])), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = parse_event(&bytes);
        }
    }
}
