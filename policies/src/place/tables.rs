//! Time zones, their countries and offsets; countries and their neighbours. Built in; sources in the files.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::LazyLock,
};

/// A time zone, or a Windows zone's whole group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Zone {
    /// Countries where it is civil time.
    pub countries: BTreeSet<String>,
    /// Standard offset from UTC in hours.
    pub offset_hours: f64,
}

/// The tables.
#[derive(Debug, Default)]
pub struct Zones {
    iana: HashMap<String, Zone>,
    windows: HashMap<String, Zone>,
    offsets: HashMap<String, Vec<f64>>,
    adjacent: HashSet<(String, String)>,
}

static ZONES: LazyLock<Zones> = LazyLock::new(Zones::load);

/// The built-in tables.
pub fn zones() -> &'static Zones {
    &ZONES
}

impl Zones {
    fn load() -> Self {
        let mut zones = Self::default();
        for (name, countries, offset) in rows(include_str!("../../data/time-zones.tsv")) {
            let offset_hours = offset.parse::<f64>().unwrap_or(0.0) / 60.0;
            let countries: BTreeSet<_> = countries.split(',').map(str::to_owned).collect();
            for country in &countries {
                let offsets = zones.offsets.entry(country.clone()).or_default();
                if !offsets.contains(&offset_hours) {
                    offsets.push(offset_hours);
                }
            }
            zones.iana.insert(name.to_owned(), Zone { countries, offset_hours });
        }
        for (name, countries, default) in rows(include_str!("../../data/windows-zones.tsv")) {
            let offset_hours = zones.iana.get(default).map_or(0.0, |zone| zone.offset_hours);
            let countries = countries.split(',').filter(|c| !c.is_empty()).map(str::to_owned).collect();
            zones.windows.insert(name.to_owned(), Zone { countries, offset_hours });
        }
        for line in include_str!("../../data/adjacent.tsv").lines().filter(|l| !l.starts_with('#')) {
            if let Some((a, b)) = line.split_once('\t') {
                zones.adjacent.insert((a.to_owned(), b.to_owned()));
                zones.adjacent.insert((b.to_owned(), a.to_owned()));
            }
        }
        zones
    }

    /// The zone of this IANA or Windows name. `None` for UTC and its kin, fixed offsets and unknown names: neutral.
    pub fn zone(&self, name: &str) -> Option<&Zone> {
        self.iana.get(name).or_else(|| self.windows.get(name)).filter(|zone| !zone.countries.is_empty())
    }

    /// The spelling of a zone's name that the tables have: without glibc's `:`, `posix/` and `right/`, in any case.
    pub(super) fn spelling(&self, name: &str) -> Option<&str> {
        let name = name.trim().trim_start_matches(':');
        let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
        if let Some((known, _)) = self.iana.get_key_value(name).or_else(|| self.windows.get_key_value(name)) {
            return Some(known);
        }
        self.iana
            .keys()
            .chain(self.windows.keys())
            .map(String::as_str)
            .find(|known| known.eq_ignore_ascii_case(name))
    }

    /// Standard offsets in use in a country, in hours.
    pub fn offsets(&self, country: &str) -> &[f64] {
        self.offsets.get(country).map_or(&[], Vec::as_slice)
    }

    /// Whether two countries have a common land border.
    pub fn adjacent(&self, a: &str, b: &str) -> bool {
        self.adjacent.contains(&(a.to_owned(), b.to_owned()))
    }
}

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.split('\t');
        Some((fields.next()?, fields.next()?, fields.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_hold_what_they_name() {
        assert!(zones().iana.len() > 500, "{}", zones().iana.len());
        assert!(zones().windows.len() > 130, "{}", zones().windows.len());
        assert!(
            zones().adjacent("CH", "FR") && zones().adjacent("FR", "CH") && !zones().adjacent("CH", "PT")
        );
        assert_eq!(zones().zone("Asia/Kolkata").unwrap().offset_hours, 5.5);
        assert!(zones().zone("UTC").is_none() && zones().zone("Etc/GMT+5").is_none());
    }

    #[test]
    fn a_windows_zone_is_a_whole_group() {
        let recorded: serde_json::Value =
            serde_json::from_str(include_str!("../../cases/place/recorded.json")).unwrap();
        for case in recorded["windows_zone_cases"].as_array().unwrap() {
            let name = case["windows"].as_str().unwrap();
            let Some(allowed) = case["must_allow"].as_array() else {
                assert!(zones().zone(name).is_none(), "{name} must be neutral");
                continue;
            };
            let zone = zones().zone(name).unwrap();
            for country in allowed {
                assert!(zone.countries.contains(country.as_str().unwrap()), "{name} {country}");
            }
        }
    }
}
