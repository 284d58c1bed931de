use bearing_protocol::{
    Timestamp,
    finding::Finding,
    id::{ApprovalId, DeviceId, FindingId},
    rule::RuleId,
};
use bearing_store::{ApprovalRow, Approvals, FindingEvent, FindingStatus, JobKind, StoreError};
use sqlx::{QueryBuilder, Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{col, instant_col, maybe_instant_col, maybe_word_col, micros, word_col},
    fault::{damaged, fault, is_duplicate},
    finding::{add_event, status_number},
    job::enqueue_in,
};

const COLUMNS: &str = "id, finding, rule, product, device, device_group, owner, reason, created_by, created_at, expires_at, revoked_at, hours";

fn approval(row: &SqliteRow) -> Result<ApprovalRow, StoreError> {
    Ok(ApprovalRow {
        id: word_col(row, 0)?,
        finding: maybe_word_col(row, 1)?,
        rule: maybe_word_col(row, 2)?,
        product: col(row, 3)?,
        device: maybe_word_col(row, 4)?,
        group: col(row, 5)?,
        owner: col(row, 6)?,
        reason: col(row, 7)?,
        created_by: col(row, 8)?,
        created_at: instant_col(row, 9)?,
        expires_at: instant_col(row, 10)?,
        revoked_at: maybe_instant_col(row, 11)?,
        hours: col(row, 12)?,
    })
}

/// What an approval in force covers.
pub(crate) struct Scope {
    pub(crate) id: ApprovalId,
    finding: Option<FindingId>,
    rule: Option<RuleId>,
    product: Option<String>,
    device: Option<DeviceId>,
    group: Option<String>,
    pub(crate) owner: String,
    pub(crate) reason: String,
}

impl Scope {
    /// Whether it covers this finding on this device in this group.
    pub(crate) fn covers(&self, finding: &Finding, device: &DeviceId, group: &str) -> bool {
        self.finding.as_ref().is_none_or(|id| *id == finding.id)
            && self.rule.as_ref().is_none_or(|rule| *rule == finding.rule)
            && self.product.is_none_or_eq(finding.product.as_deref())
            && self.device.as_ref().is_none_or(|id| id == device)
            && self.group.as_deref().is_none_or(|name| name == group)
    }
}

trait NoneOrEq {
    fn is_none_or_eq(&self, other: Option<&str>) -> bool;
}

impl NoneOrEq for Option<String> {
    fn is_none_or_eq(&self, other: Option<&str>) -> bool {
        self.as_deref().is_none_or(|name| Some(name) == other)
    }
}

/// The approvals in force at `now`, but for those whose hours do not hold.
pub(crate) async fn scopes_in_force(
    tx: &mut Transaction<'_, Sqlite>,
    now: Timestamp,
    suspended: &[ApprovalId],
) -> Result<Vec<Scope>, StoreError> {
    sqlx::query(&format!(
        "SELECT {COLUMNS} FROM approvals WHERE revoked_at IS NULL AND expires_at > ? ORDER BY created_at, id"
    ))
    .bind(micros(now))
    .fetch_all(&mut **tx)
    .await
    .map_err(fault("read approvals"))?
    .iter()
    .map(approval)
    .filter(|row| !row.as_ref().is_ok_and(|row| suspended.contains(&row.id)))
    .map(|row| {
        let row = row?;
        Ok(Scope {
            id: row.id,
            finding: row.finding,
            rule: row.rule,
            product: row.product,
            device: row.device,
            group: row.group,
            owner: row.owner,
            reason: row.reason,
        })
    })
    .collect()
}

/// Reopens the findings that `id` covered; how many.
async fn reopen(
    tx: &mut Transaction<'_, Sqlite>,
    id: &str,
    at: Timestamp,
    actor: &str,
    text: &str,
) -> Result<u64, StoreError> {
    const WHAT: &str = "reopen approved findings";
    let rows = sqlx::query(
        "UPDATE findings SET status = ?, approval = NULL, version = version + 1 \
         WHERE approval = ? AND status = ? RETURNING device, id",
    )
    .bind(status_number(FindingStatus::Open))
    .bind(id)
    .bind(status_number(FindingStatus::Approved))
    .fetch_all(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    for row in &rows {
        let event = FindingEvent {
            at,
            actor: actor.to_owned(),
            what: "status approved → open".to_owned(),
            text: Some(text.to_owned()),
        };
        add_event(tx, col(row, 0)?, col(row, 1)?, &event).await?;
        enqueue_in(tx, JobKind::Verdict, col(row, 0)?, 0, at).await?;
    }
    u64::try_from(rows.len()).map_err(damaged("count"))
}

/// Marks the open findings that `row` covers.
async fn mark(tx: &mut Transaction<'_, Sqlite>, row: &ApprovalRow) -> Result<u64, StoreError> {
    const WHAT: &str = "mark approved findings";
    let mut sql = QueryBuilder::<Sqlite>::new("UPDATE findings SET status = ");
    sql.push_bind(status_number(FindingStatus::Approved));
    sql.push(", version = version + 1, approval = ").push_bind(row.id.as_str());
    sql.push(" WHERE status IN (0, 1)");
    if let Some(finding) = &row.finding {
        sql.push(" AND id = ").push_bind(finding.as_str());
    }
    if let Some(rule) = &row.rule {
        sql.push(" AND rule = ").push_bind(rule.to_string());
    }
    if let Some(product) = &row.product {
        sql.push(" AND product = ").push_bind(product);
    }
    if let Some(device) = &row.device {
        sql.push(" AND device = ").push_bind(device.as_str());
    }
    if let Some(group) = &row.group {
        sql.push(" AND device IN (SELECT id FROM devices WHERE device_group = ").push_bind(group).push(")");
    }
    sql.push(" RETURNING device, id");
    let rows = sql.build().fetch_all(&mut **tx).await.map_err(fault(WHAT))?;
    for found in &rows {
        let event = FindingEvent {
            at: row.created_at,
            actor: row.created_by.clone(),
            what: "status open → approved".to_owned(),
            text: Some(format!("{} ({}), until {}", row.reason, row.owner, row.expires_at)),
        };
        add_event(tx, col(found, 0)?, col(found, 1)?, &event).await?;
        enqueue_in(tx, JobKind::Verdict, col(found, 0)?, 0, row.created_at).await?;
    }
    u64::try_from(rows.len()).map_err(damaged("count"))
}

#[async_trait::async_trait]
impl Approvals for SqliteStore {
    async fn add_approval(&self, row: &ApprovalRow) -> Result<u64, StoreError> {
        const WHAT: &str = "give an approval";
        if row.finding.is_none() && row.rule.is_none() && row.product.is_none() {
            return Err(StoreError::Conflict(
                "an approval names a finding, a rule or a product: nothing approves everything".to_owned(),
            ));
        }
        let mut tx = self.begin(WHAT).await?;
        sqlx::query(
            "INSERT INTO approvals (id, finding, rule, product, device, device_group, owner, reason, created_by, \
             created_at, expires_at, revoked_at, hours) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(row.id.as_str())
        .bind(row.finding.as_ref().map(FindingId::as_str))
        .bind(row.rule.as_ref().map(RuleId::as_str))
        .bind(&row.product)
        .bind(row.device.as_ref().map(DeviceId::as_str))
        .bind(&row.group)
        .bind(&row.owner)
        .bind(&row.reason)
        .bind(&row.created_by)
        .bind(micros(row.created_at))
        .bind(micros(row.expires_at))
        .bind(row.revoked_at.map(micros))
        .bind(&row.hours)
        .execute(&mut *tx)
        .await
        .map_err(|error| match is_duplicate(&error) {
            true => StoreError::Conflict(format!("approval `{}` exists already", row.id)),
            false => fault(WHAT)(error),
        })?;
        let in_force = row.revoked_at.is_none() && row.expires_at > row.created_at && row.hours.is_none();
        let marked = if in_force { mark(&mut tx, row).await? } else { 0 };
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(marked)
    }

    async fn revoke_approval(&self, id: &ApprovalId, at: Timestamp, actor: &str) -> Result<bool, StoreError> {
        const WHAT: &str = "withdraw an approval";
        let mut tx = self.begin(WHAT).await?;
        let done = sqlx::query("UPDATE approvals SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
            .bind(micros(at))
            .bind(id.as_str())
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        reopen(&mut tx, id.as_str(), at, actor, "the approval was withdrawn").await?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(true)
    }

    async fn approvals(&self) -> Result<Vec<ApprovalRow>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM approvals ORDER BY created_at DESC, id"))
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read approvals"))?
            .iter()
            .map(approval)
            .collect()
    }

    async fn expire_approvals(&self, now: Timestamp) -> Result<u64, StoreError> {
        const WHAT: &str = "expire approvals";
        let mut tx = self.begin(WHAT).await?;
        let expired: Vec<String> = sqlx::query_scalar(
            "UPDATE approvals SET expired_at = ?1 WHERE expires_at <= ?1 AND expired_at IS NULL AND revoked_at IS NULL \
             RETURNING id",
        )
        .bind(micros(now))
        .fetch_all(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        let mut reopened = 0;
        for id in &expired {
            reopened += reopen(&mut tx, id, now, "server", "the approval expired").await?;
        }
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(reopened)
    }
}
