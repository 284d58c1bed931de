//! Lines with fewer points (Douglas and Peucker's way).
//!
//! Always: ends stay where they are, so that neighbours still meet; no left-out point was farther from the new line than
//! the tolerance.

/// Degrees, longitude first.
pub(super) type Point = (f64, f64);

/// The line without the points it can do without. A closed line keeps four at least.
pub(super) fn simplify(line: &[Point], tolerance_degrees: f64) -> Vec<Point> {
    let Some(last) = line.len().checked_sub(1).filter(|last| *last > 1) else { return line.to_vec() };
    let mut kept = vec![false; line.len()];
    kept[0] = true;
    kept[last] = true;
    let mut open = vec![(0, last)];
    if line.first() == line.last() {
        let far = farthest(line, 0, last);
        kept[far.0] = true;
        open = vec![(0, far.0), (far.0, last)];
        // Two lines that fall into one would be no area: a third corner, the farthest from the first two.
        let third = [(0, far.0), (far.0, last)].into_iter().map(|(a, b)| farthest(line, a, b));
        if let Some(third) = third.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|third| third.1 > 0.0) {
            kept[third.0] = true;
        }
    }
    while let Some((first, last)) = open.pop() {
        let (at, distance) = farthest(line, first, last);
        if distance > tolerance_degrees {
            kept[at] = true;
            open.push((first, at));
            open.push((at, last));
        }
    }
    line.iter().zip(kept).filter(|(_, kept)| *kept).map(|(point, _)| *point).collect()
}

/// The point between two others that is farthest from their connection, and how far.
fn farthest(line: &[Point], first: usize, last: usize) -> (usize, f64) {
    (first + 1..last)
        .map(|at| (at, distance(line[at], line[first], line[last])))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((first, 0.0))
}

fn distance(point: Point, from: Point, to: Point) -> f64 {
    let narrow = point.1.to_radians().cos();
    let flat = |other: Point| ((other.0 - point.0) * narrow, other.1 - point.1);
    let (a, b) = (flat(from), flat(to));
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let along = if length == 0.0 { 0.0 } else { (-(a.0 * dx + a.1 * dy) / length).clamp(0.0, 1.0) };
    (a.0 + along * dx).hypot(a.1 + along * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bends_stays() {
        let line = [(0.0, 0.0), (1.0, 0.001), (2.0, 0.0), (2.0, 2.0)];
        assert_eq!(simplify(&line, 0.1), [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0)]);
    }

    #[test]
    fn a_small_island_stays_an_area() {
        let island = [(0.0, 0.0), (0.01, 0.0), (0.01, 0.01), (0.0, 0.01), (0.0, 0.0)];
        assert!(simplify(&island, 1.0).len() >= 4);
    }
}
