//! One row of a roster.
//!
//! Always: a cell that a spreadsheet would run, or that hides what it says, is refused; every error names its column.

use bearing_protocol::text::{is_hostile, printable};
use bearing_store::{DeviceRef, DeviceRefKind, HomePoint, Person, PersonNames, PersonRow};
use jiff::civil::Date;

use crate::geo::country::normalise;

/// The columns, in the order of the template; only the first is needed.
pub(super) const COLUMNS: [(&str, &str); 16] = [
    ("person", "E1001"),
    ("name", "Ada Example"),
    ("user", "ada@example.org"),
    ("devices", "laptop-17 dev_00112233445566778899aabbccddeeff"),
    ("countries", "US CA"),
    ("region", "Texas"),
    ("latitude", "32.78"),
    ("longitude", "-96.80"),
    ("radius_km", "80"),
    ("ship_to", "US"),
    ("shared_place", "house-7"),
    ("shared_place_size", "2"),
    ("hired_on", "2026-09-01"),
    ("contractor", "no"),
    ("privileged", "no"),
    ("active", "yes"),
];

/// Longest cell in characters.
const MAX_CELL_CHARS: usize = 200;
/// Most devices and countries of one person.
const MAX_LIST: usize = 32;
/// Largest radius around a home, in km: a wider one says no more than a country.
const MAX_RADIUS_KM: f64 = 2_000.0;
/// Largest shared place.
const MAX_SHARED: u32 = 1_000;

/// Reads a row by column names. The id is the key until the caller puts the keyed one in its place.
///
/// # Errors
/// Column and problem.
pub(super) fn person(header: &[String], fields: &[String]) -> Result<Person, (String, String)> {
    if fields.len() != header.len() {
        return Err((
            "row".to_owned(),
            format!("has {} cells, the header has {}", fields.len(), header.len()),
        ));
    }
    let mut cells = Vec::new();
    for (column, cell) in header.iter().zip(fields) {
        check(column, cell).map_err(|problem| (column.clone(), problem))?;
        cells.push((column.as_str(), cell.trim()));
    }
    let cell = |name: &str| {
        cells
            .iter()
            .find(|(column, _)| *column == name)
            .map(|(_, cell)| *cell)
            .filter(|cell| !cell.is_empty())
    };
    let at = |name: &'static str| move |problem: String| (name.to_owned(), problem);
    let key =
        cell("person").ok_or_else(|| ("person".to_owned(), "is empty: every row needs a key".to_owned()))?;
    let mut row = PersonRow {
        id: key.to_owned(),
        countries: countries(cell("countries").unwrap_or_default()).map_err(at("countries"))?,
        region: cell("region").map(str::to_owned),
        home: home(cell("latitude"), cell("longitude"), cell("radius_km"))?,
        ship_to: cell("ship_to").map(country).transpose().map_err(at("ship_to"))?,
        shared_place: cell("shared_place").map(str::to_owned),
        shared_place_size: 0,
        hired_on: cell("hired_on").map(day).transpose().map_err(at("hired_on"))?,
        contractor: flag(cell("contractor"), false).map_err(at("contractor"))?,
        privileged: flag(cell("privileged"), false).map_err(at("privileged"))?,
        active: flag(cell("active"), true).map_err(at("active"))?,
        source: "csv".to_owned(),
        ..PersonRow::default()
    };
    if let Some(size) = cell("shared_place_size") {
        row.shared_place_size = size
            .parse()
            .ok()
            .filter(|size| (2..=MAX_SHARED).contains(size))
            .ok_or_else(|| format!("`{}` is no number from 2 to {MAX_SHARED}", shown(size)))
            .map_err(at("shared_place_size"))?;
        if row.shared_place.is_none() {
            return Err(("shared_place_size".to_owned(), "stands without a `shared_place`".to_owned()));
        }
    } else if row.shared_place.is_some() {
        return Err((
            "shared_place_size".to_owned(),
            "is empty: a shared place needs the number of workers who declared it".to_owned(),
        ));
    }
    Ok(Person {
        row,
        names: PersonNames {
            key: key.to_owned(),
            display_name: cell("name").map(str::to_owned),
            user_name: cell("user").map(str::to_lowercase),
            external_id: None,
        },
        devices: devices(cell("devices").unwrap_or_default()).map_err(at("devices"))?,
    })
}

fn shown(text: &str) -> String {
    printable(text, 40)
}

fn check(column: &str, cell: &str) -> Result<(), String> {
    if cell.chars().count() > MAX_CELL_CHARS {
        return Err(format!("has more than {MAX_CELL_CHARS} characters"));
    }
    // A negative coordinate is the one honest cell that begins with a sign.
    let number = matches!(column, "latitude" | "longitude") && cell.trim().parse::<f64>().is_ok();
    if !number && cell.trim_start().starts_with(['=', '+', '-', '@', '|', '%']) {
        return Err(format!("`{}` is a formula to a spreadsheet", shown(cell)));
    }
    if cell.contains(is_hostile) {
        return Err(format!("`{}` holds characters that do not show", shown(cell)));
    }
    Ok(())
}

fn country(code: &str) -> Result<String, String> {
    normalise(code)
        .ok_or_else(|| format!("`{}` is no country: want two letters of ISO 3166-1 as in `PT`", shown(code)))
}

fn countries(cell: &str) -> Result<Vec<String>, String> {
    let mut codes = list(cell)?.into_iter().map(country).collect::<Result<Vec<_>, _>>()?;
    codes.sort();
    codes.dedup();
    Ok(codes)
}

fn list(cell: &str) -> Result<Vec<&str>, String> {
    let all: Vec<&str> = cell.split([' ', ';', ',']).filter(|word| !word.is_empty()).collect();
    if all.len() > MAX_LIST { Err(format!("has more than {MAX_LIST} entries")) } else { Ok(all) }
}

fn devices(cell: &str) -> Result<Vec<DeviceRef>, String> {
    let mut devices = Vec::new();
    for word in list(cell)? {
        let id = word.starts_with("dev_");
        let hex = word.strip_prefix("dev_").unwrap_or_default();
        if id && (hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(format!("`{}` is no device id", shown(word)));
        }
        let kind = if id { DeviceRefKind::Id } else { DeviceRefKind::Hostname };
        devices.push(DeviceRef { kind, value: word.to_lowercase() });
    }
    devices.sort();
    devices.dedup();
    Ok(devices)
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("`{}` is no day: want `2026-09-01`", shown(text)))
}

fn flag(text: Option<&str>, absent: bool) -> Result<bool, String> {
    match text.map(str::to_lowercase).as_deref() {
        None => Ok(absent),
        Some("yes" | "true" | "1") => Ok(true),
        Some("no" | "false" | "0") => Ok(false),
        Some(other) => Err(format!("`{}` is neither `yes` nor `no`", shown(other))),
    }
}

fn home(
    latitude: Option<&str>,
    longitude: Option<&str>,
    radius: Option<&str>,
) -> Result<Option<HomePoint>, (String, String)> {
    let number = |name: &str, text: &str, most: f64| {
        text.parse::<f64>()
            .ok()
            .filter(|n| n.is_finite() && n.abs() <= most)
            .ok_or_else(|| (name.to_owned(), format!("`{}` is no number up to {most}", shown(text))))
    };
    match (latitude, longitude, radius) {
        (None, None, None) => Ok(None),
        (Some(latitude), Some(longitude), Some(radius)) => {
            let radius_km = number("radius_km", radius, MAX_RADIUS_KM)?;
            if radius_km <= 0.0 {
                return Err(("radius_km".to_owned(), "is more than 0".to_owned()));
            }
            Ok(Some(HomePoint {
                latitude: number("latitude", latitude, 90.0)?,
                longitude: number("longitude", longitude, 180.0)?,
                radius_km,
            }))
        }
        _ => Err((
            "radius_km".to_owned(),
            "a home has `latitude`, `longitude` and `radius_km`, or none of them".to_owned(),
        )),
    }
}
