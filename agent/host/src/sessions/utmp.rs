//! utmp(5) records, as glibc writes them.
//!
//! Always: two layouts are known: 384 bytes (32-bit time fields, x86) and 400 bytes (64-bit ones, as on
//! aarch64); a file whose length fits neither is read with the first, its rest left out.

const RECORD_BYTES: usize = 384;
const WIDE_RECORD_BYTES: usize = 400;
const USER_PROCESS: u16 = 7;

/// Somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UtmpRecord {
    /// The session's process.
    pub pid: u32,
    /// Terminal, without `/dev/`.
    pub line: String,
    /// User name.
    pub user: String,
    /// Remote host or display, as the program that wrote it says.
    pub host: String,
    /// Seconds since 1970.
    pub seconds: i64,
}

impl UtmpRecord {
    /// Whether the host names another machine: neither empty nor a display (`:0`) nor a multiplexer.
    pub fn is_remote(&self) -> bool {
        let multiplexer =
            self.host.starts_with("tmux(") || self.host.contains(":S.") || self.host.starts_with("mosh");
        !self.host.is_empty() && !self.host.starts_with(':') && !multiplexer
            || self.host.starts_with("mosh") && self.host.contains("via ")
    }
}

/// Reads a utmp file: records of people, at most `max_records`.
pub fn parse_utmp(bytes: &[u8], max_records: usize) -> Vec<UtmpRecord> {
    let wide = !bytes.len().is_multiple_of(RECORD_BYTES) && bytes.len().is_multiple_of(WIDE_RECORD_BYTES);
    let size = if wide { WIDE_RECORD_BYTES } else { RECORD_BYTES };
    bytes.chunks_exact(size).filter_map(|record| parse_record(record, wide)).take(max_records).collect()
}

fn parse_record(record: &[u8], wide: bool) -> Option<UtmpRecord> {
    let array = |at: usize| record.get(at..at + 4)?.try_into().ok();
    let kind = u16::from_le_bytes([*record.first()?, *record.get(1)?]);
    if kind != USER_PROCESS {
        return None;
    }
    let seconds = if wide {
        i64::from_le_bytes(record.get(344..352)?.try_into().ok()?)
    } else {
        i64::from(i32::from_le_bytes(array(340)?))
    };
    Some(UtmpRecord {
        pid: u32::from_le_bytes(array(4)?),
        line: text(record.get(8..40)?),
        user: text(record.get(44..76)?),
        host: text(record.get(76..332)?),
        seconds,
    })
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field.split(|b| *b == 0).next().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Written by this machine's own glibc (`pututline`), not by hand.
    const CAPTURE: &[u8] = include_bytes!("../../captures/linux-6.18/utmp");

    #[test]
    fn people_are_read_from_a_capture() {
        let read = parse_utmp(CAPTURE, 10);
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].user.as_str(), read[0].line.as_str()), ("anna", "pts/0"));
        assert_eq!((read[0].host.as_str(), read[0].is_remote()), ("198.51.100.7", true));
        assert_eq!(read[0].seconds, 1_790_000_000);
        assert_eq!((read[1].host.as_str(), read[1].is_remote()), (":0", false));
    }

    #[test]
    fn a_cut_file_keeps_its_whole_records() {
        assert_eq!(parse_utmp(&CAPTURE[..CAPTURE.len() - 1], 10).len(), 1);
        assert_eq!(parse_utmp(&[], 10), []);
    }

    #[test]
    fn terminal_multiplexers_are_not_remote() {
        let mut record = parse_utmp(CAPTURE, 10).remove(0);
        for (host, remote) in [("tmux(812).%0", false), (":pts/1:S.0", false), ("laptop.example", true)] {
            host.clone_into(&mut record.host);
            assert_eq!(record.is_remote(), remote, "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1300)) {
            prop_assert!(parse_utmp(&bytes, 2).len() <= 2);
        }
    }
}
