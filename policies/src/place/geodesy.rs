//! Distances on the sphere and what a round trip allows.

const EARTH_RADIUS_KM: f64 = 6371.0;

/// Great-circle distance in km between two points given in degrees (haversine formula).
pub fn distance_km(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let half_lat = (lat_b - lat_a) / 2.0;
    let half_lon = (b.1 - a.1).to_radians() / 2.0;
    let h = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * h.sqrt().min(1.0).asin()
}

/// The least round-trip time in ms between two points, at `km_per_ms` of distance per ms of round trip.
pub fn rtt_floor_ms(a: (f64, f64), b: (f64, f64), km_per_ms: f64) -> f64 {
    distance_km(a, b) / km_per_ms
}
