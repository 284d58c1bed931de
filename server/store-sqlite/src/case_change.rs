//! Changing cases: each change is one transaction that first proves the version it saw.

use bearing_protocol::id::{CaseId, DeviceId, FindingId};
use bearing_store::{CaseChange, CaseCheck, CaseEvent, CaseMember, CaseRow, CaseStatus, Opened, StoreError};
use sqlx::{Sqlite, Transaction};

use crate::{
    SqliteStore,
    case::{result_word, status_number, tenths},
    column::{json, json_col, maybe_word_col, micros, signed, unsigned},
    fault::{fault, is_duplicate},
    verdict::rank,
};

type Tx = Transaction<'static, Sqlite>;

const CHANGED: &str = "the case was changed meanwhile: look at it again, then decide";
const WHAT: &str = "change a case";

/// What stands for the subject while an open case follows it.
fn open_subject(row: &CaseRow) -> Option<String> {
    let open = row.follows && row.status != CaseStatus::Closed;
    open.then(|| format!("{}:{}", row.subject.kind.as_str(), row.subject.id))
}

/// Writes a row that is new, or replaces one whose version the caller has proved.
async fn write(tx: &mut Tx, row: &CaseRow) -> Result<(), sqlx::Error> {
    let body = json(row).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query(
        "INSERT INTO cases (id, subject_kind, subject_id, open_subject, title, status, rank, priority, tenths, verdict, \
         assignee, opened_at, body, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET open_subject = excluded.open_subject, title = excluded.title, \
         status = excluded.status, rank = excluded.rank, priority = excluded.priority, tenths = excluded.tenths, \
         verdict = excluded.verdict, assignee = excluded.assignee, body = excluded.body, version = excluded.version",
    )
    .bind(row.id.as_str())
    .bind(row.subject.kind.as_str())
    .bind(&row.subject.id)
    .bind(open_subject(row))
    .bind(&row.title)
    .bind(status_number(row.status))
    .bind(rank(&row.verdict))
    .bind(i64::try_from(row.flags.len()).unwrap_or(i64::MAX))
    .bind(tenths(row.evidence))
    .bind(&row.verdict)
    .bind(&row.assignee)
    .bind(micros(row.opened_at))
    .bind(body)
    .bind(signed(row.version))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Replaces a row whose version was proved.
async fn replace(tx: &mut Tx, row: &CaseRow) -> Result<(), StoreError> {
    write(tx, row).await.map_err(|error| {
        if is_duplicate(&error) {
            StoreError::Conflict(
                "another open case follows this device, person or group: go on there, or merge them"
                    .to_owned(),
            )
        } else {
            fault(WHAT)(error)
        }
    })
}

/// Whether there is such a case; `Conflict` where its version is another.
async fn prove(tx: &mut Tx, id: &CaseId, version: u64) -> Result<bool, StoreError> {
    let current: Option<i64> = sqlx::query_scalar("SELECT version FROM cases WHERE id = ?")
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await
        .map_err(fault(WHAT))?;
    match current {
        None => Ok(false),
        Some(current) if current == signed(version) => Ok(true),
        Some(_) => Err(StoreError::Conflict(CHANGED.to_owned())),
    }
}

async fn event(tx: &mut Tx, id: &CaseId, event: &CaseEvent) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO case_events (case_id, at, actor, what, text) VALUES (?, ?, ?, ?, ?)")
        .bind(id.as_str())
        .bind(micros(event.at))
        .bind(&event.actor)
        .bind(&event.what)
        .bind(&event.text)
        .execute(&mut **tx)
        .await
        .map_err(fault("write a case's timeline"))?;
    Ok(())
}

async fn add(tx: &mut Tx, id: &CaseId, member: &CaseMember) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO case_members (case_id, device, finding, added_at, report, moved_to, closing) \
         VALUES (?, ?, ?, ?, ?, NULL, ?) ON CONFLICT (case_id, device, finding) DO UPDATE SET moved_to = NULL \
         WHERE moved_to IS NOT NULL",
    )
    .bind(id.as_str())
    .bind(member.device.as_str())
    .bind(member.finding.as_str())
    .bind(micros(member.added_at))
    .bind(member.report.map(signed))
    .bind(member.closing.as_ref().map(json).transpose()?)
    .execute(&mut **tx)
    .await
    .map_err(fault("add a finding to a case"))?;
    cover(tx, id, &member.device).await
}

async fn cover(tx: &mut Tx, id: &CaseId, device: &DeviceId) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO case_devices (case_id, device) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(id.as_str())
        .bind(device.as_str())
        .execute(&mut **tx)
        .await
        .map_err(fault("add a device to a case"))?;
    Ok(())
}

async fn apply(tx: &mut Tx, id: &CaseId, change: &CaseChange) -> Result<(), StoreError> {
    for member in &change.add {
        add(tx, id, member).await?;
    }
    for device in &change.devices {
        cover(tx, id, device).await?;
    }
    for (device, finding, mark) in &change.marks {
        sqlx::query("UPDATE case_members SET closing = ? WHERE case_id = ? AND device = ? AND finding = ?")
            .bind(json(mark)?)
            .bind(id.as_str())
            .bind(device.as_str())
            .bind(finding.as_str())
            .execute(&mut **tx)
            .await
            .map_err(fault(WHAT))?;
    }
    for line in &change.events {
        event(tx, id, line).await?;
    }
    Ok(())
}

/// See [`bearing_store::Cases::open_case`].
pub(crate) async fn open(
    store: &SqliteStore,
    new: &CaseRow,
    change: &CaseChange,
) -> Result<Opened, StoreError> {
    const WHAT: &str = "open a case";
    let mut tx = store.begin(WHAT).await?;
    if let Some(subject) = open_subject(new) {
        let there = sqlx::query("SELECT id FROM cases WHERE open_subject = ?")
            .bind(subject)
            .fetch_optional(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        if let Some(row) = there
            && let Some(id) = maybe_word_col(&row, 0)?
        {
            return Ok(Opened::Already(id));
        }
    }
    replace(&mut tx, new).await?;
    apply(&mut tx, &new.id, change).await?;
    tx.commit().await.map_err(fault(WHAT))?;
    Ok(Opened::New)
}

/// See [`bearing_store::Cases::save_case`].
pub(crate) async fn save(
    store: &SqliteStore,
    row: &CaseRow,
    version: u64,
    change: &CaseChange,
) -> Result<bool, StoreError> {
    let mut tx = store.begin(WHAT).await?;
    if !prove(&mut tx, &row.id, version).await? {
        return Ok(false);
    }
    replace(&mut tx, &CaseRow { version: version + 1, ..row.clone() }).await?;
    apply(&mut tx, &row.id, change).await?;
    tx.commit().await.map_err(fault(WHAT))?;
    Ok(true)
}

/// See [`bearing_store::Cases::split_case`].
pub(crate) async fn split(
    store: &SqliteStore,
    (from, version): (&CaseRow, u64),
    new: &CaseRow,
    findings: &[(DeviceId, FindingId)],
    (from_event, new_event): (&CaseEvent, &CaseEvent),
) -> Result<bool, StoreError> {
    const WHAT: &str = "split a case";
    let mut tx = store.begin(WHAT).await?;
    if !prove(&mut tx, &from.id, version).await? {
        return Ok(false);
    }
    replace(&mut tx, &CaseRow { version: version + 1, ..from.clone() }).await?;
    replace(&mut tx, new).await?;
    for (device, finding) in findings {
        let moved = sqlx::query(
            "UPDATE case_members SET moved_to = ? WHERE case_id = ? AND device = ? AND finding = ? AND moved_to IS NULL",
        )
        .bind(new.id.as_str())
        .bind(from.id.as_str())
        .bind(device.as_str())
        .bind(finding.as_str())
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        if moved.rows_affected() == 0 {
            return Err(StoreError::Conflict("a chosen finding is not in the case any more".to_owned()));
        }
        sqlx::query(
            "INSERT INTO case_members (case_id, device, finding, added_at, report, moved_to, closing) \
             SELECT ?, device, finding, ?, report, NULL, NULL FROM case_members \
             WHERE case_id = ? AND device = ? AND finding = ?",
        )
        .bind(new.id.as_str())
        .bind(micros(new.opened_at))
        .bind(from.id.as_str())
        .bind(device.as_str())
        .bind(finding.as_str())
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        cover(&mut tx, &new.id, device).await?;
    }
    copy_answers(&mut tx, &from.id, &new.id).await?;
    event(&mut tx, &from.id, from_event).await?;
    event(&mut tx, &new.id, new_event).await?;
    tx.commit().await.map_err(fault(WHAT))?;
    Ok(true)
}

/// Answers to disproof steps go along; where both have one, the newer holds.
async fn copy_answers(tx: &mut Tx, from: &CaseId, into: &CaseId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO case_checks (case_id, step, result, note, done_by, at) \
         SELECT ?, step, result, note, done_by, at FROM case_checks WHERE case_id = ? \
         ON CONFLICT (case_id, step) DO UPDATE SET result = excluded.result, note = excluded.note, \
         done_by = excluded.done_by, at = excluded.at WHERE excluded.at > case_checks.at",
    )
    .bind(into.as_str())
    .bind(from.as_str())
    .execute(&mut **tx)
    .await
    .map_err(fault("take disproof steps along"))?;
    Ok(())
}

/// See [`bearing_store::Cases::merge_case`].
pub(crate) async fn merge(
    store: &SqliteStore,
    (from, from_version): (&CaseRow, u64),
    (into, into_version): (&CaseRow, u64),
    (from_event, into_event): (&CaseEvent, &CaseEvent),
) -> Result<bool, StoreError> {
    const WHAT: &str = "merge cases";
    let mut tx = store.begin(WHAT).await?;
    if !prove(&mut tx, &from.id, from_version).await? || !prove(&mut tx, &into.id, into_version).await? {
        return Ok(false);
    }
    replace(&mut tx, &CaseRow { version: from_version + 1, ..from.clone() }).await?;
    replace(&mut tx, &CaseRow { version: into_version + 1, ..into.clone() }).await?;
    for sql in [
        "INSERT INTO case_members (case_id, device, finding, added_at, report, moved_to, closing) \
         SELECT ?, device, finding, added_at, report, NULL, NULL FROM case_members \
         WHERE case_id = ? AND moved_to IS NULL \
         ON CONFLICT (case_id, device, finding) DO UPDATE SET moved_to = NULL",
        "INSERT INTO case_devices (case_id, device) SELECT ?, device FROM case_devices WHERE case_id = ? \
         ON CONFLICT DO NOTHING",
        "UPDATE case_members SET moved_to = ? WHERE case_id = ? AND moved_to IS NULL",
    ] {
        sqlx::query(sql)
            .bind(into.id.as_str())
            .bind(from.id.as_str())
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
    }
    copy_answers(&mut tx, &from.id, &into.id).await?;
    event(&mut tx, &from.id, from_event).await?;
    event(&mut tx, &into.id, into_event).await?;
    tx.commit().await.map_err(fault(WHAT))?;
    Ok(true)
}

/// See [`bearing_store::Cases::note_case`].
pub(crate) async fn note(store: &SqliteStore, id: &CaseId, line: &CaseEvent) -> Result<bool, StoreError> {
    let mut tx = store.begin(WHAT).await?;
    let known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM cases WHERE id = ?")
        .bind(id.as_str())
        .fetch_optional(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
    if known.is_none() {
        return Ok(false);
    }
    event(&mut tx, id, line).await?;
    tx.commit().await.map_err(fault(WHAT))?;
    Ok(true)
}

/// See [`bearing_store::Cases::answer_check`].
pub(crate) async fn answer(
    store: &SqliteStore,
    id: &CaseId,
    version: u64,
    check: &CaseCheck,
    line: &CaseEvent,
) -> Result<bool, StoreError> {
    const WHAT: &str = "answer a disproof step";
    let mut tx = store.begin(WHAT).await?;
    if !prove(&mut tx, id, version).await? {
        return Ok(false);
    }
    let row = sqlx::query("SELECT body FROM cases WHERE id = ?")
        .bind(id.as_str())
        .fetch_one(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
    let case: CaseRow = json_col(&row, 0)?;
    let version = unsigned(signed(version))? + 1;
    replace(&mut tx, &CaseRow { version, updated_at: check.at, ..case }).await?;
    sqlx::query(
        "INSERT INTO case_checks (case_id, step, result, note, done_by, at) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (case_id, step) DO UPDATE SET result = excluded.result, note = excluded.note, \
         done_by = excluded.done_by, at = excluded.at",
    )
    .bind(id.as_str())
    .bind(&check.key)
    .bind(result_word(check)?)
    .bind(&check.note)
    .bind(&check.by)
    .bind(micros(check.at))
    .execute(&mut *tx)
    .await
    .map_err(fault(WHAT))?;
    event(&mut tx, id, line).await?;
    tx.commit().await.map_err(fault(WHAT))?;
    Ok(true)
}
