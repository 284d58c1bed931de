//! Windows' log of device installations: `setupapi.dev.log`, and `setupapi.log` of Windows XP.
//!
//! Always: a section without a device's instance or a time is passed over; times are the machine's local time and
//! become UTC only with its bias.
//! Facts: "SetupAPI Text Logs" of the Windows driver documentation.

use bearing_protocol::Timestamp;
use jiff::{SignedDuration, civil::DateTime, tz::TimeZone};

use super::windows::{Node, drive, hid_ids, usb_ids};

/// One device's sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its instance, as the log writes it.
    pub instance: String,
    /// Compatible ids that were searched for.
    pub compatible: Vec<String>,
    /// The first section's start, local time.
    pub first: DateTime,
    /// The last section's start, local time.
    pub last: DateTime,
}

/// What a log held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Devices on USB and drives, each once.
    pub devices: Vec<Logged>,
    /// Devices past the limit.
    pub over_limit: u64,
}

/// Reads a log; `None` where the text is something else.
pub fn parse(text: &str) -> Option<Log> {
    let head = text.trim_start_matches('\u{feff}').trim_start();
    let known = ["[Device Install Log]", "[SetupAPI Log]"];
    if !known.iter().any(|title| head.starts_with(title)) {
        return None;
    }
    let mut reader = Reader::default();
    for line in text.lines().take(MAX_LINES) {
        reader.line(line.trim_end());
    }
    reader.close();
    Some(reader.log)
}

/// The section that is being read.
#[derive(Default)]
struct Reader {
    log: Log,
    instance: Option<String>,
    time: Option<DateTime>,
    compatible: Vec<String>,
    /// The lines that follow name compatible ids, deeper than this column.
    below: Option<usize>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        if let Some(title) = line.strip_prefix(">>>  [") {
            self.close();
            self.instance = title
                .strip_suffix(']')
                .and_then(|title| title.split_once(" - "))
                .map(|(_, instance)| instance.to_owned());
        } else if let Some(time) = line.strip_prefix(">>>  Section start ") {
            self.time = parse_time(time);
        } else if line.starts_with("<<<  Section end") {
            self.close();
        } else if let Some(rest) =
            line.strip_prefix('[').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            // Windows XP: `[2020/03/01 19:00:40 264.1155 Driver Install]`.
            self.close();
            self.time = rest.get(..19).and_then(parse_time);
        } else if line.starts_with('#') {
            self.old_line(line);
        } else if let Some(body) = line.trim_start().strip_prefix("dvi:") {
            let column = body.len() - body.trim_start().len();
            let text = body.trim();
            match self.below {
                Some(limit) if column > limit && text.contains('\\') => self.add_compatible(text),
                _ => self.below = text.starts_with("Searching for compatible ID(s):").then_some(column),
            }
        }
    }

    fn old_line(&mut self, line: &str) {
        if let Some((_, ids)) = line.split_once("Searching for compatible ID(s): ") {
            for id in ids.split(',') {
                self.add_compatible(id.trim());
            }
        } else if let Some((_, rest)) = line.split_once(" install of \"") {
            self.instance = rest.split('"').next().map(str::to_owned);
        }
    }

    fn add_compatible(&mut self, id: &str) {
        if self.compatible.len() < MAX_IDS {
            self.compatible.push(id.to_owned());
        }
    }

    fn close(&mut self) {
        let instance = self.instance.take();
        let time = self.time.take();
        let compatible = std::mem::take(&mut self.compatible);
        self.below = None;
        let (Some(instance), Some(time)) = (instance, time) else { return };
        let on_usb = usb_ids(&instance).or_else(|| hid_ids(&instance)).is_some();
        if !on_usb && drive(&instance, &[], None).is_none_or(|drive| !drive.on_usb) {
            return;
        }
        if let Some(known) =
            self.log.devices.iter_mut().find(|known| known.instance.eq_ignore_ascii_case(&instance))
        {
            known.first = known.first.min(time);
            known.last = known.last.max(time);
            if known.compatible.is_empty() {
                known.compatible = compatible;
            }
        } else if self.log.devices.len() < MAX_DEVICES {
            self.log.devices.push(Logged { instance, compatible, first: time, last: time });
        } else {
            self.log.over_limit += 1;
        }
    }
}

impl Logged {
    /// As a node; times become UTC by `bias_minutes` (UTC is local time plus the bias), or are taken as they stand.
    pub fn node(&self, bias_minutes: Option<i32>) -> Node {
        let utc = |local: DateTime| -> Option<Timestamp> {
            let stamp = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
            let bias = SignedDuration::from_mins(i64::from(bias_minutes.unwrap_or_default()));
            stamp.checked_add(bias).ok()
        };
        Node {
            instance: self.instance.clone(),
            compatible: self.compatible.clone(),
            first_seen: utc(self.first),
            last_seen: utc(self.last),
            ..Node::default()
        }
    }
}

/// `2015/11/22 17:59:28.110`; the fraction may be missing.
fn parse_time(text: &str) -> Option<DateTime> {
    let (date, time) = text.trim().split_once(' ')?;
    let mut date = date.splitn(3, '/');
    let mut clock = time.split(['.', ' ']).next()?.splitn(3, ':');
    let year = date.next()?.parse().ok()?;
    let small = |part: Option<&str>| part?.parse::<i8>().ok();
    let (month, day) = (small(date.next())?, small(date.next())?);
    let (hour, minute, second) = (small(clock.next())?, small(clock.next())?, small(clock.next())?);
    DateTime::new(year, month, day, hour, minute, second, 0).ok()
}

const MAX_LINES: usize = 5_000_000;
const MAX_DEVICES: usize = 10_000;
const MAX_IDS: usize = 64;

#[cfg(test)]
mod tests;
