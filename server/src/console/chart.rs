//! Numbers drawn: bars in a list, and findings by day.

use std::collections::BTreeMap;

use bearing_protocol::Timestamp;
use jiff::SignedDuration;

/// Days in the chart.
const DAYS: i64 = 30;
/// The drawing, in its own units.
const WIDTH: u64 = 600;
const HEIGHT: u64 = 120;
/// Room above the highest bar, for its number.
const HEAD: u64 = 16;

/// One line of a list of bars.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) label: &'static str,
    pub(super) count: u64,
    /// 0 to 100.
    pub(super) width: u64,
    pub(super) fill: &'static str,
    pub(super) href: String,
}

/// Makes the longest bar 100 wide.
pub(super) fn scale(bars: &mut [Bar]) {
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
    for bar in bars {
        bar.width = (bar.count * 100).div_ceil(most);
    }
}

/// One day's bar.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) date: String,
    pub(super) count: u64,
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) height: u64,
}

/// Thirty days up to today, with days on which nothing appeared.
pub(super) fn days(counted: &[(String, u64)], now: Timestamp) -> Vec<Day> {
    let by_date: BTreeMap<&str, u64> = counted.iter().map(|(date, count)| (date.as_str(), *count)).collect();
    let most = by_date.values().copied().max().unwrap_or(0).max(1);
    let step = WIDTH / DAYS.unsigned_abs();
    (0..DAYS)
        .map(|at| {
            let day = now.saturating_sub(SignedDuration::from_hours(24 * (DAYS - 1 - at))).unwrap_or(now);
            let date = day.strftime("%Y-%m-%d").to_string();
            let count = by_date.get(date.as_str()).copied().unwrap_or(0);
            let height = if count == 0 { 2 } else { (count * (HEIGHT - HEAD)).div_ceil(most).max(4) };
            Day { date, count, x: at.unsigned_abs() * step + 3, y: HEIGHT - height, height }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_findings_are_drawn_too() {
        let now = "2026-11-25T08:00:00Z".parse().unwrap();
        let drawn = days(&[("2026-11-24".to_owned(), 4), ("2026-11-25".to_owned(), 8)], now);
        assert_eq!(drawn.len(), 30);
        assert_eq!((drawn[29].count, drawn[29].y), (8, HEAD));
        assert_eq!((drawn[0].count, drawn[0].date.as_str()), (0, "2026-10-27"));
    }
}
