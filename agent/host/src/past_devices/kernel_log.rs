//! Kernel lines in plain logs, as syslog daemons write them.
//!
//! Always: only lines that say they are the kernel's and speak of USB or SCSI; a time without a year is the newest that
//! is not after the file's last change. Any program may write such lines: they are hints.
//! Facts: RFC 3164 section 4.1.2 (`Nov 25 02:10:00`, local time), RFC 5424 section 6.2.3 (rsyslog's newer form).

use bearing_protocol::Timestamp;
use jiff::{SignedDuration, civil::DateTime, tz::TimeZone};

use super::kernel_lines::KernelLine;

/// The kernel's USB and SCSI lines in a log that was last changed at `written`.
pub fn parse(bytes: &[u8], written: Timestamp) -> Vec<KernelLine> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| line.len() <= MAX_LINE_BYTES)
        .filter_map(|line| parse_line(std::str::from_utf8(line).ok()?, written))
        .take(MAX_LINES)
        .collect()
}

fn parse_line(line: &str, written: Timestamp) -> Option<KernelLine> {
    let (at, rest) = time(line, written)?;
    // Host name, then the program: `kernel:`.
    let (_, rest) = rest.trim_start().split_once(' ')?;
    let message = rest.trim_start().strip_prefix("kernel:")?.trim_start();
    let text = match message.strip_prefix('[') {
        Some(stamped) => stamped.split_once("] ")?.1,
        None => message,
    };
    let wanted = text.starts_with("usb ") || text.starts_with("scsi ");
    wanted.then(|| KernelLine { at: Some(at), text: text.to_owned() })
}

/// The time at the beginning, and what follows it.
fn time(line: &str, written: Timestamp) -> Option<(Timestamp, &str)> {
    if line.starts_with(|c: char| c.is_ascii_digit()) {
        let (text, rest) = line.split_once(' ')?;
        return Some((text.parse().ok()?, rest));
    }
    let (month, rest) = line.split_at_checked(3)?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (day, rest) = rest.strip_prefix(' ')?.split_at_checked(2)?;
    let (clock, rest) = rest.strip_prefix(' ')?.split_at_checked(8)?;
    let mut parts = clock.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let day: i8 = day.trim_start().parse().ok()?;
    let month = i8::try_from(month + 1).ok()?;
    let year = written.to_zoned(TimeZone::UTC).year();
    let latest = written.checked_add(SLACK).ok()?;
    let at = [year + 1, year, year - 1, year - 2, year - 3, year - 4].into_iter().find_map(|year| {
        let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
        let at = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
        (at <= latest).then_some(at)
    })?;
    Some((at, rest))
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Local time is ahead of UTC by less than a day.
const SLACK: SignedDuration = SignedDuration::from_hours(15);
const MAX_LINE_BYTES: usize = 4096;
const MAX_LINES: usize = 65_536;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written() -> Timestamp {
        "2026-01-02T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn both_forms_of_time_are_read() {
        let log = "Nov 25 02:10:00 desk kernel: [  123.456789] usb 1-1: USB disconnect, device number 5\n\
            2025-11-25T03:10:01.5+01:00 desk kernel: usb 1-1: USB disconnect, device number 6\n\
            Jan  1 00:00:00 desk kernel: scsi host2: usb-storage 1-1:1.3\n\
            Nov 25 02:10:00 desk kernel: [1.0] audit: something\n\
            Nov 25 02:10:00 desk logger: usb 1-1: USB disconnect, device number 5\n\
            no time at all\n";
        let lines = parse(log.as_bytes(), written());
        let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "usb 1-1: USB disconnect, device number 5",
                "usb 1-1: USB disconnect, device number 6",
                "scsi host2: usb-storage 1-1:1.3",
            ]
        );
        let times: Vec<String> = lines.iter().map(|line| line.at.unwrap().to_string()).collect();
        assert_eq!(times, ["2025-11-25T02:10:00Z", "2025-11-25T02:10:01.5Z", "2026-01-01T00:00:00Z"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = parse(&bytes, written());
        }

        #[test]
        fn any_text_is_survived(text in "[A-Z][a-z]{2} [ 0-9é]{2} .{0,40}") {
            let _ = parse(text.as_bytes(), written());
        }
    }
}
