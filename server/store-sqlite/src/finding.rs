use bearing_protocol::{
    Timestamp,
    finding::Finding,
    id::{DeviceId, FindingId},
    severity::Severity,
};
use bearing_store::{
    FindingEvent, FindingFilter, FindingRow, FindingStatus, Findings, JobKind, Observed, Page, PageRequest,
    StoreError,
};
use sqlx::{QueryBuilder, Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{
        col, contains, cursor, instant_col, json, json_col, maybe_instant_col, maybe_word_col, micros,
        read_cursor, signed, unsigned, unsigned_col, word_col,
    },
    device::page_limit,
    fault::fault,
    job::enqueue_in,
    observe,
};

const SELECT: &str = "SELECT device, id, body, origin, raised, raised_reason, status, assignee, approval, first_seen, last_seen, \
     resolved_at, version, severity FROM findings";
/// Most findings of one device that are read at once.
const MAX_DEVICE_FINDINGS: i64 = 1_000;

pub(crate) const fn status_number(status: FindingStatus) -> i64 {
    match status {
        FindingStatus::Open => 0,
        FindingStatus::InReview => 1,
        FindingStatus::Approved => 2,
        FindingStatus::FalsePositive => 3,
        FindingStatus::Resolved => 4,
    }
}

pub(crate) fn status_of(number: i64) -> Result<FindingStatus, StoreError> {
    FindingStatus::ALL
        .into_iter()
        .find(|status| status_number(*status) == number)
        .ok_or_else(|| StoreError::Damaged { what: "finding", source: format!("status {number}").into() })
}

pub(crate) const fn severity_number(severity: Severity) -> i64 {
    match severity {
        Severity::Informational => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

pub(crate) fn severity_of(number: i64) -> Result<Severity, StoreError> {
    Severity::ALL
        .into_iter()
        .find(|severity| severity_number(*severity) == number)
        .ok_or_else(|| StoreError::Damaged { what: "finding", source: format!("severity {number}").into() })
}

pub(crate) fn finding(row: &SqliteRow) -> Result<FindingRow, StoreError> {
    let raised = col::<Option<i64>>(row, 4)?.map(severity_of).transpose()?;
    Ok(FindingRow {
        device: word_col(row, 0)?,
        finding: json_col::<Finding>(row, 2)?,
        origin: col(row, 3)?,
        raised: raised.zip(col::<Option<String>>(row, 5)?),
        status: status_of(col(row, 6)?)?,
        assignee: col(row, 7)?,
        approval: maybe_word_col(row, 8)?,
        first_seen: instant_col(row, 9)?,
        last_seen: instant_col(row, 10)?,
        resolved_at: maybe_instant_col(row, 11)?,
        version: unsigned_col(row, 12)?,
    })
}

/// Where a row stands in the order of pages: gravest first, then the newest to appear, then by device and id.
type Key = (i64, i64, String, String);

fn key(row: &SqliteRow) -> Result<Key, StoreError> {
    Ok((col(row, 13)?, col(row, 9)?, col(row, 0)?, col(row, 1)?))
}

fn comes_before(a: &Key, b: &Key) -> std::cmp::Ordering {
    b.0.cmp(&a.0).then(b.1.cmp(&a.1)).then_with(|| a.2.cmp(&b.2)).then_with(|| a.3.cmp(&b.3))
}

/// Writes one line of history.
pub(crate) async fn add_event(
    tx: &mut Transaction<'_, Sqlite>,
    device: &str,
    finding: &str,
    event: &FindingEvent,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO finding_events (device, finding, at, actor, what, text) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(device)
    .bind(finding)
    .bind(micros(event.at))
    .bind(&event.actor)
    .bind(&event.what)
    .bind(&event.text)
    .execute(&mut **tx)
    .await
    .map_err(fault("write a finding's history"))?;
    Ok(())
}

impl SqliteStore {
    /// One status' part of a page, in order. Each status has its own stretch of each index.
    async fn status_page(
        &self,
        filter: &FindingFilter,
        (status, candidates): (FindingStatus, Option<&str>),
        after: Option<&Key>,
        limit: i64,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new(SELECT);
        if let Some(numbers) = candidates {
            sql.push(" INDEXED BY findings_by_number WHERE number IN (SELECT value FROM json_each(");
            sql.push_bind(numbers.to_owned()).push(")) AND status = ").push_bind(status_number(status));
        } else {
            sql.push(" WHERE status = ").push_bind(status_number(status));
        }
        if let Some(device) = &filter.device {
            sql.push(" AND device = ").push_bind(device.to_string());
        }
        if let Some(rule) = &filter.rule {
            sql.push(" AND rule = ").push_bind(rule.to_string());
        }
        if let Some(family) = filter.family {
            sql.push(" AND family = ").push_bind(family.as_str());
        }
        if let Some(least) = filter.at_least {
            sql.push(" AND severity >= ").push_bind(severity_number(least));
        }
        if let Some(search) = &filter.search {
            let pattern = contains(search);
            sql.push(" AND (title LIKE ").push_bind(pattern.clone());
            sql.push(r" ESCAPE '\' OR subject LIKE ").push_bind(pattern.clone());
            sql.push(r" ESCAPE '\' OR product LIKE ").push_bind(pattern).push(r" ESCAPE '\')");
        }
        if let Some((severity, first_seen, device, id)) = after {
            sql.push(" AND severity <= ").push_bind(*severity);
            sql.push(" AND (severity < ").push_bind(*severity);
            sql.push(" OR first_seen < ").push_bind(*first_seen);
            sql.push(" OR (first_seen = ").push_bind(*first_seen);
            sql.push(" AND (device, id) > (").push_bind(device.clone()).push(", ").push_bind(id.clone());
            sql.push(")))");
        }
        sql.push(" ORDER BY severity DESC, first_seen DESC, device, id LIMIT ").push_bind(limit);
        sql.build().fetch_all(&self.readers).await.map_err(fault("read findings"))
    }

    async fn finding_total(&self, filter: &FindingFilter) -> Result<Option<u64>, StoreError> {
        if filter.device.is_some() || filter.rule.is_some() || filter.search.is_some() {
            return Ok(None);
        }
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT coalesce(sum(n), 0) FROM finding_counts WHERE 1");
        if !filter.status.is_empty() {
            sql.push(" AND status IN (");
            let mut list = sql.separated(", ");
            for status in &filter.status {
                list.push_bind(status_number(*status));
            }
            sql.push(")");
        }
        if let Some(family) = filter.family {
            sql.push(" AND family = ").push_bind(family.as_str());
        }
        if let Some(least) = filter.at_least {
            sql.push(" AND severity >= ").push_bind(severity_number(least));
        }
        let count: i64 =
            sql.build_query_scalar().fetch_one(&self.readers).await.map_err(fault("count findings"))?;
        Ok(Some(unsigned(count)?))
    }
}

#[async_trait::async_trait]
impl Findings for SqliteStore {
    async fn observe(&self, observed: &Observed) -> Result<Vec<FindingId>, StoreError> {
        let mut tx = self.begin("take an evaluation").await?;
        let grown = observe::observe(&mut tx, observed).await?;
        tx.commit().await.map_err(fault("take an evaluation"))?;
        Ok(grown)
    }

    async fn observe_all(&self, observed: &[Observed]) -> Result<Vec<(DeviceId, FindingId)>, StoreError> {
        if observed.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin("take evaluations").await?;
        let mut grown = Vec::new();
        for one in observed {
            let ids = observe::observe(&mut tx, one).await?;
            grown.extend(ids.into_iter().map(|id| (one.device.clone(), id)));
        }
        tx.commit().await.map_err(fault("take evaluations"))?;
        Ok(grown)
    }

    async fn finding(&self, device: &DeviceId, id: &FindingId) -> Result<Option<FindingRow>, StoreError> {
        sqlx::query(&format!("{SELECT} WHERE device = ? AND id = ?"))
            .bind(device.as_str())
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a finding"))?
            .as_ref()
            .map(finding)
            .transpose()
    }

    async fn findings(
        &self,
        filter: &FindingFilter,
        page: &PageRequest,
    ) -> Result<Page<FindingRow>, StoreError> {
        let limit = page_limit(page);
        let after: Option<Key> = page.after.as_deref().map(read_cursor).transpose()?;
        let mut statuses =
            if filter.status.is_empty() { FindingStatus::ALL.to_vec() } else { filter.status.clone() };
        statuses.sort_by_key(|status| status_number(*status));
        statuses.dedup();
        let candidates = match &filter.search {
            Some(text) => self.search_candidates(text).await?.map(|numbers| json(&numbers)).transpose()?,
            None => None,
        };
        let mut rows = Vec::new();
        for status in statuses {
            let among = (status, candidates.as_deref());
            for row in self.status_page(filter, among, after.as_ref(), limit + 1).await? {
                rows.push((key(&row)?, row));
            }
        }
        rows.sort_by(|a, b| comes_before(&a.0, &b.0));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = match rows.last() {
            Some((key, _)) if more => Some(cursor(key)?),
            _ => None,
        };
        let items = rows.iter().map(|(_, row)| finding(row)).collect::<Result<_, _>>()?;
        Ok(Page { items, next, total: self.finding_total(filter).await? })
    }

    async fn device_findings(&self, device: &DeviceId) -> Result<Vec<FindingRow>, StoreError> {
        sqlx::query(&format!(
            "{SELECT} WHERE device = ? AND status <> ? ORDER BY severity DESC, first_seen DESC, id LIMIT ?"
        ))
        .bind(device.as_str())
        .bind(status_number(FindingStatus::Resolved))
        .bind(MAX_DEVICE_FINDINGS)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read a device's findings"))?
        .iter()
        .map(finding)
        .collect()
    }

    async fn finding_history(
        &self,
        device: &DeviceId,
        id: &FindingId,
    ) -> Result<Vec<FindingEvent>, StoreError> {
        sqlx::query(
            "SELECT at, actor, what, text FROM finding_events WHERE device = ? AND finding = ? ORDER BY id",
        )
        .bind(device.as_str())
        .bind(id.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read a finding's history"))?
        .iter()
        .map(|row| {
            Ok(FindingEvent {
                at: instant_col(row, 0)?,
                actor: col(row, 1)?,
                what: col(row, 2)?,
                text: col(row, 3)?,
            })
        })
        .collect()
    }

    async fn set_finding_status(
        &self,
        device: &DeviceId,
        id: &FindingId,
        version: u64,
        status: FindingStatus,
        event: &FindingEvent,
    ) -> Result<bool, StoreError> {
        const WHAT: &str = "change a finding's status";
        let mut tx = self.begin(WHAT).await?;
        let row: Option<(i64, i64)> =
            sqlx::query_as("SELECT version, status FROM findings WHERE device = ? AND id = ?")
                .bind(device.as_str())
                .bind(id.as_str())
                .fetch_optional(&mut *tx)
                .await
                .map_err(fault(WHAT))?;
        let Some((current, _)) = row else { return Ok(false) };
        if current != signed(version) {
            return Err(StoreError::Conflict(
                "the finding was changed meanwhile: look at it again, then decide".to_owned(),
            ));
        }
        let resolved_at = (status == FindingStatus::Resolved).then_some(micros(event.at));
        sqlx::query(
            "UPDATE findings SET status = ?, resolved_at = ?, approval = NULL, version = version + 1 \
             WHERE device = ? AND id = ?",
        )
        .bind(status_number(status))
        .bind(resolved_at)
        .bind(device.as_str())
        .bind(id.as_str())
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        add_event(&mut tx, device.as_str(), id.as_str(), event).await?;
        enqueue_in(&mut tx, JobKind::Verdict, device.as_str(), 0, event.at).await?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(true)
    }

    async fn raise_finding(
        &self,
        device: &DeviceId,
        id: &FindingId,
        severity: Severity,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        const WHAT: &str = "raise a finding's severity";
        let mut tx = self.begin(WHAT).await?;
        let row = sqlx::query(&format!("{SELECT} WHERE device = ? AND id = ?"))
            .bind(device.as_str())
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        let Some(row) = row else { return Ok(false) };
        let before = finding(&row)?;
        if before.raised.as_ref().is_some_and(|(is, why)| *is == severity && why == reason) {
            return Ok(true);
        }
        let shown = severity.max(before.finding.severity);
        sqlx::query(
            "UPDATE findings SET raised = ?, raised_reason = ?, severity = ?, version = version + 1 \
             WHERE device = ? AND id = ?",
        )
        .bind(severity_number(severity))
        .bind(reason)
        .bind(severity_number(shown))
        .bind(device.as_str())
        .bind(id.as_str())
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        let event = FindingEvent {
            at,
            actor: "server".to_owned(),
            what: format!("severity {} → {shown}", before.finding.severity),
            text: Some(reason.to_owned()),
        };
        add_event(&mut tx, device.as_str(), id.as_str(), &event).await?;
        enqueue_in(&mut tx, JobKind::Verdict, device.as_str(), 0, at).await?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(true)
    }

    async fn assign_finding(
        &self,
        device: &DeviceId,
        id: &FindingId,
        assignee: Option<&str>,
        event: &FindingEvent,
    ) -> Result<bool, StoreError> {
        const WHAT: &str = "assign a finding";
        let mut tx = self.begin(WHAT).await?;
        let done = sqlx::query(
            "UPDATE findings SET assignee = ?, version = version + 1 WHERE device = ? AND id = ?",
        )
        .bind(assignee)
        .bind(device.as_str())
        .bind(id.as_str())
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        add_event(&mut tx, device.as_str(), id.as_str(), event).await?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(true)
    }

    async fn comment_finding(
        &self,
        device: &DeviceId,
        id: &FindingId,
        event: &FindingEvent,
    ) -> Result<bool, StoreError> {
        const WHAT: &str = "comment on a finding";
        let mut tx = self.begin(WHAT).await?;
        let known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM findings WHERE device = ? AND id = ?")
            .bind(device.as_str())
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        if known.is_none() {
            return Ok(false);
        }
        add_event(&mut tx, device.as_str(), id.as_str(), event).await?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(true)
    }
}
