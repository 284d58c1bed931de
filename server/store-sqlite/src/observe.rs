//! One complete evaluation taken into the findings' lives.
//!
//! Always: what is there is taken before what is gone; only findings of the same origin whose rule was
//! assessed resolve; taking the same evaluation twice changes nothing the second time.

use std::collections::{HashMap, HashSet};

use bearing_protocol::{
    finding::Finding,
    id::{ApprovalId, DeviceId, FindingId},
    text::truncate,
};
use bearing_store::{FindingEvent, FindingStatus, JobKind, Observed, ObservedResult, StoreError};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    approval::{Scope, scopes_in_force},
    column::{col, json, maybe_word_col, micros, signed, word_col},
    fault::fault,
    finding::{add_event, severity_number, severity_of, status_number, status_of},
    job::enqueue_in,
};

const WHAT: &str = "take an evaluation";
/// Longest title, subject or product that is kept in a column of its own, in bytes.
const MAX_COLUMN_BYTES: usize = 512;

/// What is known of a finding before.
struct Known {
    status: FindingStatus,
    approval: Option<ApprovalId>,
    severity: i64,
    raised: Option<i64>,
    body: String,
    origin: String,
    rule: String,
}

fn known(row: &SqliteRow) -> Result<(FindingId, Known), StoreError> {
    let known = Known {
        status: status_of(col(row, 1)?)?,
        approval: maybe_word_col(row, 2)?,
        severity: col(row, 3)?,
        raised: col(row, 4)?,
        body: col(row, 5)?,
        origin: col(row, 6)?,
        rule: col(row, 7)?,
    };
    Ok((word_col(row, 0)?, known))
}

/// Takes an evaluation; the ids that appeared, reopened or grew graver.
pub(crate) async fn observe(
    tx: &mut Transaction<'_, Sqlite>,
    observed: &Observed,
) -> Result<Vec<FindingId>, StoreError> {
    let device = observed.device.as_str();
    let group: Option<String> = sqlx::query_scalar("SELECT device_group FROM devices WHERE id = ?")
        .bind(device)
        .fetch_optional(&mut **tx)
        .await
        .map_err(fault(WHAT))?;
    let Some(group) = group else { return Ok(Vec::new()) };
    if let Some(result) = &observed.result
        && !take_result(tx, &observed.device, result).await?
    {
        return Ok(Vec::new());
    }
    let scopes = scopes_in_force(tx, observed.at, &observed.suspended).await?;
    let rows = sqlx::query(
        "SELECT id, status, approval, severity, raised, body, origin, rule FROM findings WHERE device = ?",
    )
    .bind(device)
    .fetch_all(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    let before: HashMap<FindingId, Known> = rows.iter().map(known).collect::<Result<_, _>>()?;

    let mut grown = Vec::new();
    let mut seen = HashSet::new();
    let mut changed = false;
    for finding in &observed.findings {
        if !seen.insert(&finding.id) {
            continue;
        }
        let scope = scopes.iter().find(|scope| scope.covers(finding, &observed.device, &group));
        let change = match before.get(&finding.id) {
            None => appear(tx, observed, finding, scope).await?,
            Some(known) => see_again(tx, observed, finding, known, scope).await?,
        };
        changed |= change != Change::None;
        if change == Change::Grown {
            grown.push(finding.id.clone());
        }
    }
    for (id, known) in &before {
        let gone = known.origin == observed.origin
            && !seen.contains(id)
            && observed.assessed.iter().any(|rule| rule.as_str() == known.rule);
        let standing = !matches!(known.status, FindingStatus::Resolved | FindingStatus::FalsePositive);
        if gone && standing {
            resolve(tx, observed, id, known.status).await?;
            changed = true;
        }
    }
    if changed && observed.origin != "agent" {
        enqueue_in(tx, JobKind::Verdict, device, 0, observed.at).await?;
    }
    Ok(grown)
}

/// What became of one finding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Only its last sight moved.
    None,
    /// Something a verdict may depend on changed.
    Changed,
    /// It appeared, reopened or grew graver.
    Grown,
}

/// Takes what the device's row shows; false where a newer report was taken before.
async fn take_result(
    tx: &mut Transaction<'_, Sqlite>,
    device: &DeviceId,
    result: &ObservedResult,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO results (device, sequence, coverage, outcomes) VALUES (?, ?, ?, ?) \
         ON CONFLICT (device) DO UPDATE SET sequence = excluded.sequence, coverage = excluded.coverage, \
         outcomes = excluded.outcomes WHERE excluded.sequence >= results.sequence",
    )
    .bind(device.as_str())
    .bind(signed(result.sequence))
    .bind(json(&result.coverage)?)
    .bind(json(&result.outcomes)?)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    // Mostly nothing changes, and then no index is written either.
    sqlx::query(
        "UPDATE devices SET hostname = coalesce(?1, hostname), os_family = ?2, os_name = ?3, os_version = ?4, \
         machine = ?5, agent_version = ?6, policy_name = ?7, policy_version = ?8, policy_digest = ?9, \
         checkin_seconds = coalesce(?10, checkin_seconds) WHERE id = ?11 AND (hostname <> coalesce(?1, hostname) \
         OR os_family <> ?2 OR os_name <> ?3 OR os_version <> ?4 OR machine <> ?5 OR agent_version <> ?6 \
         OR policy_name IS NOT ?7 OR policy_version IS NOT ?8 OR policy_digest IS NOT ?9 \
         OR checkin_seconds <> coalesce(?10, checkin_seconds))",
    )
    .bind(&result.hostname)
    .bind(&result.os.family)
    .bind(&result.os.name)
    .bind(&result.os.version)
    .bind(result.machine.as_str())
    .bind(&result.agent_version)
    .bind(&result.policy.name)
    .bind(signed(result.policy.version))
    .bind(result.policy.digest.to_string())
    .bind(result.checkin_seconds)
    .bind(device.as_str())
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(true)
}

async fn appear(
    tx: &mut Transaction<'_, Sqlite>,
    observed: &Observed,
    finding: &Finding,
    scope: Option<&Scope>,
) -> Result<Change, StoreError> {
    let status = if scope.is_some() || finding.approval.is_some() {
        FindingStatus::Approved
    } else {
        FindingStatus::Open
    };
    sqlx::query(
        "INSERT INTO findings (device, id, rule, family, severity, product, title, subject, body, origin, status, \
         approval, first_seen, last_seen, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
    )
    .bind(observed.device.as_str())
    .bind(finding.id.as_str())
    .bind(finding.rule.as_str())
    .bind(finding.family.as_str())
    .bind(severity_number(finding.severity))
    .bind(finding.product.as_deref().map(|text| truncate(text, MAX_COLUMN_BYTES)))
    .bind(truncate(&finding.title, MAX_COLUMN_BYTES))
    .bind(truncate(&finding.subject, MAX_COLUMN_BYTES))
    .bind(json(finding)?)
    .bind(&observed.origin)
    .bind(status_number(status))
    .bind(scope.map(|scope| scope.id.as_str()))
    .bind(micros(observed.at))
    .bind(micros(observed.at))
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    note(tx, observed, &finding.id, "appeared".to_owned(), None).await?;
    if status == FindingStatus::Approved {
        note(tx, observed, &finding.id, "status open → approved".to_owned(), Some(reason(finding, scope)))
            .await?;
    }
    Ok(Change::Grown)
}

async fn see_again(
    tx: &mut Transaction<'_, Sqlite>,
    observed: &Observed,
    finding: &Finding,
    known: &Known,
    scope: Option<&Scope>,
) -> Result<Change, StoreError> {
    let reported = severity_number(finding.severity);
    let severity = known.raised.map_or(reported, |raised| raised.max(reported));
    let graver = severity > known.severity;
    let covered = scope.is_some() || finding.approval.is_some();
    let status = match known.status {
        _ if covered && known.status != FindingStatus::FalsePositive => FindingStatus::Approved,
        FindingStatus::Resolved | FindingStatus::Approved => FindingStatus::Open,
        // A judgement about something lesser does not hold for something graver.
        FindingStatus::FalsePositive if graver => FindingStatus::Open,
        other => other,
    };
    let approval = scope.map(|scope| &scope.id).filter(|_| status == FindingStatus::Approved);
    let body = json(finding)?;
    if status == known.status
        && severity == known.severity
        && approval == known.approval.as_ref()
        && body == known.body
    {
        sqlx::query("UPDATE findings SET last_seen = max(last_seen, ?) WHERE device = ? AND id = ?")
            .bind(micros(observed.at))
            .bind(observed.device.as_str())
            .bind(finding.id.as_str())
            .execute(&mut **tx)
            .await
            .map_err(fault(WHAT))?;
        return Ok(Change::None);
    }
    sqlx::query(
        "UPDATE findings SET rule = ?, family = ?, severity = ?, product = ?, title = ?, subject = ?, body = ?, origin = ?, \
         status = ?, approval = ?, last_seen = max(last_seen, ?), resolved_at = NULL, version = version + 1 \
         WHERE device = ? AND id = ?",
    )
    .bind(finding.rule.as_str())
    .bind(finding.family.as_str())
    .bind(severity)
    .bind(finding.product.as_deref().map(|text| truncate(text, MAX_COLUMN_BYTES)))
    .bind(truncate(&finding.title, MAX_COLUMN_BYTES))
    .bind(truncate(&finding.subject, MAX_COLUMN_BYTES))
    .bind(body)
    .bind(&observed.origin)
    .bind(status_number(status))
    .bind(approval.map(ApprovalId::as_str))
    .bind(micros(observed.at))
    .bind(observed.device.as_str())
    .bind(finding.id.as_str())
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    if severity != known.severity {
        let what = format!("severity {} → {}", severity_of(known.severity)?, severity_of(severity)?);
        note(tx, observed, &finding.id, what, None).await?;
    }
    if status != known.status {
        let what = format!("status {} → {}", known.status.as_str(), status.as_str());
        let text = match (known.status, status) {
            (_, FindingStatus::Approved) => Some(reason(finding, scope)),
            (FindingStatus::Resolved, _) => Some("it is there again".to_owned()),
            (FindingStatus::Approved, _) => Some("no approval covers it any more".to_owned()),
            (FindingStatus::FalsePositive, _) => Some("it grew graver".to_owned()),
            _ => None,
        };
        note(tx, observed, &finding.id, what, text).await?;
    }
    let reopened = status == FindingStatus::Open && status != known.status;
    Ok(if graver || reopened { Change::Grown } else { Change::Changed })
}

async fn resolve(
    tx: &mut Transaction<'_, Sqlite>,
    observed: &Observed,
    id: &FindingId,
    status: FindingStatus,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE findings SET status = ?, resolved_at = ?, approval = NULL, version = version + 1 \
         WHERE device = ? AND id = ?",
    )
    .bind(status_number(FindingStatus::Resolved))
    .bind(micros(observed.at))
    .bind(observed.device.as_str())
    .bind(id.as_str())
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    let what = format!("status {} → resolved", status.as_str());
    note(tx, observed, id, what, Some("a later complete evaluation no longer shows it".to_owned())).await
}

async fn note(
    tx: &mut Transaction<'_, Sqlite>,
    observed: &Observed,
    id: &FindingId,
    what: String,
    text: Option<String>,
) -> Result<(), StoreError> {
    let event = FindingEvent { at: observed.at, actor: observed.origin.clone(), what, text };
    add_event(tx, observed.device.as_str(), id.as_str(), &event).await
}

fn reason(finding: &Finding, scope: Option<&Scope>) -> String {
    match (scope, &finding.approval) {
        (Some(scope), _) => format!("{} ({})", scope.reason, scope.owner),
        (None, Some(approval)) => format!("by policy: {} ({})", approval.reason, approval.owner),
        (None, None) => String::new(),
    }
}
