//! A whole roster: CSV with a header.
//!
//! Always: every bad row is named with its line and column; a person or a device that stands twice is bad where it
//! stands the second time.

use std::collections::BTreeMap;

use bearing_policies::place::nearest;
use bearing_protocol::text::printable;
use bearing_store::{DeviceRef, Person};

use super::{person_id, row};
use crate::{app::App, signin::csv::records};

/// Largest file in bytes.
pub const MAX_FILE_BYTES: usize = 32 * 1024 * 1024;
/// Most rows.
pub const MAX_ROWS: usize = 200_000;
/// Most bad rows that are told one by one.
const MAX_TOLD: usize = 200;

/// A roster as it was read.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// Its people.
    pub people: Vec<Person>,
    /// What is wrong, at most 200.
    pub bad: Vec<BadRow>,
    /// How many rows are bad in all.
    pub bad_count: usize,
}

/// A row that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line, from 1.
    pub line: usize,
    /// The column.
    pub column: String,
    /// What is wrong.
    pub problem: String,
}

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum RosterError {
    #[error("the roster has more than {MAX_FILE_BYTES} bytes: import it in parts")]
    TooLarge,
    #[error("the roster has more than {MAX_ROWS} rows: import it in parts")]
    TooManyRows,
    #[error("line {line} is not UTF-8: save the file as \u{201c}CSV UTF-8\u{201d}")]
    Encoding { line: usize },
    #[error("the roster is empty: the first line names the columns (`roster template` prints one)")]
    Empty,
    #[error("the roster has no column `person` (`roster template` prints all columns)")]
    NoPerson,
    #[error("columns are separated by `;`: save the file with commas")]
    Semicolons,
    #[error(
        "there is no column `{column}`; the nearest is `{nearest}` (`roster template` prints all columns)"
    )]
    Column { column: String, nearest: String },
    #[error("column `{0}` stands twice")]
    Twice(String),
}

/// Reads a roster.
///
/// # Errors
/// Where there are no rows to speak of at all.
pub fn read(app: &App, bytes: &[u8]) -> Result<Roster, RosterError> {
    read_as(|key| person_id(app, key), bytes)
}

/// Reads a roster; `id` makes a person's id of the key.
fn read_as(id: impl Fn(&str) -> String, bytes: &[u8]) -> Result<Roster, RosterError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(RosterError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        RosterError::Encoding { line: before.iter().filter(|byte| **byte == b'\n').count() + 1 }
    })?;
    let mut lines = records(text).into_iter();
    let header = header(&lines.next().ok_or(RosterError::Empty)?.1)?;
    let mut roster = Roster::default();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut owners: BTreeMap<DeviceRef, usize> = BTreeMap::new();
    for (count, (line, fields)) in lines.enumerate() {
        if count >= MAX_ROWS {
            return Err(RosterError::TooManyRows);
        }
        let taken = row::person(&header, &fields).and_then(|person| {
            if let Some(first) = seen.insert(person.names.key.clone(), line) {
                return Err((
                    "person".to_owned(),
                    format!("`{}` stands on line {first} already", printable(&person.names.key, 40)),
                ));
            }
            if let Some((device, first)) = person.devices.iter().find_map(|d| owners.get(d).map(|l| (d, l))) {
                let device = printable(&device.value, 60);
                return Err((
                    "devices".to_owned(),
                    format!("`{device}` belongs to the person on line {first}"),
                ));
            }
            Ok(person)
        });
        match taken {
            Ok(mut person) => {
                owners.extend(person.devices.iter().map(|device| (device.clone(), line)));
                person.row.id = id(&person.names.key);
                roster.people.push(person);
            }
            Err((column, problem)) => {
                roster.bad_count += 1;
                if roster.bad.len() < MAX_TOLD {
                    roster.bad.push(BadRow { line, column, problem });
                }
            }
        }
    }
    Ok(roster)
}

fn header(names: &[String]) -> Result<Vec<String>, RosterError> {
    let names: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    if let [only] = names.as_slice()
        && only.contains(';')
    {
        return Err(RosterError::Semicolons);
    }
    for (position, name) in names.iter().enumerate() {
        if !row::COLUMNS.iter().any(|(known, _)| known == name) {
            return Err(RosterError::Column {
                column: printable(name, 40),
                nearest: nearest(name, row::COLUMNS.iter().map(|(known, _)| *known)),
            });
        }
        if names.iter().take(position).any(|earlier| earlier == name) {
            return Err(RosterError::Twice(name.clone()));
        }
    }
    if names.iter().any(|name| name == "person") { Ok(names) } else { Err(RosterError::NoPerson) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Roster {
        read_keys(text.as_bytes()).unwrap()
    }

    fn read_keys(bytes: &[u8]) -> Result<Roster, RosterError> {
        read_as(str::to_owned, bytes)
    }

    #[test]
    fn the_template_is_a_roster_and_what_is_exported_comes_back() {
        let roster = of(&super::super::template());
        assert_eq!(roster.bad, []);
        let person = &roster.people[0];
        assert_eq!((person.row.countries.join(" ").as_str(), person.devices.len()), ("CA US", 2));
        let home = person.row.home.unwrap();
        assert_eq!((home.latitude, home.longitude, home.radius_km), (32.78, -96.80, 80.0));
        assert_eq!(of(&super::super::export(&roster.people)).people, roster.people);
    }

    #[test]
    fn a_bad_row_is_named_with_its_column() {
        for (text, column, part) in [
            ("person,countries\n+1,US\n", "person", "formula"),
            ("person,countries\n@x,US\n", "person", "formula"),
            ("person,countries\na\u{0}b,US\n", "person", "do not show"),
            ("person,countries\n,US\n", "person", "empty"),
            ("person,countries\na,US,extra\n", "row", "has 3 cells"),
            ("person,countries\na\n", "row", "has 1 cells"),
            ("person,active\na,perhaps\n", "active", "neither"),
            ("person,latitude,longitude,radius_km\na,91,0,5\n", "latitude", "up to 90"),
            ("person,latitude,longitude,radius_km\na,NaN,0,5\n", "latitude", "no number"),
            ("person,latitude\na,5\n", "radius_km", "or none of them"),
            ("person,shared_place,shared_place_size\na,house,1\n", "shared_place_size", "from 2"),
            ("person,devices\na,dev_12\n", "devices", "device id"),
        ] {
            let roster = of(text);
            assert_eq!((roster.bad_count, roster.people.len()), (1, 0), "{text}: {:?}", roster.bad);
            let row = &roster.bad[0];
            assert_eq!((row.line, row.column.as_str()), (2, column), "{text}");
            assert!(row.problem.contains(part), "{text}: {}", row.problem);
        }
    }

    #[test]
    fn junk_never_panics() {
        let mut seed = 7_u64;
        let letters = b"person,countries\"\n\r;=\xff\xc3 -+0";
        for _ in 0..300 {
            let mut text = b"person,countries\n".to_vec();
            text.extend((0..200).map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                letters[(seed >> 33) as usize % letters.len()]
            }));
            drop(read_keys(&text));
        }
    }
}
