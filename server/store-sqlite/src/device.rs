use bearing_protocol::{
    Timestamp,
    coverage::Coverage,
    id::DeviceId,
    key::PublicKey,
    outcome::RuleOutcome,
    report::{OsSummary, PolicySummary},
};
use bearing_store::{
    DeviceFilter, DeviceRow, DeviceState, Devices, JobKind, MAX_PAGE, Page, PageRequest, StoreError,
};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{
        col, contains, cursor, instant_col, json, json_col, maybe_digest_col, maybe_instant_col, micros,
        read_cursor, serde_word_col, unsigned, unsigned_col, word_col,
    },
    fault::{damaged, fault},
    job::enqueue_in,
};

/// Seconds between messages that are expected of a device whose policy is not known yet.
pub(crate) const DEFAULT_CHECKIN_SECONDS: u32 = 900;

const SELECT: &str = "SELECT d.id, d.public_key, d.key_protection, d.hostname, d.os_family, d.os_name, d.os_version, \
     d.machine, d.agent_version, d.device_group, d.state, d.simulated, d.expected_countries, d.enrolled_at, \
     d.checkin_seconds, d.policy_name, d.policy_version, d.policy_digest, \
     h.seen_at, h.report_at, h.sequence, h.chain, h.stopped, h.country, h.asn, h.egress_class \
     FROM devices d CROSS JOIN heads h ON h.device = d.id";

pub(crate) const fn state_number(state: DeviceState) -> i64 {
    match state {
        DeviceState::Pending => 0,
        DeviceState::Active => 1,
        DeviceState::Revoked => 2,
    }
}

pub(crate) fn state_of(number: i64) -> Result<DeviceState, StoreError> {
    match number {
        0 => Ok(DeviceState::Pending),
        1 => Ok(DeviceState::Active),
        2 => Ok(DeviceState::Revoked),
        _ => Err(StoreError::Damaged { what: "device", source: format!("state {number}").into() }),
    }
}

fn device(row: &SqliteRow) -> Result<DeviceRow, StoreError> {
    let policy = match (
        col::<Option<String>>(row, 15)?,
        col::<Option<i64>>(row, 16)?,
        col::<Option<&str>>(row, 17)?,
    ) {
        (Some(name), Some(version), Some(digest)) => Some(PolicySummary {
            name,
            version: unsigned(version)?,
            digest: digest.parse().map_err(damaged("policy digest"))?,
        }),
        _ => None,
    };
    Ok(DeviceRow {
        id: word_col(row, 0)?,
        public_key: PublicKey::try_from(col::<String>(row, 1)?).map_err(damaged("device key"))?,
        key_protection: serde_word_col(row, 2)?,
        hostname: col(row, 3)?,
        os: OsSummary { family: col(row, 4)?, name: col(row, 5)?, version: col(row, 6)? },
        machine: serde_word_col(row, 7)?,
        agent_version: col(row, 8)?,
        group: col(row, 9)?,
        state: state_of(col(row, 10)?)?,
        simulated: col(row, 11)?,
        expected_countries: json_col(row, 12)?,
        enrolled_at: instant_col(row, 13)?,
        last_seen: maybe_instant_col(row, 18)?,
        last_report: maybe_instant_col(row, 19)?,
        sequence: unsigned_col(row, 20)?,
        chain: maybe_digest_col(row, 21)?,
        stopped: col(row, 22)?,
        checkin_seconds: col(row, 14)?,
        policy,
        country: col(row, 23)?,
        asn: col(row, 24)?,
        egress_class: col(row, 25)?,
    })
}

/// The page that a request asks for, within bounds.
pub(crate) fn page_limit(page: &PageRequest) -> i64 {
    i64::from(page.limit.clamp(1, MAX_PAGE))
}

impl SqliteStore {
    async fn device_total(&self, filter: &DeviceFilter) -> Result<Option<u64>, StoreError> {
        if filter.group.is_some() || filter.search.is_some() || filter.silent_since.is_some() {
            return Ok(None);
        }
        let state = filter.state.map(state_number);
        let count: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(n), 0) FROM device_counts WHERE ?1 IS NULL OR state = ?1",
        )
        .bind(state)
        .fetch_one(&self.readers)
        .await
        .map_err(fault("count devices"))?;
        Ok(Some(unsigned(count)?))
    }
}

#[async_trait::async_trait]
impl Devices for SqliteStore {
    async fn device(&self, id: &DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        sqlx::query(&format!("{SELECT} WHERE d.id = ?"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a device"))?
            .as_ref()
            .map(device)
            .transpose()
    }

    async fn devices(
        &self,
        filter: &DeviceFilter,
        page: &PageRequest,
    ) -> Result<Page<DeviceRow>, StoreError> {
        let limit = page_limit(page);
        let mut sql = QueryBuilder::<Sqlite>::new(SELECT);
        sql.push(" WHERE 1");
        if let Some(state) = filter.state {
            sql.push(" AND d.state = ").push_bind(state_number(state));
        }
        if let Some(group) = &filter.group {
            sql.push(" AND d.device_group = ").push_bind(group.clone());
        }
        if let Some(search) = &filter.search {
            let pattern = contains(search);
            sql.push(" AND (d.hostname LIKE ").push_bind(pattern.clone()).push(r" ESCAPE '\' OR d.id LIKE ");
            sql.push_bind(pattern).push(r" ESCAPE '\')");
        }
        if let Some(since) = filter.silent_since {
            sql.push(" AND coalesce(h.seen_at, d.enrolled_at) < ").push_bind(micros(since));
        }
        if let Some(after) = &page.after {
            let (hostname, id): (String, String) = read_cursor(after)?;
            sql.push(" AND (d.hostname, d.id) > (").push_bind(hostname).push(", ").push_bind(id).push(")");
        }
        sql.push(" ORDER BY d.hostname, d.id LIMIT ").push_bind(limit + 1);
        let rows = sql.build().fetch_all(&self.readers).await.map_err(fault("read devices"))?;
        let mut items = rows.iter().map(device).collect::<Result<Vec<_>, _>>()?;
        let more = items.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = match items.last() {
            Some(last) if more => Some(cursor(&(&last.hostname, last.id.as_str()))?),
            _ => None,
        };
        Ok(Page { items, next, total: self.device_total(filter).await? })
    }

    async fn set_device_state(&self, id: &DeviceId, state: DeviceState) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE devices SET state = ? WHERE id = ?")
            .bind(state_number(state))
            .bind(id.as_str())
            .execute(&self.writer)
            .await
            .map_err(fault("change a device's state"))?;
        Ok(done.rows_affected() > 0)
    }

    async fn set_device_place(
        &self,
        id: &DeviceId,
        group: &str,
        countries: &[String],
    ) -> Result<bool, StoreError> {
        const WHAT: &str = "change a device's group and place";
        let mut tx = self.begin(WHAT).await?;
        let done = sqlx::query("UPDATE devices SET device_group = ?, expected_countries = ? WHERE id = ?")
            .bind(group)
            .bind(json(&countries)?)
            .bind(id.as_str())
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        // Where it should be has changed, so its last report is judged again.
        let last: Option<(Option<i64>, Option<i64>)> =
            sqlx::query_as("SELECT last_report, report_at FROM heads WHERE device = ?")
                .bind(id.as_str())
                .fetch_optional(&mut *tx)
                .await
                .map_err(fault(WHAT))?;
        if let Some((Some(sequence), Some(at))) = last {
            let at = crate::column::instant(at)?;
            enqueue_in(&mut tx, JobKind::Correlate, id.as_str(), unsigned(sequence)?, at).await?;
        }
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(done.rows_affected() > 0)
    }

    async fn last_result(
        &self,
        id: &DeviceId,
    ) -> Result<Option<(Vec<Coverage>, Vec<RuleOutcome>)>, StoreError> {
        sqlx::query("SELECT coverage, outcomes FROM results WHERE device = ?")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a device's last result"))?
            .as_ref()
            .map(|row| Ok((json_col(row, 0)?, json_col(row, 1)?)))
            .transpose()
    }

    async fn result_sequence(&self, id: &DeviceId) -> Result<Option<u64>, StoreError> {
        sqlx::query_scalar::<_, i64>("SELECT sequence FROM results WHERE device = ?")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a device's last result"))?
            .map(unsigned)
            .transpose()
    }

    async fn overdue(
        &self,
        now: Timestamp,
        grace_seconds: u32,
        limit: u32,
    ) -> Result<Vec<DeviceRow>, StoreError> {
        sqlx::query(&format!(
            "{SELECT} WHERE h.due_at < ? AND d.state = ? AND NOT EXISTS (SELECT 1 FROM findings f \
             WHERE f.device = d.id AND f.rule = 'AT-01' AND f.status <> ?) ORDER BY h.due_at LIMIT ?"
        ))
        .bind(micros(now) - i64::from(grace_seconds) * 1_000_000)
        .bind(state_number(DeviceState::Active))
        .bind(crate::finding::status_number(bearing_store::FindingStatus::Resolved))
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("look for silent devices"))?
        .iter()
        .map(device)
        .collect()
    }

    async fn groups(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(
            "SELECT device_group FROM (SELECT DISTINCT device_group FROM devices \
             UNION SELECT device_group FROM tokens) ORDER BY device_group",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read groups"))
    }
}
