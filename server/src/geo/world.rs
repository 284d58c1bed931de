//! Shapes of countries: is a point in one, how far is it from one, who are the neighbours.
//!
//! Always: points are degrees, latitude first; lines between points are straight on the plane of degrees, as the source draws
//! them; shapes are right to some 5 km, and what rests on them allows for [`TOLERANCE_KM`]. The shapes are those of the
//! ground as it is governed, which is no opinion about whose it is.

mod read;
mod sphere;

use std::{collections::BTreeSet, sync::LazyLock};

use tracing::error;

use sphere::Cap;

/// How far shapes may be off: points left out, rounding, and the source's own scale.
pub const TOLERANCE_KM: f64 = 15.0;
/// Far-off parts with an ISO code of their own that belong to a country: who is expected in the country may be there.
const TERRITORIES: [(&str, &[&str]); 10] = [
    ("US", &["PR", "GU", "VI", "AS", "MP", "UM"]),
    ("GB", &["GG", "JE", "IM", "GI", "BM", "KY", "VG", "TC", "AI", "MS", "FK", "SH", "IO", "PN", "GS"]),
    ("FR", &["GF", "GP", "MQ", "RE", "YT", "PF", "NC", "PM", "BL", "MF", "WF", "TF"]),
    ("NL", &["AW", "CW", "SX", "BQ"]),
    ("DK", &["FO", "GL"]),
    ("NO", &["SJ", "BV"]),
    ("FI", &["AX"]),
    ("AU", &["CX", "CC", "NF", "HM"]),
    ("NZ", &["CK", "NU", "TK"]),
    ("CN", &["HK", "MO"]),
];

/// A point: latitude and longitude in degrees.
pub type Point = (f64, f64);

/// A closed line, longitude first, as it is drawn.
pub(crate) type Ring = Vec<(f32, f32)>;

/// A piece of a country: its outline, then holes.
#[derive(Debug)]
pub(crate) struct Polygon {
    pub(crate) rings: Vec<Ring>,
    cap: Cap,
}

/// A country.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) code: String,
    pub(crate) polygons: Vec<Polygon>,
}

/// All countries.
#[derive(Debug, Default)]
pub struct World {
    shapes: Vec<Shape>,
    borders: BTreeSet<(String, String)>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    read::read(include_bytes!("../../geodata/world.bin")).unwrap_or_else(|problem| {
        // A test of this crate reads them: a binary in which this fails was changed after it was built.
        error!("the built-in shapes of countries are damaged, nothing is known of distances: {problem}");
        World::default()
    })
});

/// The built-in shapes.
pub fn world() -> &'static World {
    &WORLD
}

impl Polygon {
    fn new(rings: Vec<Ring>) -> Self {
        let cap = Cap::around(rings.iter().flatten().map(|point| (f64::from(point.1), f64::from(point.0))));
        Self { rings, cap }
    }

    /// Whether a point is inside. An outline that crosses the 180th meridian goes on past it.
    fn contains(&self, (lat, lon): Point) -> bool {
        [lon, lon + 360.0, lon - 360.0].into_iter().any(|lon| self.contains_flat((lat, lon)))
    }

    /// The same on the plane of degrees, by how often a line from the point crosses the outlines.
    fn contains_flat(&self, (lat, lon): Point) -> bool {
        let mut inside = false;
        for ring in &self.rings {
            for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                let (a, b) = ((f64::from(a.0), f64::from(a.1)), (f64::from(b.0), f64::from(b.1)));
                if (a.1 > lat) != (b.1 > lat) && lon < (b.0 - a.0) * (lat - a.1) / (b.1 - a.1) + a.0 {
                    inside = !inside;
                }
            }
        }
        inside
    }

    /// Distance to the outline in km.
    fn outline_km(&self, point: Point) -> f64 {
        let lines = self.rings.iter().flat_map(|ring| ring.iter().zip(ring.iter().skip(1)));
        let at = |point: &(f32, f32)| (f64::from(point.1), f64::from(point.0));
        lines
            .map(|(a, b)| sphere::line_km(point, at(a), at(b)))
            .min_by(f64::total_cmp)
            .unwrap_or(f64::INFINITY)
    }

    /// Whether a point is inside, or not farther away than so much.
    pub(super) fn is_within(&self, point: Point, km: f64) -> bool {
        self.cap.at_least_km(point) <= km && self.distance_km(point) <= km
    }

    /// Distance in km, 0 inside.
    fn distance_km(&self, point: Point) -> f64 {
        if self.contains(point) { 0.0 } else { self.outline_km(point) }
    }
}

impl World {
    pub(crate) fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn shape(&self, code: &str) -> Option<&Shape> {
        let at = self.shapes.binary_search_by(|shape| shape.code.as_str().cmp(code)).ok()?;
        self.shapes.get(at)
    }

    /// The country and those of its far-off parts that have codes of their own.
    fn with_territories<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Shape> {
        let parts =
            TERRITORIES.iter().find(|(own, _)| *own == code).map_or(&[] as &[&str], |(_, parts)| parts);
        std::iter::once(code).chain(parts.iter().copied()).filter_map(|code| self.shape(code))
    }

    /// Every piece of a country, its far-off parts included. Empty where its shape is not known.
    pub(super) fn pieces<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Polygon> {
        let known = self.shape(code).is_some();
        self.with_territories(code).filter(move |_| known).flat_map(|shape| &shape.polygons)
    }

    /// Whether a point is in a country, its far-off parts included. `None` where the country's shape is not known.
    pub fn contains(&self, point: Point, code: &str) -> Option<bool> {
        self.shape(code)?;
        Some(self.pieces(code).any(|piece| piece.cap.may_hold(point) && piece.contains(point)))
    }

    /// The country a point is in.
    pub fn country_at(&self, point: Point) -> Option<&str> {
        self.shapes
            .iter()
            .find(|shape| {
                shape.polygons.iter().any(|piece| piece.cap.may_hold(point) && piece.contains(point))
            })
            .map(|shape| shape.code.as_str())
    }

    /// Distance in km from a point to the nearest part of a country, islands and far-off parts included; 0 inside. `None`
    /// where the country's shape is not known.
    pub fn distance_km(&self, point: Point, code: &str) -> Option<f64> {
        nearest_km(self.pieces(code), point)
    }

    /// Distance in km from a point in a country to the nearest point of any other. `None` where the point is not in the
    /// country.
    pub fn border_km(&self, point: Point, code: &str) -> Option<f64> {
        if self.contains(point, code) != Some(true) {
            return None;
        }
        let own: Vec<&str> = self.with_territories(code).map(|shape| shape.code.as_str()).collect();
        let others = self.shapes.iter().filter(|shape| !own.contains(&shape.code.as_str()));
        nearest_km(others.flat_map(|shape| &shape.polygons), point)
    }

    /// Whether two countries have a common land border.
    pub fn adjacent(&self, a: &str, b: &str) -> bool {
        let pair = if a < b { (a.to_owned(), b.to_owned()) } else { (b.to_owned(), a.to_owned()) };
        self.borders.contains(&pair)
    }
}

/// Distance to the nearest of some pieces. Those that cannot be nearer than one already measured are not measured.
fn nearest_km<'a>(pieces: impl Iterator<Item = &'a Polygon>, point: Point) -> Option<f64> {
    let mut pieces: Vec<(f64, &Polygon)> =
        pieces.map(|piece| (piece.cap.at_least_km(point), piece)).collect();
    pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut nearest = None;
    for (at_least, piece) in pieces {
        match nearest {
            Some(km) if at_least >= km => break,
            Some(km) => nearest = Some(f64::min(km, piece.distance_km(point))),
            None => nearest = Some(piece.distance_km(point)),
        }
    }
    nearest
}

#[cfg(test)]
mod tests;
