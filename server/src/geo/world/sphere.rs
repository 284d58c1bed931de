//! Distances on the sphere.

use super::Point;

const EARTH_RADIUS_KM: f64 = 6371.0;
/// Longest piece of a line in degrees that is taken for a piece of a great circle. A line between two points is straight in
/// degrees, which a great circle is not: at this length they differ by less than half a kilometre.
const LONGEST_PIECE_DEGREES: f64 = 2.0;

type Vector = [f64; 3];

fn unit((lat, lon): Point) -> Vector {
    let (lat, lon) = (lat.to_radians(), lon.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn length(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

fn angle(a: Vector, b: Vector) -> f64 {
    length(cross(a, b)).atan2(dot(a, b))
}

/// Distance in km from a point to the line between two others.
pub(super) fn line_km(point: Point, a: Point, b: Point) -> f64 {
    let span = (b.0 - a.0).abs().max((b.1 - a.1).abs());
    let pieces = (span / LONGEST_PIECE_DEGREES).ceil().max(1.0);
    let at = |step: f64| (a.0 + (b.0 - a.0) * step / pieces, a.1 + (b.1 - a.1) * step / pieces);
    let here = unit(point);
    let mut nearest = f64::INFINITY;
    let mut from = unit(a);
    for step in 1..=pieces as u32 {
        let to = unit(at(f64::from(step)));
        nearest = nearest.min(piece_angle(here, from, to));
        from = to;
    }
    nearest * EARTH_RADIUS_KM
}

/// Angle from a point to a piece of a great circle.
fn piece_angle(point: Vector, a: Vector, b: Vector) -> f64 {
    let normal = cross(a, b);
    let size = length(normal);
    let beside = dot(cross(normal, a), point) >= 0.0 && dot(cross(b, normal), point) >= 0.0;
    if size > 1e-12 && beside {
        (dot(point, normal) / size).clamp(-1.0, 1.0).asin().abs()
    } else {
        angle(point, a).min(angle(point, b))
    }
}

/// A round piece of the sphere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cap {
    middle: Vector,
    radius: f64,
}

/// What a cap is wider than its points, in radians: lines between points may bulge, and numbers are rounded.
const MARGIN: f64 = 0.002;

impl Cap {
    /// Around points.
    pub(super) fn around(points: impl Iterator<Item = Point> + Clone) -> Self {
        let mut sum = [0.0; 3];
        for point in points.clone() {
            let at = unit(point);
            sum = [sum[0] + at[0], sum[1] + at[1], sum[2] + at[2]];
        }
        let size = length(sum);
        let middle = if size > 1e-9 { sum.map(|part| part / size) } else { [0.0, 0.0, 1.0] };
        let radius = points.map(|point| angle(middle, unit(point))).fold(0.0, f64::max) + MARGIN;
        // Past a quarter of the way round, what lies between points may be farther out than they are.
        let radius = if radius > std::f64::consts::FRAC_PI_3 { std::f64::consts::PI } else { radius };
        Self { middle, radius }
    }

    /// Whether a point may be in it.
    pub(super) fn may_hold(&self, point: Point) -> bool {
        angle(self.middle, unit(point)) <= self.radius
    }

    /// A distance in km that nothing in it is nearer than.
    pub(super) fn at_least_km(&self, point: Point) -> f64 {
        (angle(self.middle, unit(point)) - self.radius).max(0.0) * EARTH_RADIUS_KM
    }
}
