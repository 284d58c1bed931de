//! Databases of addresses as sorted boundaries: from here on, this value.
//!
//! Always: boundaries rise, neighbours differ, 0 is "nothing known"; IPv6 is kept to the /64, where the last of several
//! values inside one /64 stands for all of it, and how many were rounded away is counted.

use std::{collections::BTreeSet, net::IpAddr};

use anyhow::{Context as _, ensure};
use maxminddb::{LookupResult, PathElement, Reader, WithinOptions};

/// Where databases keep a country. The first that is there counts.
const COUNTRY: [&[&str]; 4] =
    [&["country", "iso_code"], &["country_code"], &["country"], &["registered_country", "iso_code"]];
/// Where they keep the number of a network.
const NETWORK: [&[&str]; 3] =
    [&["autonomous_system_number"], &["traits", "autonomous_system_number"], &["asn"]];

/// A table.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// First address and value.
    pub(super) v4: Vec<(u32, u32)>,
    /// Upper half of the first address and value.
    pub(super) v6: Vec<(u64, u32)>,
    /// Boundaries of IPv6 that were deeper than /64.
    pub(super) rounded: usize,
    /// The day it was built.
    pub(super) built: String,
}

impl Table {
    /// Every value but 0, rising.
    pub(super) fn values(&self) -> Vec<u32> {
        let all: BTreeSet<u32> =
            self.v4.iter().map(|at| at.1).chain(self.v6.iter().map(|at| at.1)).filter(|v| *v != 0).collect();
        all.into_iter().collect()
    }
}

/// A table of countries: two letters, the first in the upper byte.
pub(super) fn country(source: &[u8]) -> anyhow::Result<Table> {
    table(source, "country", |record| {
        let code = COUNTRY.iter().find_map(|path| text(record, path));
        match code.as_deref().map(str::as_bytes) {
            Some(&[a, b]) if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                u32::from(a.to_ascii_uppercase()) << 8 | u32::from(b.to_ascii_uppercase())
            }
            _ => 0,
        }
    })
}

/// A table of autonomous system numbers.
pub(super) fn network(source: &[u8]) -> anyhow::Result<Table> {
    table(source, "autonomous system number", |record| {
        NETWORK
            .iter()
            .find_map(|path| {
                let path = keys(path);
                if let Ok(Some(number)) = record.decode_path::<u32>(&path) {
                    return Some(number);
                }
                let text = record.decode_path::<String>(&path).ok()??;
                text.strip_prefix("AS").unwrap_or(&text).parse().ok()
            })
            .unwrap_or(0)
    })
}

fn keys<'a>(path: &[&'a str]) -> Vec<PathElement<'a>> {
    path.iter().map(|key| PathElement::Key(key)).collect()
}

fn text(record: &LookupResult<'_, &[u8]>, path: &[&str]) -> Option<String> {
    record.decode_path::<String>(&keys(path)).ok().flatten()
}

fn table(
    source: &[u8],
    what: &str,
    value: impl Fn(&LookupResult<'_, &[u8]>) -> u32,
) -> anyhow::Result<Table> {
    let reader = Reader::from_source(source)?;
    let built = i64::try_from(reader.metadata().build_epoch)?;
    let built = jiff::Timestamp::from_second(built)?.strftime("%Y-%m-%d").to_string();
    let (mut v4, mut v6) = (Boundaries::default(), Boundaries::default());
    for record in reader.networks(WithinOptions::default())? {
        let record = record?;
        let value = value(&record);
        let network = record.network()?;
        let wide = |address| match address {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => u128::from(v6),
        };
        let (first, last) = (wide(network.network()), wide(network.broadcast()));
        let four = if network.is_ipv4() { Some((first, last)) } else { in_four(first, last) };
        match four {
            Some((first, last)) => v4.add(first, last, value),
            None => v6.add(first, last, value),
        }
    }
    let mut table = Table { built, ..Table::default() };
    for (start, value) in v4.finish(32) {
        table.v4.push((u32::try_from(start).context("an IPv4 address has 32 bits")?, value));
    }
    for (start, value) in v6.finish(128) {
        let upper = u64::try_from(start >> 64)?;
        match table.v6.last_mut() {
            Some(last) if last.0 == upper => {
                last.1 = value;
                table.rounded += 1;
            }
            _ => table.v6.push((upper, value)),
        }
    }
    table.v6.dedup_by(|next, kept| next.1 == kept.1);
    ensure!(!table.values().is_empty(), "no record names a {what}");
    Ok(table)
}

/// IPv4 as a database of both families holds it: under `::/96`.
fn in_four(first: u128, last: u128) -> Option<(u128, u128)> {
    (first >> 32 == 0 && last >> 32 == 0 && first != 0).then_some((first, last))
}

/// Boundaries while networks come in, in order.
#[derive(Default)]
struct Boundaries {
    done: Vec<(u128, u32)>,
    next: Option<u128>,
}

impl Boundaries {
    fn add(&mut self, first: u128, last: u128, value: u32) {
        if self.next != Some(first) {
            self.push(self.next.unwrap_or(0), 0);
        }
        self.push(first, value);
        self.next = last.checked_add(1);
    }

    fn push(&mut self, start: u128, value: u32) {
        if self.done.last().map_or(0, |last| last.1) != value {
            self.done.push((start, value));
        }
    }

    fn finish(mut self, bits: u32) -> Vec<(u128, u32)> {
        if let Some(next) = self.next.filter(|next| bits == 128 || next >> bits == 0) {
            self.push(next, 0);
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_nothing_and_equal_neighbours_are_one() {
        let mut boundaries = Boundaries::default();
        for (first, last, value) in [(10, 19, 7), (20, 29, 7), (40, 49, 8), (50, 59, 9)] {
            boundaries.add(first, last, value);
        }
        assert_eq!(boundaries.finish(32), [(10, 7), (30, 0), (40, 8), (50, 9), (60, 0)]);
    }

    #[test]
    fn the_last_address_ends_nothing() {
        let mut boundaries = Boundaries::default();
        boundaries.add(0xffff_ff00, 0xffff_ffff, 3);
        assert_eq!(boundaries.finish(32), [(0xffff_ff00, 3)]);
    }
}
