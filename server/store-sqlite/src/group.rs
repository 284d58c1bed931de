use std::collections::BTreeSet;

use bearing_protocol::{
    Timestamp,
    digest::Digest,
    id::{ApprovalId, DeviceId},
};
use bearing_store::{GroupRow, Groups, JobKind, Lineage, LinkKind, Looked, StoreError, TieApproval};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{col, instant_col, json, json_col, maybe_instant_col, maybe_json_col, micros, word_col},
    fault::fault,
    job::enqueue_in,
    link::{kind_of, number},
};

const WHAT: &str = "write groups";
const COLUMNS: &str = "id, verdict, workers, weight, members, body, first_seen, last_seen, ended_at";
const TIE_COLUMNS: &str =
    "id, kind, value, pair, owner, reason, created_by, created_at, expires_at, revoked_at";
/// Most holders of a value that are looked at again when its approval comes or goes.
const MAX_HOLDERS: i64 = 300;

fn rank(verdict: &str) -> i64 {
    match verdict {
        "escalate" => 0,
        "investigate" => 1,
        _ => 2,
    }
}

fn group(row: &SqliteRow) -> Result<GroupRow, StoreError> {
    Ok(GroupRow {
        id: col(row, 0)?,
        verdict: col(row, 1)?,
        workers: col(row, 2)?,
        weight: col(row, 3)?,
        members: json_col(row, 4)?,
        body: json_col(row, 5)?,
        first_seen: instant_col(row, 6)?,
        last_seen: instant_col(row, 7)?,
        ended_at: maybe_instant_col(row, 8)?,
    })
}

fn tie(row: &SqliteRow) -> Result<TieApproval, StoreError> {
    Ok(TieApproval {
        id: word_col(row, 0)?,
        kind: kind_of(col(row, 1)?)?,
        value: col(row, 2)?,
        between: maybe_json_col(row, 3)?,
        owner: col(row, 4)?,
        reason: col(row, 5)?,
        created_by: col(row, 6)?,
        created_at: instant_col(row, 7)?,
        expires_at: instant_col(row, 8)?,
        revoked_at: maybe_instant_col(row, 9)?,
    })
}

fn ids(devices: &[DeviceId]) -> Result<String, StoreError> {
    json(&devices.iter().map(DeviceId::as_str).collect::<Vec<_>>())
}

/// The id that the members had before, of those not taken yet: the one that most of them had.
async fn known_id(
    tx: &mut Transaction<'_, Sqlite>,
    members: &[DeviceId],
    taken: &BTreeSet<String>,
) -> Result<Option<String>, StoreError> {
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT m.group_id FROM json_each(?) k CROSS JOIN farm_members m ON m.device = k.value \
         GROUP BY m.group_id ORDER BY count(*) DESC, m.group_id",
    )
    .bind(ids(members)?)
    .fetch_all(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(rows.into_iter().find(|id| !taken.contains(id)))
}

async fn set(tx: &mut Transaction<'_, Sqlite>, id: &str, new: &GroupRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO farm_groups (id, rank, verdict, workers, weight, members, body, first_seen, last_seen) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET rank = excluded.rank, \
         verdict = excluded.verdict, workers = excluded.workers, weight = excluded.weight, \
         members = excluded.members, body = excluded.body, last_seen = excluded.last_seen, ended_at = NULL",
    )
    .bind(id)
    .bind(rank(&new.verdict))
    .bind(&new.verdict)
    .bind(new.workers)
    .bind(new.weight)
    .bind(json(&new.members)?)
    .bind(json(&new.body)?)
    .bind(micros(new.first_seen))
    .bind(micros(new.last_seen))
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    sqlx::query(
        "INSERT INTO farm_members (device, group_id) SELECT value, ? FROM json_each(?) WHERE true \
         ON CONFLICT (device) DO UPDATE SET group_id = excluded.group_id",
    )
    .bind(id)
    .bind(ids(&new.members)?)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

async fn look_again(
    tx: &mut Transaction<'_, Sqlite>,
    kind: LinkKind,
    value: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let holders: Vec<String> =
        sqlx::query_scalar("SELECT device FROM links WHERE kind = ? AND value = ? LIMIT ?")
            .bind(number(kind))
            .bind(value)
            .bind(MAX_HOLDERS)
            .fetch_all(&mut **tx)
            .await
            .map_err(fault(WHAT))?;
    for device in holders {
        enqueue_in(tx, JobKind::Farm, &device, 0, at).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl Groups for SqliteStore {
    async fn set_groups(&self, looked: &Looked) -> Result<(), StoreError> {
        let mut tx = self.begin(WHAT).await?;
        let before: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT m.group_id FROM json_each(?) k CROSS JOIN farm_members m ON m.device = k.value",
        )
        .bind(ids(&looked.devices)?)
        .fetch_all(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        let mut taken = BTreeSet::new();
        let mut named = Vec::new();
        for new in &looked.groups {
            let first = new.members.first().map(DeviceId::as_str).unwrap_or_default();
            let fresh = Digest::of(format!("{first}\0{}", micros(looked.at)).as_bytes()).short();
            let id = known_id(&mut tx, &new.members, &taken).await?.unwrap_or(format!("grp_{fresh}"));
            taken.insert(id.clone());
            named.push((id, new));
        }
        sqlx::query("DELETE FROM farm_members WHERE device IN (SELECT value FROM json_each(?))")
            .bind(ids(&looked.devices)?)
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        for (id, new) in named {
            set(&mut tx, &id, new).await?;
        }
        for id in &before {
            // Members that this look did not reach are looked at by themselves.
            let left: Option<String> = sqlx::query_scalar(
                "SELECT device FROM farm_members WHERE group_id = ? AND device NOT IN \
                 (SELECT value FROM json_each(?)) LIMIT 1",
            )
            .bind(id)
            .bind(ids(&looked.devices)?)
            .fetch_optional(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
            if let Some(device) = left {
                enqueue_in(&mut tx, JobKind::Farm, &device, 0, looked.at).await?;
            }
        }
        for id in before.iter().filter(|id| !taken.contains(*id)) {
            sqlx::query(
                "UPDATE farm_groups SET ended_at = ? WHERE id = ? AND ended_at IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM farm_members WHERE group_id = farm_groups.id)",
            )
            .bind(micros(looked.at))
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        }
        for (device, digest, due_at) in &looked.states {
            sqlx::query(
                "INSERT INTO farm_states (device, digest, due_at) VALUES (?, ?, ?) ON CONFLICT (device) \
                 DO UPDATE SET digest = excluded.digest, due_at = excluded.due_at",
            )
            .bind(device.as_str())
            .bind(digest)
            .bind(due_at.map(micros))
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        }
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn groups_of_devices(&self, with_ended: bool, limit: u32) -> Result<Vec<GroupRow>, StoreError> {
        let sql = if with_ended {
            format!(
                "SELECT {COLUMNS} FROM farm_groups ORDER BY ended_at IS NOT NULL, rank, workers DESC, id LIMIT ?"
            )
        } else {
            format!(
                "SELECT {COLUMNS} FROM farm_groups WHERE ended_at IS NULL ORDER BY rank, workers DESC, id LIMIT ?"
            )
        };
        let rows =
            sqlx::query(&sql).bind(limit).fetch_all(&self.readers).await.map_err(fault("read groups"))?;
        rows.iter().map(group).collect()
    }

    async fn device_group(&self, id: &str) -> Result<Option<GroupRow>, StoreError> {
        let row = sqlx::query(&format!("SELECT {COLUMNS} FROM farm_groups WHERE id = ?"))
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a group"))?;
        row.as_ref().map(group).transpose()
    }

    async fn group_of(&self, device: &DeviceId) -> Result<Option<GroupRow>, StoreError> {
        let row = sqlx::query(&format!(
            "SELECT {COLUMNS} FROM farm_groups WHERE ended_at IS NULL \
             AND id = (SELECT group_id FROM farm_members WHERE device = ?)"
        ))
        .bind(device.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(fault("read a group"))?;
        row.as_ref().map(group).transpose()
    }

    async fn farm_states(&self, devices: &[DeviceId]) -> Result<Vec<(DeviceId, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT s.device, s.digest FROM json_each(?) k CROSS JOIN farm_states s ON s.device = k.value",
        )
        .bind(ids(devices)?)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read looks"))?;
        rows.iter().map(|row| Ok((word_col(row, 0)?, col(row, 1)?))).collect()
    }

    async fn enqueue_due_looks(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        const WHAT: &str = "enqueue looks";
        let mut tx = self.begin(WHAT).await?;
        let due: Vec<String> = sqlx::query_scalar(
            "UPDATE farm_states SET due_at = NULL WHERE device IN \
             (SELECT device FROM farm_states WHERE due_at <= ? ORDER BY due_at LIMIT ?) RETURNING device",
        )
        .bind(micros(now))
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        for device in &due {
            enqueue_in(&mut tx, JobKind::Farm, device, 0, now).await?;
        }
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(due.len() as u64)
    }

    async fn add_tie_approval(&self, new: &TieApproval) -> Result<(), StoreError> {
        const WHAT: &str = "approve a tie";
        let mut tx = self.begin(WHAT).await?;
        sqlx::query(
            "INSERT INTO tie_approvals (id, kind, value, pair, owner, reason, created_by, created_at, expires_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(new.id.as_str())
        .bind(number(new.kind))
        .bind(&new.value)
        .bind(new.between.as_ref().map(json).transpose()?)
        .bind(&new.owner)
        .bind(&new.reason)
        .bind(&new.created_by)
        .bind(micros(new.created_at))
        .bind(micros(new.expires_at))
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        look_again(&mut tx, new.kind, &new.value, new.created_at).await?;
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn revoke_tie_approval(&self, id: &ApprovalId, at: Timestamp) -> Result<bool, StoreError> {
        const WHAT: &str = "withdraw an approval of a tie";
        let mut tx = self.begin(WHAT).await?;
        let gone: Option<(i64, String)> = sqlx::query_as(
            "UPDATE tie_approvals SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING kind, value",
        )
        .bind(micros(at))
        .bind(id.as_str())
        .fetch_optional(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        let Some((kind, value)) = gone else { return Ok(false) };
        look_again(&mut tx, kind_of(kind)?, &value, at).await?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(true)
    }

    async fn tie_approvals(&self, limit: u32) -> Result<Vec<TieApproval>, StoreError> {
        let rows = sqlx::query(&format!(
            "SELECT {TIE_COLUMNS} FROM tie_approvals ORDER BY created_at DESC, id LIMIT ?"
        ))
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read approvals of ties"))?;
        rows.iter().map(tie).collect()
    }

    async fn add_lineage(&self, new: &Lineage) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO lineage (device, earlier, how, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(new.device.as_str())
        .bind(new.earlier.as_str())
        .bind(&new.how)
        .bind(micros(new.at))
        .execute(&self.writer)
        .await
        .map_err(fault("write lineage"))?;
        Ok(())
    }

    async fn lineage(&self, device: &DeviceId) -> Result<Vec<Lineage>, StoreError> {
        let rows = sqlx::query(
            "SELECT device, earlier, how, at FROM lineage WHERE device = ?1 OR earlier = ?1 ORDER BY at, device, how",
        )
        .bind(device.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read lineage"))?;
        rows.iter()
            .map(|row| {
                Ok(Lineage {
                    device: word_col(row, 0)?,
                    earlier: word_col(row, 1)?,
                    how: col(row, 2)?,
                    at: instant_col(row, 3)?,
                })
            })
            .collect()
    }
}
