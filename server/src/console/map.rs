//! The world map: place verdicts counted by country, as of now.
//!
//! Always: counts, never dots for persons, and no history; the table beside the map says the same in words.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::Timestamp;
use bearing_store::PlaceCount;

use super::{
    ProblemPage,
    frame::{Frame, Visit, page},
    outline::{HEIGHT, WIDTH, outlines},
    view::shown,
};
use crate::{
    app::App,
    geo::{age_days, country},
};

/// Place verdicts in the order of the columns: word, heading, class of the map.
const COLUMNS: [(&str, &str, &str); 6] = [
    ("cluster", "Shared", "map-cluster"),
    ("mismatch", "Does not fit", "map-mismatch"),
    ("concealed", "Concealed", "map-concealed"),
    ("inconclusive", "Inconclusive", "map-inconclusive"),
    ("match", "Fits", "map-match"),
    ("no_expectation", "Nothing expected", "map-none"),
];
/// From how many days on the table of countries is called old.
const OLD_DAYS: u32 = 90;

/// A country with devices.
#[derive(Clone, Debug)]
pub(super) struct Row {
    name: String,
    code: Option<String>,
    counts: Vec<u64>,
    unassessed: u64,
    devices: u64,
    simulated: u64,
    class: &'static str,
}

/// A country on the map.
#[derive(Clone, Debug)]
pub(super) struct Land {
    path: &'static str,
    class: &'static str,
    title: String,
}

#[derive(Template)]
#[template(path = "map.html")]
pub(super) struct MapPage {
    frame: Frame,
    width: u32,
    height: u32,
    /// Countries without devices.
    empty: String,
    lands: Vec<Land>,
    rows: Vec<Row>,
    headings: Vec<(&'static str, &'static str)>,
    devices: u64,
    elsewhere: u64,
    table: String,
    built: String,
    age_days: Option<u32>,
    old: bool,
}

impl MapPage {
    pub(super) fn of(
        frame: Frame,
        counts: &[PlaceCount],
        (table, built): (String, String),
        now: Timestamp,
    ) -> Self {
        let mut rows = rows(counts);
        rows.sort_by(|a, b| b.counts.cmp(&a.counts).then_with(|| a.name.cmp(&b.name)));
        let devices = rows.iter().map(|row| row.devices).sum();
        let elsewhere = rows.iter().filter(|row| row.code.is_none()).map(|row| row.devices).sum();
        let by_code: BTreeMap<&str, &Row> =
            rows.iter().filter_map(|row| Some((row.code.as_deref()?, row))).collect();
        let mut lands = Vec::new();
        let mut empty = String::new();
        for outline in outlines() {
            match by_code.get(outline.code) {
                Some(row) => lands.push(Land { path: &outline.path, class: row.class, title: title(row) }),
                None => empty.push_str(&outline.path),
            }
        }
        let age_days = age_days(&built, now);
        Self {
            frame,
            width: WIDTH,
            height: HEIGHT,
            empty,
            lands,
            rows,
            headings: COLUMNS.iter().map(|(_, heading, class)| (*heading, *class)).collect(),
            devices,
            elsewhere,
            table: shown(&table),
            built: shown(&built),
            age_days,
            old: age_days.is_some_and(|days| days > OLD_DAYS),
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples::{HOSTILE, now};
        let count = |country: Option<&str>, verdict: Option<&str>, devices, simulated| PlaceCount {
            country: country.map(str::to_owned),
            verdict: verdict.map(str::to_owned),
            devices,
            simulated,
        };
        let counts = [
            count(None, Some("no_expectation"), 2, 0),
            count(Some("DE"), Some("match"), 40, 3),
            count(Some("DE"), Some("mismatch"), 1, 0),
            count(Some("US"), None, 7, 7),
            count(Some(HOSTILE), Some(HOSTILE), 1, 1),
        ];
        let frame = || Frame::sample("map", bearing_store::Role::Viewer);
        let table = || (HOSTILE.to_owned(), "2026-06-01".to_owned());
        vec![Self::of(frame(), &[], table(), now()), Self::of(frame(), &counts, table(), now())]
    }
}

/// Counts by country; what names no country is one row without a place on the map.
fn rows(counts: &[PlaceCount]) -> Vec<Row> {
    let mut rows: BTreeMap<Option<&str>, Row> = BTreeMap::new();
    for count in counts {
        let code = count.country.as_deref();
        let row = rows.entry(code).or_insert_with(|| Row {
            name: code.map_or_else(|| "Not known".to_owned(), |code| shown(country::name(code))),
            code: code.and_then(country::normalise),
            counts: vec![0; COLUMNS.len()],
            unassessed: 0,
            devices: 0,
            simulated: 0,
            class: "map-none",
        });
        let column = COLUMNS.iter().position(|(word, ..)| count.verdict.as_deref() == Some(*word));
        match column.and_then(|column| row.counts.get_mut(column)) {
            Some(counted) => *counted += count.devices,
            None => row.unassessed += count.devices,
        }
        row.devices += count.devices;
        row.simulated += count.simulated;
    }
    for row in rows.values_mut() {
        let gravest = row.counts.iter().position(|count| *count > 0);
        row.class = gravest.and_then(|at| COLUMNS.get(at)).map_or("map-none", |(.., class)| class);
    }
    rows.into_values().collect()
}

/// What is said of a country when one points at it.
fn title(row: &Row) -> String {
    let parts = row.counts.iter().zip(COLUMNS).filter(|(count, _)| **count > 0);
    let parts: Vec<_> =
        parts.map(|(count, (_, heading, _))| format!("{} {count}", heading.to_lowercase())).collect();
    format!("{}: {} devices ({})", row.name, row.devices, parts.join(", "))
}

pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, ProblemPage> {
    let counts = app.store.place_counts().await?;
    let tables = app.geo.current().tables();
    let first = tables.into_iter().next().map(|table| (table.name, table.built)).unwrap_or_default();
    Ok(page(&MapPage::of(visit.frame(&app, "map"), &counts, first, app.clock.now())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_verdict_colours_a_country() {
        let page = &MapPage::samples()[1];
        let germany = page.lands.iter().find(|land| land.title.starts_with("Germany")).unwrap();
        assert_eq!(germany.class, "map-mismatch");
        assert_eq!(germany.title, "Germany: 41 devices (does not fit 1, fits 40)");
        assert_eq!((page.devices, page.elsewhere, page.old), (51, 3, true));
        assert_eq!(page.rows[0].name, "Germany", "the gravest stand first");
    }
}
