//! Shapes of countries, packed; `server/src/geo/world/read.rs` reads them.
//!
//! Always: a border is one line that both neighbours name, so that they still meet after points were left out. Far-off parts
//! with an ISO code of their own are taken out of the country that the source has them in; what the source is too coarse
//! to show is a small square.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use super::{
    pack::{deflate, number},
    simplify::{Point, simplify},
};

/// What the packed shapes begin with.
const MAGIC: &[u8; 8] = b"BRGWLD-1";
/// How far a left-out point may have been from what is kept, in degrees: under 4 km.
const TOLERANCE_DEGREES: f64 = 0.035;
/// Points are kept to so much of a degree.
const PER_DEGREE: f64 = 100.0;
/// Half the side of the square of a place that the source does not show, in degrees.
const HALF_SQUARE: f64 = 0.05;

/// Parts of a country that have a code of their own: from, to, latitudes, longitudes.
const PARTS: [(&str, &str, [f64; 4]); 12] = [
    ("FR", "GF", [1.0, 7.0, -56.0, -50.0]),
    ("FR", "GP", [15.8, 16.6, -62.0, -60.9]),
    ("FR", "MQ", [14.2, 15.1, -61.5, -60.5]),
    ("FR", "RE", [-22.0, -20.0, 54.0, 57.0]),
    ("FR", "YT", [-14.0, -12.0, 44.0, 46.5]),
    ("NL", "BQ", [11.0, 18.5, -69.0, -62.0]),
    ("NO", "SJ", [74.0, 82.0, 5.0, 40.0]),
    ("NO", "SJ", [70.0, 72.0, -10.0, -7.0]),
    ("NO", "BV", [-56.0, -53.0, 2.0, 5.0]),
    ("NZ", "TK", [-10.0, -8.0, -173.0, -171.0]),
    ("CX", "CC", [-13.0, -11.0, 96.0, 98.0]),
    ("US", "UM", [-1.0, 29.0, 160.0, 180.0]),
];
/// Places with a code that the source does not show.
const SQUARES: [(&str, f64, f64); 9] = [
    ("GI", 36.13, -5.35),
    ("TV", -8.52, 179.2),
    ("TK", -9.17, -171.82),
    ("BQ", 12.18, -68.26),
    ("BV", -54.42, 3.38),
    ("CC", -12.17, 96.84),
    ("CX", -10.45, 105.65),
    ("UM", 19.29, 166.63),
    ("UM", 28.21, -177.37),
];
/// Shapes without a number in the source.
const UNNUMBERED: [(&str, &str); 4] =
    [("Kosovo", "XK"), ("N. Cyprus", "CY"), ("Somaliland", "SO"), ("Indian Ocean Ter.", "CX")];
/// Disputed ground that is nobody's here: the test of a claim must not rest on it.
const NOBODYS: [&str; 1] = ["Siachen Glacier"];

#[derive(Deserialize)]
struct Topology {
    transform: Transform,
    arcs: Vec<Vec<[f64; 2]>>,
    objects: Objects,
}

#[derive(Deserialize)]
struct Transform {
    scale: [f64; 2],
    translate: [f64; 2],
}

#[derive(Deserialize)]
struct Objects {
    countries: Collection,
}

#[derive(Deserialize)]
struct Collection {
    geometries: Vec<Geometry>,
}

#[derive(Deserialize)]
struct Geometry {
    id: Option<String>,
    #[serde(flatten)]
    shape: Shape,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "arcs")]
enum Shape {
    Polygon(Vec<Vec<i64>>),
    MultiPolygon(Vec<Vec<Vec<i64>>>),
}

#[derive(Deserialize)]
struct Properties {
    name: String,
}

/// Rings of references to arcs; `!n` is arc `n` backwards.
type Polygon = Vec<Vec<i64>>;

/// Packs a topology.
pub(super) fn pack(source: &[u8]) -> anyhow::Result<Vec<u8>> {
    let topology: Topology = serde_json::from_slice(source).context("this is no TopoJSON with countries")?;
    let codes = codes();
    let mut arcs: Vec<Vec<Point>> =
        topology.arcs.iter().map(|arc| unfold(arc, &topology.transform)).collect();
    let mut countries: BTreeMap<String, Vec<Polygon>> = BTreeMap::new();
    for geometry in topology.objects.countries.geometries {
        let name = geometry.properties.name;
        if NOBODYS.contains(&name.as_str()) {
            continue;
        }
        let numbered = geometry.id.and_then(|id| codes.get(id.as_str()).copied());
        let code =
            numbered.or_else(|| UNNUMBERED.iter().find(|(own, _)| *own == name).map(|(_, code)| *code));
        let Some(code) = code else { bail!("`{name}` has no ISO code") };
        let polygons = match geometry.shape {
            Shape::Polygon(polygon) => vec![polygon],
            Shape::MultiPolygon(polygons) => polygons,
        };
        for polygon in polygons {
            let code = own_code(code, first_point(&polygon, &arcs)?);
            countries.entry(code.to_owned()).or_default().push(polygon);
        }
    }
    arcs = arcs.iter().map(|arc| simplify(arc, TOLERANCE_DEGREES)).collect();
    for (code, lat, lon) in SQUARES {
        let missing = countries.get(code).is_none_or(|polygons| {
            polygons.iter().all(|polygon| {
                first_point(polygon, &arcs).is_ok_and(|p| (p.0 - lon).abs() + (p.1 - lat).abs() > 2.0)
            })
        });
        if missing {
            let (west, east, south, north) =
                (lon - HALF_SQUARE, lon + HALF_SQUARE, lat - HALF_SQUARE, lat + HALF_SQUARE);
            let square = [(west, south), (west, north), (east, north), (east, south), (west, south)];
            arcs.push(square.to_vec());
            let reference = i64::try_from(arcs.len() - 1)?;
            countries.entry(code.to_owned()).or_default().push(vec![vec![reference]]);
        }
    }
    println!("world: {} shapes, {} points", countries.len(), arcs.iter().map(Vec::len).sum::<usize>());
    ensure!(countries.len() > 200, "only {} countries", countries.len());
    encode(&arcs, &countries)
}

fn codes() -> BTreeMap<&'static str, &'static str> {
    include_str!("iso.tsv").lines().filter_map(|line| line.split_once('\t')).collect()
}

/// Quantised steps as degrees.
fn unfold(arc: &[[f64; 2]], transform: &Transform) -> Vec<Point> {
    let (mut x, mut y) = (0.0, 0.0);
    arc.iter()
        .map(|[dx, dy]| {
            x += dx;
            y += dy;
            (x * transform.scale[0] + transform.translate[0], y * transform.scale[1] + transform.translate[1])
        })
        .collect()
}

fn first_point(polygon: &Polygon, arcs: &[Vec<Point>]) -> anyhow::Result<Point> {
    let reference = *polygon.first().and_then(|ring| ring.first()).context("a polygon without a ring")?;
    let at = usize::try_from(if reference < 0 { !reference } else { reference })?;
    arcs.get(at).and_then(|arc| arc.first()).copied().context("a ring names an arc that is not there")
}

fn own_code(code: &str, (lon, lat): Point) -> &str {
    PARTS
        .iter()
        .find(|(from, _, [south, north, west, east])| {
            *from == code && (*south..=*north).contains(&lat) && (*west..=*east).contains(&lon)
        })
        .map_or(code, |(_, own, _)| own)
}

fn encode(arcs: &[Vec<Point>], countries: &BTreeMap<String, Vec<Polygon>>) -> anyhow::Result<Vec<u8>> {
    let mut raw = MAGIC.to_vec();
    number(&mut raw, arcs.len() as u64);
    for arc in arcs {
        let mut points: Vec<(i64, i64)> = arc.iter().map(|point| (whole(point.0), whole(point.1))).collect();
        points.dedup();
        number(&mut raw, points.len() as u64);
        let (mut x, mut y) = (0, 0);
        for point in points {
            number(&mut raw, zigzag(point.0 - x));
            number(&mut raw, zigzag(point.1 - y));
            (x, y) = point;
        }
    }
    number(&mut raw, countries.len() as u64);
    for (code, polygons) in countries {
        raw.extend_from_slice(code.as_bytes());
        number(&mut raw, polygons.len() as u64);
        for polygon in polygons {
            number(&mut raw, polygon.len() as u64);
            for ring in polygon {
                number(&mut raw, ring.len() as u64);
                for reference in ring {
                    number(&mut raw, zigzag(*reference));
                }
            }
        }
    }
    deflate(&raw)
}

/// Hundredths of a degree.
fn whole(degrees: f64) -> i64 {
    (degrees * PER_DEGREE).round() as i64
}

fn zigzag(number: i64) -> u64 {
    (number.wrapping_shl(1) ^ (number >> 63)) as u64
}
