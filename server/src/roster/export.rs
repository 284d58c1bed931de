//! A roster as it is written.

use bearing_store::Person;

use super::row::COLUMNS;

/// The header and one example row.
pub fn template() -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let example: Vec<&str> = COLUMNS.iter().map(|(_, example)| *example).collect();
    format!("{}\n{}\n", names.join(","), example.join(","))
}

/// People as a file that can be imported again. No cell is a formula.
pub fn export(people: &[Person]) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut text = names.join(",") + "\n";
    for person in people {
        let cells: Vec<String> = COLUMNS.iter().map(|(name, _)| cell(&value(person, name))).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn value(person: &Person, column: &str) -> String {
    let row = &person.row;
    let yes = |on: bool| if on { "yes" } else { "no" }.to_owned();
    let number = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    match column {
        "person" => person.names.key.clone(),
        "name" => person.names.display_name.clone().unwrap_or_default(),
        "user" => person.names.user_name.clone().unwrap_or_default(),
        "devices" => person.devices.iter().map(|d| d.value.as_str()).collect::<Vec<_>>().join(" "),
        "countries" => row.countries.join(" "),
        "region" => row.region.clone().unwrap_or_default(),
        "latitude" => number(row.home.map(|home| home.latitude)),
        "longitude" => number(row.home.map(|home| home.longitude)),
        "radius_km" => number(row.home.map(|home| home.radius_km)),
        "ship_to" => row.ship_to.clone().unwrap_or_default(),
        "shared_place" => row.shared_place.clone().unwrap_or_default(),
        "shared_place_size" if row.shared_place.is_some() => row.shared_place_size.to_string(),
        "hired_on" => row.hired_on.map(|day| day.to_string()).unwrap_or_default(),
        "contractor" => yes(row.contractor),
        "privileged" => yes(row.privileged),
        "active" => yes(row.active),
        _ => String::new(),
    }
}

/// One cell: quoted where needed, and never a formula. A negative number is none.
fn cell(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '|', '%', '\t', '\r'])
        && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
