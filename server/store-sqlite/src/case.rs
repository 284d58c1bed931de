use bearing_protocol::id::{CaseId, DeviceId, FindingId};
use bearing_store::{
    CaseChange, CaseCheck, CaseCounts, CaseEvent, CaseFilter, CaseMember, CaseRow, CaseStatus, Cases,
    CustodyEntry, Opened, Page, PageRequest, StoreError,
};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use crate::{
    SqliteStore, case_change,
    column::{
        col, contains, cursor, instant_col, json, json_col, maybe_json_col, maybe_word_col, micros,
        read_cursor, serde_word, serde_word_col, signed, unsigned, word_col,
    },
    device::page_limit,
    fault::fault,
    verdict::rank,
};

/// Most findings of one case that are read at once.
const MAX_MEMBERS: i64 = 5_000;
/// Most lines of a timeline that are read at once: the newest.
const MAX_EVENTS: i64 = 5_000;

pub(crate) const fn status_number(status: CaseStatus) -> i64 {
    match status {
        CaseStatus::Open => 0,
        CaseStatus::InReview => 1,
        CaseStatus::AwaitingDecision => 2,
        CaseStatus::Closed => 3,
    }
}

/// Evidence in tenths, so that pages compare whole numbers.
pub(crate) fn tenths(evidence: Option<f64>) -> i64 {
    // Bounded first: a score never comes near it.
    evidence.map_or(-10, |evidence| (evidence.clamp(0.0, 1e9) * 10.0).round() as i64)
}

/// Where a case stands in the order of pages.
type Key = (i64, i64, i64, i64, String);

fn key(row: &CaseRow) -> Key {
    let priority = i64::try_from(row.flags.len()).unwrap_or(i64::MAX);
    (rank(&row.verdict), -priority, -tenths(row.evidence), -micros(row.opened_at), row.id.to_string())
}

fn member(row: &SqliteRow) -> Result<CaseMember, StoreError> {
    Ok(CaseMember {
        device: word_col(row, 0)?,
        finding: word_col(row, 1)?,
        added_at: instant_col(row, 2)?,
        report: col::<Option<i64>>(row, 3)?.map(unsigned).transpose()?,
        moved_to: maybe_word_col(row, 4)?,
        closing: maybe_json_col(row, 5)?,
    })
}

impl SqliteStore {
    /// One status' part of a page, in order.
    async fn case_page(
        &self,
        filter: &CaseFilter,
        status: CaseStatus,
        after: Option<&Key>,
        limit: i64,
    ) -> Result<Vec<CaseRow>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT body FROM cases WHERE status = ");
        sql.push_bind(status_number(status));
        if let Some(verdict) = &filter.verdict {
            sql.push(" AND verdict = ").push_bind(verdict.clone());
        }
        if let Some(kind) = filter.kind {
            sql.push(" AND subject_kind = ").push_bind(kind.as_str());
        }
        if let Some(assignee) = &filter.assignee {
            sql.push(" AND assignee = ").push_bind(assignee.clone());
        }
        if let Some(device) = &filter.device {
            sql.push(" AND id IN (SELECT case_id FROM case_devices WHERE device = ");
            sql.push_bind(device.to_string()).push(")");
        }
        if let Some(search) = &filter.search {
            let pattern = contains(search);
            sql.push(" AND (title LIKE ").push_bind(pattern.clone());
            sql.push(r" ESCAPE '\' OR subject_id LIKE ").push_bind(pattern.clone());
            sql.push(r" ESCAPE '\' OR id LIKE ").push_bind(pattern).push(r" ESCAPE '\')");
        }
        if let Some((rank, priority, tenths, opened, id)) = after {
            sql.push(" AND (rank, -priority, -tenths, -opened_at, id) > (").push_bind(*rank).push(", ");
            sql.push_bind(*priority).push(", ").push_bind(*tenths).push(", ").push_bind(*opened);
            sql.push(", ").push_bind(id.clone()).push(")");
        }
        sql.push(" ORDER BY rank, -priority, -tenths, -opened_at, id LIMIT ").push_bind(limit);
        let rows = sql.build().fetch_all(&self.readers).await.map_err(fault("read cases"))?;
        rows.iter().map(|row| json_col(row, 0)).collect()
    }
}

#[async_trait::async_trait]
impl Cases for SqliteStore {
    async fn open_case(&self, new: &CaseRow, change: &CaseChange) -> Result<Opened, StoreError> {
        case_change::open(self, new, change).await
    }

    async fn case(&self, id: &CaseId) -> Result<Option<CaseRow>, StoreError> {
        sqlx::query("SELECT body FROM cases WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a case"))?
            .map(|row| json_col(&row, 0))
            .transpose()
    }

    async fn cases(&self, filter: &CaseFilter, page: &PageRequest) -> Result<Page<CaseRow>, StoreError> {
        let limit = page_limit(page);
        let after: Option<Key> = page.after.as_deref().map(read_cursor).transpose()?;
        let mut statuses =
            if filter.status.is_empty() { CaseStatus::ALL.to_vec() } else { filter.status.clone() };
        statuses.sort();
        statuses.dedup();
        let mut rows = Vec::new();
        for status in statuses {
            rows.extend(self.case_page(filter, status, after.as_ref(), limit + 1).await?);
        }
        rows.sort_by_cached_key(key);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = match rows.last() {
            Some(row) if more => Some(cursor(&key(row))?),
            _ => None,
        };
        Ok(Page { items: rows, next, total: None })
    }

    async fn case_counts(&self) -> Result<CaseCounts, StoreError> {
        let rows: Vec<(i64, String, i64)> =
            sqlx::query_as("SELECT status, verdict, count(*) FROM cases GROUP BY status, verdict")
                .fetch_all(&self.readers)
                .await
                .map_err(fault("count cases"))?;
        let mut counts = CaseCounts::default();
        for (number, verdict, count) in rows {
            let status = CaseStatus::ALL.into_iter().find(|status| status_number(*status) == number);
            let Some(status) = status else { continue };
            *counts.by_status.entry(status.as_str().to_owned()).or_default() += unsigned(count)?;
            if status != CaseStatus::Closed {
                *counts.by_verdict.entry(verdict).or_default() += unsigned(count)?;
            }
        }
        Ok(counts)
    }

    async fn cases_of_devices(&self, devices: &[DeviceId]) -> Result<Vec<(DeviceId, CaseRow)>, StoreError> {
        if devices.is_empty() {
            return Ok(Vec::new());
        }
        sqlx::query(
            "SELECT d.device, c.body FROM case_devices d JOIN cases c ON c.id = d.case_id \
             WHERE d.device IN (SELECT value FROM json_each(?)) ORDER BY c.opened_at DESC, c.id",
        )
        .bind(json(&devices)?)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read devices' cases"))?
        .iter()
        .map(|row| Ok((word_col(row, 0)?, json_col::<CaseRow>(row, 1)?)))
        .filter(|row| !row.as_ref().is_ok_and(|(_, case)| case.moved_to.is_some()))
        .collect()
    }

    async fn cases_of_finding(
        &self,
        device: &DeviceId,
        finding: &FindingId,
    ) -> Result<Vec<CaseRow>, StoreError> {
        sqlx::query(
            "SELECT c.body FROM case_members m JOIN cases c ON c.id = m.case_id \
             WHERE m.device = ? AND m.finding = ? AND m.moved_to IS NULL ORDER BY c.opened_at DESC, c.id",
        )
        .bind(device.as_str())
        .bind(finding.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read a finding's cases"))?
        .iter()
        .map(|row| json_col(row, 0))
        .collect()
    }

    async fn case_members(&self, id: &CaseId) -> Result<Vec<CaseMember>, StoreError> {
        sqlx::query(
            "SELECT device, finding, added_at, report, moved_to, closing FROM case_members WHERE case_id = ? \
             ORDER BY device, finding LIMIT ?",
        )
        .bind(id.as_str())
        .bind(MAX_MEMBERS)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read a case's findings"))?
        .iter()
        .map(member)
        .collect()
    }

    async fn case_devices(&self, id: &CaseId) -> Result<Vec<DeviceId>, StoreError> {
        sqlx::query("SELECT device FROM case_devices WHERE case_id = ? ORDER BY device LIMIT ?")
            .bind(id.as_str())
            .bind(MAX_MEMBERS)
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read a case's devices"))?
            .iter()
            .map(|row| word_col(row, 0))
            .collect()
    }

    async fn save_case(&self, row: &CaseRow, version: u64, change: &CaseChange) -> Result<bool, StoreError> {
        case_change::save(self, row, version, change).await
    }

    async fn split_case(
        &self,
        from: (&CaseRow, u64),
        new: &CaseRow,
        findings: &[(DeviceId, FindingId)],
        events: (&CaseEvent, &CaseEvent),
    ) -> Result<bool, StoreError> {
        case_change::split(self, from, new, findings, events).await
    }

    async fn merge_case(
        &self,
        from: (&CaseRow, u64),
        into: (&CaseRow, u64),
        events: (&CaseEvent, &CaseEvent),
    ) -> Result<bool, StoreError> {
        case_change::merge(self, from, into, events).await
    }

    async fn note_case(&self, id: &CaseId, event: &CaseEvent) -> Result<bool, StoreError> {
        case_change::note(self, id, event).await
    }

    async fn case_events(&self, id: &CaseId) -> Result<Vec<CaseEvent>, StoreError> {
        let mut events = sqlx::query(
            "SELECT at, actor, what, text FROM case_events WHERE case_id = ? ORDER BY id DESC LIMIT ?",
        )
        .bind(id.as_str())
        .bind(MAX_EVENTS)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read a case's timeline"))?
        .iter()
        .map(|row| {
            Ok(CaseEvent {
                at: instant_col(row, 0)?,
                actor: col(row, 1)?,
                what: col(row, 2)?,
                text: col(row, 3)?,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
        events.reverse();
        Ok(events)
    }

    async fn answer_check(
        &self,
        id: &CaseId,
        version: u64,
        check: &CaseCheck,
        event: &CaseEvent,
    ) -> Result<bool, StoreError> {
        case_change::answer(self, id, version, check, event).await
    }

    async fn case_checks(&self, id: &CaseId) -> Result<Vec<CaseCheck>, StoreError> {
        sqlx::query(
            "SELECT step, result, note, done_by, at FROM case_checks WHERE case_id = ? ORDER BY at, step",
        )
        .bind(id.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read a case's disproof steps"))?
        .iter()
        .map(|row| {
            Ok(CaseCheck {
                key: col(row, 0)?,
                result: serde_word_col(row, 1)?,
                note: col(row, 2)?,
                by: col(row, 3)?,
                at: instant_col(row, 4)?,
            })
        })
        .collect()
    }

    async fn note_custody(&self, id: &CaseId, entry: &CustodyEntry) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO case_custody (case_id, at, actor, what, digest, audit) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(id.as_str())
        .bind(micros(entry.at))
        .bind(&entry.actor)
        .bind(&entry.what)
        .bind(&entry.digest)
        .bind(signed(entry.audit))
        .execute(&self.writer)
        .await
        .map_err(fault("note who had a case in hand"))?;
        Ok(())
    }

    async fn custody(&self, id: &CaseId, limit: u32) -> Result<Vec<CustodyEntry>, StoreError> {
        let mut entries = sqlx::query(
            "SELECT at, actor, what, digest, audit FROM case_custody WHERE case_id = ? ORDER BY id DESC LIMIT ?",
        )
        .bind(id.as_str())
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read who had a case in hand"))?
        .iter()
        .map(|row| {
            Ok(CustodyEntry {
                at: instant_col(row, 0)?,
                actor: col(row, 1)?,
                what: col(row, 2)?,
                digest: col(row, 3)?,
                audit: unsigned(col(row, 4)?)?,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
        entries.reverse();
        Ok(entries)
    }
}

/// The word of a check's result, as it is stored.
pub(crate) fn result_word(check: &CaseCheck) -> Result<String, StoreError> {
    serde_word(&check.result)
}
