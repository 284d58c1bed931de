//! Outlines of countries for the map, drawn once (Equal Earth, an equal-area projection of 2018 by Šavrič, Patterson, Jenny).

use std::{fmt::Write as _, sync::LazyLock};

use crate::geo::world::{Ring, world};

/// The drawing, in its own units.
pub(super) const WIDTH: u32 = 10_000;
pub(super) const HEIGHT: u32 = 4_400;
/// Units for one of the projection's: the whole width is 5.4132 of them.
const SCALE: f64 = 1_847.0;
/// Latitude of the upper edge in degrees; below the lower edge lies Antarctica alone.
const NORTH_DEGREES: f64 = 83.7;
/// Points nearer than this to the one before are left out: a pixel on most screens.
const NEAREST: i32 = 11;
/// Smaller pieces are not drawn, but for a country's largest.
const SMALLEST: i32 = 16;
/// Half the side of the mark of a country that would not be seen.
const MARK: i32 = 14;

/// A country.
pub(super) struct Outline {
    pub(super) code: &'static str,
    pub(super) path: String,
}

static OUTLINES: LazyLock<Vec<Outline>> = LazyLock::new(|| {
    let drawn = world().shapes().iter().filter(|shape| shape.code != "AQ");
    drawn
        .map(|shape| Outline { code: &shape.code, path: path(shape.polygons.iter().map(|p| &p.rings)) })
        .collect()
});

/// Every country but Antarctica.
pub(super) fn outlines() -> &'static [Outline] {
    &OUTLINES
}

/// Units from the upper left corner.
fn project(lon: f32, lat: f32) -> (i32, i32) {
    let (x, y) = equal_earth(f64::from(lon), f64::from(lat));
    let top = equal_earth(0.0, NORTH_DEGREES).1;
    ((x * SCALE).round() as i32 + WIDTH as i32 / 2, ((top - y) * SCALE).round() as i32)
}

fn equal_earth(lon: f64, lat: f64) -> (f64, f64) {
    const A: [f64; 4] = [1.340_264, -0.081_106, 0.000_893, 0.003_796];
    let root = 3_f64.sqrt();
    let theta = (root / 2.0 * lat.to_radians().sin()).asin();
    let square = theta * theta;
    let sixth = square * square * square;
    let slope = 9.0 * A[3] * sixth * square + 7.0 * A[2] * sixth + 3.0 * A[1] * square + A[0];
    let x = 2.0 * root * lon.to_radians() * theta.cos() / (3.0 * slope);
    (x, theta * (A[3] * sixth * square + A[2] * sixth + A[1] * square + A[0]))
}

/// A path of all rings that can be seen.
fn path<'a>(polygons: impl Iterator<Item = &'a Vec<Ring>>) -> String {
    let mut drawn = Vec::new();
    for rings in polygons {
        for side in sides(rings) {
            let rings: Vec<_> = side.iter().map(thinned).collect();
            drawn.push((rings.first().map_or(0, |ring| extent(ring)), rings));
        }
    }
    let largest = drawn.iter().map(|(extent, _)| *extent).max().unwrap_or(0);
    let mut path = String::new();
    for (extent, rings) in drawn {
        if extent == largest && extent < MARK {
            if let Some((x, y)) = rings.first().and_then(|ring| ring.first()) {
                let half = MARK;
                draw(&mut path, &[(x - half, *y), (*x, y - half), (x + half, *y), (*x, y + half)]);
            }
            break;
        }
        if extent >= SMALLEST || extent == largest {
            for ring in rings.iter().filter(|ring| ring.len() > 2) {
                draw(&mut path, ring);
            }
        }
    }
    path
}

/// What lies on either side of the 180th meridian, for a piece that crosses it.
fn sides(rings: &[Ring]) -> Vec<Vec<Ring>> {
    if !rings.iter().flatten().any(|point| point.0.abs() > 180.0) {
        return vec![rings.to_vec()];
    }
    let side = |turn: f32| -> Vec<Ring> { rings.iter().map(|ring| clipped(ring, turn)).collect() };
    [0.0, 360.0, -360.0].into_iter().map(side).collect()
}

/// The part of a ring, turned so many degrees, that lies between the two ends of the map.
fn clipped(ring: &Ring, turn: f32) -> Ring {
    let mut kept: Ring = ring.iter().map(|point| (point.0 + turn, point.1)).collect();
    for (edge, sign) in [(180.0, 1.0), (-180.0, -1.0)] {
        let inside = |point: &(f32, f32)| (edge - point.0) * sign >= 0.0;
        let mut next = Ring::new();
        for (a, b) in kept.iter().zip(kept.iter().cycle().skip(1)) {
            if inside(a) {
                next.push(*a);
            }
            if inside(a) != inside(b) {
                next.push((edge, a.1 + (b.1 - a.1) * (edge - a.0) / (b.0 - a.0)));
            }
        }
        kept = next;
    }
    kept
}

fn thinned(ring: &Ring) -> Vec<(i32, i32)> {
    let mut points: Vec<(i32, i32)> = Vec::new();
    for (lon, lat) in ring {
        let point = project(*lon, *lat);
        let near = |last: &(i32, i32)| (last.0 - point.0).abs() + (last.1 - point.1).abs() < NEAREST;
        if !points.last().is_some_and(near) {
            points.push(point);
        }
    }
    points
}

/// The longer side of a ring's bounds.
fn extent(ring: &[(i32, i32)]) -> i32 {
    let side = |of: fn(&(i32, i32)) -> i32| {
        ring.iter().map(of).max().unwrap_or(0) - ring.iter().map(of).min().unwrap_or(0)
    };
    side(|point| point.0).max(side(|point| point.1))
}

/// A move, then steps. A minus parts numbers as well as a space does.
fn draw(path: &mut String, points: &[(i32, i32)]) {
    let mut before = None;
    for (x, y) in points {
        let (dx, dy, head) = before.map_or((*x, *y, "M"), |(a, b)| (x - a, y - b, " "));
        // Writing to a string cannot fail.
        let _ = write!(
            path,
            "{}{dx}{}{dy}",
            if head == "M" || dx >= 0 { head } else { "" },
            if dy >= 0 { " " } else { "" }
        );
        if head == "M" {
            path.push('l');
        }
        before = Some((*x, *y));
    }
    path.push('z');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_fits_its_frame_and_a_page() {
        let all: usize = outlines().iter().map(|outline| outline.path.len()).sum();
        assert!((40_000..110_000).contains(&all), "{all} bytes");
        assert!(outlines().len() > 240);
        for outline in outlines() {
            assert!(outline.path.starts_with('M') && outline.path.ends_with('z'), "{}", outline.code);
        }
        for (lon, lat) in [(-180.0, 0.0), (180.0, 0.0), (0.0, 83.6), (0.0, -55.9)] {
            let (x, y) = project(lon, lat);
            assert!((0..=WIDTH as i32).contains(&x) && (0..=HEIGHT as i32).contains(&y), "{x} {y}");
        }
    }
}
