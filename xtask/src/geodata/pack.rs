//! The packed form of a table of addresses; `server/src/geo/packed.rs` reads it.
//!
//! Always: columns instead of rows, since like goes well with like. A boundary is the distance from the one before, as
//! a count of trailing zero bits and what is left of it (networks are round); a value is its place among the last 250
//! different ones, or 0 and its place in the sorted list of all. All of it inside one zlib stream.

use std::io::Write as _;

use anyhow::Context as _;
use flate2::{Compression, write::ZlibEncoder};

use super::ranges::Table;

/// What a table begins with.
const MAGIC: &[u8; 8] = b"BRGGEO-1";
/// How many of the last values are remembered.
const RECENT: usize = 250;

/// A table, packed.
pub(super) fn ranges(table: &Table) -> anyhow::Result<Vec<u8>> {
    let values = table.values();
    let mut raw = MAGIC.to_vec();
    number(&mut raw, values.len() as u64);
    let mut before = 0;
    for value in &values {
        number(&mut raw, u64::from(value - before));
        before = *value;
    }
    let v4: Vec<(u64, u32)> = table.v4.iter().map(|(start, value)| (u64::from(*start), *value)).collect();
    column(&mut raw, &v4, &values)?;
    column(&mut raw, &table.v6, &values)?;
    deflate(&raw)
}

/// zlib's best.
pub(super) fn deflate(raw: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(raw)?;
    Ok(encoder.finish()?)
}

/// LEB128.
pub(super) fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn column(out: &mut Vec<u8>, rows: &[(u64, u32)], values: &[u32]) -> anyhow::Result<()> {
    number(out, rows.len() as u64);
    let mut rest = Vec::new();
    let mut before = 0;
    for (start, _) in rows {
        let step = start - before;
        before = *start;
        let zeros = if step == 0 { 0 } else { step.trailing_zeros() };
        out.push(u8::try_from(zeros)?);
        number(&mut rest, step >> zeros);
    }
    out.append(&mut rest);
    let mut recent: Vec<u32> = Vec::with_capacity(RECENT + 1);
    let mut unseen = Vec::new();
    for (_, value) in rows {
        if let Some(at) = recent.iter().position(|known| known == value) {
            out.push(u8::try_from(at + 1)?);
            recent.remove(at);
        } else {
            out.push(0);
            unseen.push(place(values, *value)?);
        }
        recent.insert(0, *value);
        recent.truncate(RECENT);
    }
    number(out, unseen.len() as u64);
    for plane in 0..3 {
        out.extend(unseen.iter().map(|place| (place >> (8 * plane)) as u8));
    }
    Ok(())
}

/// 0 for nothing, otherwise the place in the list from 1.
fn place(values: &[u32], value: u32) -> anyhow::Result<u32> {
    if value == 0 {
        return Ok(0);
    }
    let at = values.binary_search(&value).ok().context("every value is in the list of values")?;
    Ok(u32::try_from(at + 1)?)
}
