use std::collections::BTreeMap;

use bearing_protocol::Timestamp;
use bearing_store::{DeviceState, FindingStatus, Overview, OverviewCounts, StoreError};

use crate::{
    SqliteStore,
    column::{micros, unsigned},
    device::state_number,
    fault::{damaged, fault},
    finding::{severity_of, status_number},
};

const WHAT: &str = "count for the overview";
/// How many days of appearances are shown.
const DAYS: i64 = 30;
const DAY_MICROS: i64 = 86_400_000_000;

#[async_trait::async_trait]
impl Overview for SqliteStore {
    async fn overview(&self, now: Timestamp, silent_since: Timestamp) -> Result<OverviewCounts, StoreError> {
        let mut counts = OverviewCounts::default();
        let devices: Vec<(i64, bool, String, i64)> =
            sqlx::query_as("SELECT state, simulated, os_family, n FROM device_counts WHERE n > 0")
                .fetch_all(&self.readers)
                .await
                .map_err(fault(WHAT))?;
        for (state, simulated, os, n) in devices {
            let n = unsigned(n)?;
            if state == state_number(DeviceState::Active) {
                counts.devices += n;
                counts.simulated += if simulated { n } else { 0 };
                *counts.by_os.entry(os).or_default() += n;
            } else if state == state_number(DeviceState::Pending) {
                counts.pending += n;
            }
        }
        let silent: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM heads h CROSS JOIN devices d ON d.id = h.device \
             WHERE (h.seen_at IS NULL OR h.seen_at < ?1) AND coalesce(h.seen_at, d.enrolled_at) < ?1 AND d.state = ?2",
        )
        .bind(micros(silent_since))
        .bind(state_number(DeviceState::Active))
        .fetch_one(&self.readers)
        .await
        .map_err(fault(WHAT))?;
        counts.silent = unsigned(silent)?;

        let findings: Vec<(String, i64, i64)> =
            sqlx::query_as("SELECT family, severity, n FROM finding_counts WHERE status IN (?, ?) AND n > 0")
                .bind(status_number(FindingStatus::Open))
                .bind(status_number(FindingStatus::InReview))
                .fetch_all(&self.readers)
                .await
                .map_err(fault(WHAT))?;
        for (family, severity, n) in findings {
            let n = unsigned(n)?;
            *counts.by_severity.entry(severity_of(severity)?).or_default() += n;
            *counts.by_family.entry(family.parse().map_err(damaged("family"))?).or_default() += n;
        }

        let verdicts: Vec<(String, i64)> = sqlx::query_as(
            "SELECT max(v.verdict), count(*) FROM verdicts v CROSS JOIN devices d ON d.id = v.device \
             WHERE d.state = ? GROUP BY v.rank, v.verdict",
        )
        .bind(state_number(DeviceState::Active))
        .fetch_all(&self.readers)
        .await
        .map_err(fault(WHAT))?;
        counts.by_verdict = verdicts
            .into_iter()
            .map(|(verdict, n)| Ok((verdict, unsigned(n)?)))
            .collect::<Result<BTreeMap<_, _>, StoreError>>()?;

        let today = micros(now).div_euclid(DAY_MICROS);
        let days: Vec<(i64, i64)> =
            sqlx::query_as("SELECT day, n FROM appeared WHERE day > ? AND day <= ? ORDER BY day")
                .bind(today - DAYS)
                .bind(today)
                .fetch_all(&self.readers)
                .await
                .map_err(fault(WHAT))?;
        counts.appeared_by_day = days
            .into_iter()
            .map(|(day, n)| {
                let at = Timestamp::from_microsecond(day * DAY_MICROS).map_err(damaged("day"))?;
                Ok((at.strftime("%F").to_string(), unsigned(n)?))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(counts)
    }
}
