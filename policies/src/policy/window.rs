//! Hours of the week in a named time zone.
//!
//! Always: pure. A zone's rule comes from a built-in table, not from the machine's; an unknown zone holds no instant.

use std::{collections::HashMap, io::Read as _, sync::OnceLock};

use bearing_protocol::Timestamp;
use jiff::{
    civil::{Time, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// Hours of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Days on which it begins; every day where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<Day>,
    /// From when (`08:00`), inclusive.
    pub from: String,
    /// Until when (`18:00`, or `24:00`), exclusive; where it is not after `from`, on the next day.
    pub to: String,
    /// The IANA zone (`Europe/Berlin`).
    pub zone: String,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "plain words")]
pub enum Day {
    #[serde(alias = "mon")]
    Monday,
    #[serde(alias = "tue")]
    Tuesday,
    #[serde(alias = "wed")]
    Wednesday,
    #[serde(alias = "thu")]
    Thursday,
    #[serde(alias = "fri")]
    Friday,
    #[serde(alias = "sat")]
    Saturday,
    #[serde(alias = "sun")]
    Sunday,
}

impl Window {
    /// Whether the instant lies in it. A window that is written wrongly holds nothing.
    pub fn contains(&self, at: Timestamp) -> bool {
        let (Some(from), Some(to), Some(zone)) = (minutes(&self.from), minutes(&self.to), zone(&self.zone))
        else {
            return false;
        };
        let here = at.to_zoned(zone);
        let minute = minute_of(here.time());
        let on = |day: Weekday| self.weekdays.is_empty() || self.weekdays.contains(&day.into());
        let today = here.weekday();
        if from < to {
            return on(today) && (from..to).contains(&minute);
        }
        (minute >= from && on(today)) || (minute < to && on(today.previous()))
    }

    /// What is written wrongly in it; `None` where it can be used.
    pub fn flaw(&self) -> Option<String> {
        let shown = |text: &str| bearing_protocol::text::printable(text, 40);
        for text in [&self.from, &self.to] {
            if minutes(text).is_none() {
                return Some(format!("`{}` is no time of day: want \"08:00\"", shown(text)));
            }
        }
        if minutes(&self.from) == Some(WHOLE_DAY) {
            return Some("a window begins before \"24:00\"".into());
        }
        if zone(&self.zone).is_none() {
            return Some(format!("`{}` is no time zone: want \"Europe/Berlin\"", shown(&self.zone)));
        }
        None
    }
}

fn minutes(text: &str) -> Option<u16> {
    if text == "24:00" {
        return Some(WHOLE_DAY);
    }
    let (hours, minutes) = text.split_once(':')?;
    let two = |digits: &str| digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    if !two(hours) || !two(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn minute_of(time: Time) -> u16 {
    let part = |value: i8| u16::try_from(value).unwrap_or_default();
    part(time.hour()) * 60 + part(time.minute())
}

/// The rule of a zone, from the built-in table.
fn zone(name: &str) -> Option<TimeZone> {
    static RULES: OnceLock<HashMap<String, TimeZone>> = OnceLock::new();
    let rules = RULES.get_or_init(|| {
        let mut text = String::new();
        if flate2::read::DeflateDecoder::new(PACKED_ZONE_RULES)
            .take(MAX_TABLE_BYTES)
            .read_to_string(&mut text)
            .is_err()
        {
            return HashMap::new();
        }
        let rows =
            text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
        rows.filter_map(|(rule, names)| Some((TimeZone::posix(rule).ok()?, names)))
            .flat_map(|(rule, names)| names.split(',').map(move |name| (name.to_owned(), rule.clone())))
            .collect()
    });
    rules.get(name).cloned()
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

static PACKED_ZONE_RULES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/zone-rules.deflate"));

const WHOLE_DAY: u16 = 24 * 60;
/// The table is a hundredth of this.
const MAX_TABLE_BYTES: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn window(weekdays: &[Day], from: &str, to: &str, zone: &str) -> Window {
        Window { weekdays: weekdays.to_vec(), from: from.into(), to: to.into(), zone: zone.into() }
    }

    fn holds(window: &Window, at: &str) -> bool {
        window.contains(at.parse().unwrap())
    }

    #[test]
    fn every_zone_of_the_table_is_understood() {
        let text = include_str!("../../data/zone-rules.tsv");
        for (rule, names) in text.lines().skip(2).filter_map(|line| line.split_once('\t')) {
            assert!(TimeZone::posix(rule).is_ok(), "{rule}");
            assert!(names.split(',').all(|name| zone(name).is_some()), "{names}");
        }
        assert!(zone("Europe/Atlantis").is_none());
    }

    #[test]
    fn working_hours_follow_summer_time() {
        let work = window(&[Day::Monday, Day::Wednesday], "08:00", "18:00", "Europe/Berlin");
        assert!(holds(&work, "2026-11-25T07:00:00Z"), "a Wednesday, 08:00 in winter");
        assert!(!holds(&work, "2026-11-25T17:00:00Z"), "18:00 is past it");
        assert!(!holds(&work, "2026-11-25T02:10:00Z"), "03:10");
        assert!(holds(&work, "2026-07-06T06:00:00Z"), "08:00 in summer, a Monday");
        assert!(!holds(&work, "2026-11-26T09:00:00Z"), "a Thursday");
    }

    #[test]
    fn a_night_belongs_to_the_day_it_begins() {
        let night = window(&[Day::Friday], "22:00", "06:00", "UTC");
        assert!(holds(&night, "2026-11-27T23:00:00Z"));
        assert!(holds(&night, "2026-11-28T05:59:00Z"));
        assert!(!holds(&night, "2026-11-27T05:00:00Z"));
        assert!(!holds(&night, "2026-11-28T06:00:00Z"));
    }

    #[test]
    fn what_is_written_wrongly_is_named_and_holds_nothing() {
        for wrong in [
            window(&[], "8:00", "18:00", "UTC"),
            window(&[], "08:00", "25:00", "UTC"),
            window(&[], "24:00", "25:00", "UTC"),
            window(&[], "08:00", "18:00", "Berlin"),
        ] {
            assert!(wrong.flaw().is_some(), "{wrong:?}");
            assert!(!holds(&wrong, "2026-11-25T12:00:00Z"));
        }
        assert_eq!(window(&[], "00:00", "24:00", "Asia/Gaza").flaw(), None);
    }
}
