//! Packed shapes, read; `cargo xtask geodata` writes them (its `world.rs` describes the form).

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
};

use flate2::read::ZlibDecoder;

use super::{Polygon, Ring, Shape, World};
use crate::geo::packed::{Bytes, PackedError};

/// What packed shapes begin with.
const MAGIC: &[u8; 8] = b"BRGWLD-1";
/// Points are kept to so much of a degree.
const PER_DEGREE: f32 = 100.0;
/// Most bytes of unpacked shapes.
const MAX_RAW_BYTES: u64 = 16 * 1024 * 1024;

pub(super) fn read(packed: &[u8]) -> Result<World, PackedError> {
    let mut raw = Vec::new();
    ZlibDecoder::new(packed).take(MAX_RAW_BYTES).read_to_end(&mut raw).map_err(PackedError::Zlib)?;
    let mut bytes = Bytes(&raw);
    if bytes.take(MAGIC.len())? != MAGIC {
        return Err(PackedError::Damaged("it begins otherwise"));
    }
    let mut arcs = Vec::new();
    for _ in 0..bytes.count()? {
        arcs.push(arc(&mut bytes)?);
    }
    let mut shapes = Vec::new();
    let mut owners: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for _ in 0..bytes.count()? {
        let code = String::from_utf8_lossy(bytes.take(2)?).into_owned();
        let mut polygons = Vec::new();
        for _ in 0..bytes.count()? {
            let mut rings = Vec::new();
            for _ in 0..bytes.count()? {
                rings.push(ring(&mut bytes, &arcs, |arc| {
                    owners.entry(arc).or_default().insert(code.clone());
                })?);
            }
            polygons.push(Polygon::new(rings));
        }
        shapes.push(Shape { code, polygons });
    }
    if !bytes.0.is_empty() {
        return Err(PackedError::Damaged("more follows"));
    }
    shapes.sort_by(|a, b| a.code.cmp(&b.code));
    let mut borders = BTreeSet::new();
    for names in owners.values() {
        for a in names {
            for b in names.range(a.clone()..).skip(1) {
                borders.insert((a.clone(), b.clone()));
            }
        }
    }
    Ok(World { shapes, borders })
}

fn arc(bytes: &mut Bytes<'_>) -> Result<Ring, PackedError> {
    let (mut x, mut y) = (0_i32, 0_i32);
    let mut points = Vec::new();
    for _ in 0..bytes.count()? {
        x = x.checked_add(signed(bytes)?).ok_or(PackedError::Damaged("a point"))?;
        y = y.checked_add(signed(bytes)?).ok_or(PackedError::Damaged("a point"))?;
        points.push((x as f32 / PER_DEGREE, y as f32 / PER_DEGREE));
    }
    Ok(points)
}

fn ring(bytes: &mut Bytes<'_>, arcs: &[Ring], mut names: impl FnMut(usize)) -> Result<Ring, PackedError> {
    let mut points: Ring = Vec::new();
    for _ in 0..bytes.count()? {
        let reference = signed(bytes)?;
        let backwards = reference < 0;
        let at = usize::try_from(if backwards { !reference } else { reference })
            .map_err(|_| PackedError::Damaged("a line"))?;
        let arc = arcs.get(at).ok_or(PackedError::Damaged("a line that is not there"))?;
        names(at);
        points.pop_if(|last| {
            let first = if backwards { arc.last() } else { arc.first() };
            first == Some(last)
        });
        if backwards {
            points.extend(arc.iter().rev());
        } else {
            points.extend(arc);
        }
    }
    straighten(&mut points);
    Ok(points)
}

/// Lets a line that crosses the 180th meridian go on past it instead of jumping to the other side; a line around the pole is
/// closed over it.
fn straighten(points: &mut Ring) {
    let Some(first) = points.first().copied() else { return };
    let mut turns = 0.0;
    let mut before = first.0;
    for point in points.iter_mut() {
        let step = point.0 - before;
        before = point.0;
        if step.abs() > 180.0 {
            turns -= 360.0 * step.signum();
        }
        point.0 += turns;
    }
    let end = points.last().copied().unwrap_or(first);
    if (end.0 - first.0).abs() > 180.0 {
        let pole = if first.1 < 0.0 { -90.0 } else { 90.0 };
        points.extend([(end.0, pole), (first.0, pole), first]);
    }
}

fn signed(bytes: &mut Bytes<'_>) -> Result<i32, PackedError> {
    let number = bytes.number()?;
    let value = (number >> 1) as i64 ^ -((number & 1) as i64);
    i32::try_from(value).map_err(|_| PackedError::Damaged("a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_shapes_are_an_error() {
        let whole = include_bytes!("../../../geodata/world.bin");
        assert!(read(whole).is_ok());
        for end in [0, 1, 7, 100, 5_000, whole.len() / 2, whole.len() - 5] {
            assert!(read(&whole[..end]).is_err(), "cut at {end}");
        }
    }
}
