use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{
    BootRow, Crowd, JobKind, LinkHost, LinkKind, LinkRow, LinkSighting, Links, NewLink, StoreError,
};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{col, instant_col, json, maybe_instant_col, micros, unsigned, word_col},
    fault::{damaged, fault},
    job::enqueue_in,
};

const WHAT: &str = "take links";
const COLUMNS: &str = "l.kind, l.value, l.device, l.detail, l.first_seen, l.last_seen, l.off_site, l.present";
/// How old a row's last sight may be before a further one is written, in microseconds.
const TOUCH_AFTER: i64 = 3_600 * 1_000_000;
/// After this, a value that is seen again is news: looks may have let it go. The shortest window, in microseconds.
const RETURN_AFTER: i64 = 7 * 24 * TOUCH_AFTER;
/// Most values of one device that are kept; beyond it the oldest make room.
const MAX_VALUES: usize = 512;

pub(crate) fn number(kind: LinkKind) -> i64 {
    LinkKind::ALL.into_iter().position(|one| one == kind).map_or(-1, |place| place as i64)
}

pub(crate) fn kind_of(number: i64) -> Result<LinkKind, StoreError> {
    let place = usize::try_from(number).map_err(damaged("link"))?;
    let kind = LinkKind::ALL.get(place).copied();
    kind.ok_or_else(|| StoreError::Damaged { what: "link", source: format!("kind {number}").into() })
}

fn row(row: &SqliteRow) -> Result<LinkRow, StoreError> {
    Ok(LinkRow {
        kind: kind_of(col(row, 0)?)?,
        value: col(row, 1)?,
        device: word_col(row, 2)?,
        detail: col(row, 3)?,
        first_seen: instant_col(row, 4)?,
        last_seen: instant_col(row, 5)?,
        off_site: maybe_instant_col(row, 6)?,
        present: col(row, 7)?,
    })
}

/// What is known of a device's value before a report.
struct Before {
    detail: String,
    last_seen: i64,
    off_site: Option<i64>,
    present: bool,
}

async fn before(
    tx: &mut Transaction<'_, Sqlite>,
    device: &str,
) -> Result<BTreeMap<(i64, String), Before>, StoreError> {
    let rows =
        sqlx::query("SELECT kind, value, detail, last_seen, off_site, present FROM links WHERE device = ?")
            .bind(device)
            .fetch_all(&mut **tx)
            .await
            .map_err(fault(WHAT))?;
    rows.iter()
        .map(|row| {
            let before = Before {
                detail: col(row, 2)?,
                last_seen: col(row, 3)?,
                off_site: col(row, 4)?,
                present: col(row, 5)?,
            };
            Ok(((col(row, 0)?, col(row, 1)?), before))
        })
        .collect()
}

async fn upsert(
    tx: &mut Transaction<'_, Sqlite>,
    seen: &LinkSighting,
    link: &NewLink,
) -> Result<(), StoreError> {
    let at = micros(seen.at);
    sqlx::query(
        "INSERT INTO links (kind, value, device, detail, first_seen, last_seen, off_site, present) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, 1) ON CONFLICT (kind, value, device) DO UPDATE SET \
         detail = excluded.detail, last_seen = max(last_seen, excluded.last_seen), \
         off_site = coalesce(excluded.off_site, off_site), present = 1",
    )
    .bind(number(link.kind))
    .bind(&link.value)
    .bind(seen.device.as_str())
    .bind(&link.detail)
    .bind(at)
    .bind(seen.site.is_none().then_some(at))
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

/// Whether another device has the value.
async fn is_shared(
    tx: &mut Transaction<'_, Sqlite>,
    kind: i64,
    value: &str,
    device: &str,
) -> Result<bool, StoreError> {
    let other = number(kind_of(kind)?.counterpart());
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM links WHERE kind = ? AND value = ? AND device <> ?)")
        .bind(other)
        .bind(value)
        .bind(device)
        .fetch_one(&mut **tx)
        .await
        .map_err(fault(WHAT))
}

async fn set_host(tx: &mut Transaction<'_, Sqlite>, seen: &LinkSighting) -> Result<bool, StoreError> {
    let device = seen.device.as_str();
    let known: Option<(String, Option<String>, i64)> =
        sqlx::query_as("SELECT worker, shared_place, shared_size FROM link_hosts WHERE device = ?")
            .bind(device)
            .fetch_optional(&mut **tx)
            .await
            .map_err(fault(WHAT))?;
    let now = (seen.worker.clone(), seen.shared_place.clone(), i64::from(seen.shared_size));
    let changed = known.as_ref().is_some_and(|known| *known != now);
    sqlx::query(
        "INSERT INTO link_hosts (device, worker, shared_place, shared_size, last_report) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (device) DO UPDATE SET worker = excluded.worker, shared_place = excluded.shared_place, \
         shared_size = excluded.shared_size, last_report = max(last_report, excluded.last_report)",
    )
    .bind(device)
    .bind(&seen.worker)
    .bind(&seen.shared_place)
    .bind(seen.shared_size)
    .bind(micros(seen.at))
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(changed)
}

/// Takes one report's values.
pub(crate) async fn take(tx: &mut Transaction<'_, Sqlite>, seen: &LinkSighting) -> Result<(), StoreError> {
    let device = seen.device.as_str();
    let at = micros(seen.at);
    let before = before(tx, device).await?;
    let mut moved: Vec<(i64, String)> = Vec::new();
    let mut shown = BTreeSet::new();
    for link in &seen.values {
        let key = (number(link.kind), link.value.clone());
        if !shown.insert(key.clone()) {
            continue;
        }
        let known = before.get(&key);
        let stale = known.is_none_or(|known| {
            let leaves = seen.site.is_none() && known.off_site.is_none_or(|off| at - off > TOUCH_AFTER);
            !known.present || known.detail != link.detail || at - known.last_seen > TOUCH_AFTER || leaves
        });
        if stale {
            upsert(tx, seen, link).await?;
        }
        let news = known.is_none_or(|known| {
            let is_back = !known.present || at - known.last_seen > RETURN_AFTER;
            is_back || known.detail != link.detail || (known.off_site.is_none() && seen.site.is_none())
        });
        if news && link.ties {
            moved.push(key);
        }
    }
    let gone = before.iter().filter(|(key, known)| {
        let assessed = kind_of(key.0).is_ok_and(|kind| seen.assessed.contains(&kind));
        known.present && assessed && !shown.contains(*key)
    });
    for (key, _) in gone {
        sqlx::query("UPDATE links SET present = 0 WHERE kind = ? AND value = ? AND device = ?")
            .bind(key.0)
            .bind(&key.1)
            .bind(device)
            .execute(&mut **tx)
            .await
            .map_err(fault(WHAT))?;
        moved.push(key.clone());
    }
    if before.len() + seen.values.len() > MAX_VALUES {
        forget_oldest(tx, device).await?;
    }
    if let Some(boot) = seen.boot {
        sqlx::query("INSERT INTO boots (device, at, power_loss) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(device)
            .bind(micros(boot.at))
            .bind(boot.after_power_loss)
            .execute(&mut **tx)
            .await
            .map_err(fault(WHAT))?;
    }
    if !seen.installs.is_empty() {
        count_installs(tx, device, &seen.installs).await?;
    }
    let mut matters = set_host(tx, seen).await?;
    for (kind, value) in &moved {
        if matters {
            break;
        }
        matters = is_shared(tx, *kind, value, device).await?;
    }
    if matters {
        enqueue_in(tx, JobKind::Farm, device, 0, seen.at).await?;
    }
    Ok(())
}

/// Counts a device's first installations, once; where they differ from before, the counts follow.
async fn count_installs(
    tx: &mut Transaction<'_, Sqlite>,
    device: &str,
    names: &[String],
) -> Result<(), StoreError> {
    let new: BTreeSet<&String> = names.iter().collect();
    let text = json(&new)?;
    let old: Option<String> = sqlx::query_scalar("SELECT names FROM first_installs WHERE device = ?")
        .bind(device)
        .fetch_optional(&mut **tx)
        .await
        .map_err(fault(WHAT))?;
    if old.as_ref() == Some(&text) {
        return Ok(());
    }
    sqlx::query("UPDATE install_names SET hosts = hosts - 1 WHERE name IN (SELECT value FROM json_each(?))")
        .bind(old.as_deref().unwrap_or("[]"))
        .execute(&mut **tx)
        .await
        .map_err(fault(WHAT))?;
    sqlx::query(
        "INSERT INTO install_names (name, hosts) SELECT value, 1 FROM json_each(?) WHERE true \
         ON CONFLICT (name) DO UPDATE SET hosts = hosts + 1",
    )
    .bind(&text)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    sqlx::query(
        "INSERT INTO first_installs (device, names) VALUES (?, ?) ON CONFLICT (device) \
         DO UPDATE SET names = excluded.names",
    )
    .bind(device)
    .bind(&text)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

async fn forget_oldest(tx: &mut Transaction<'_, Sqlite>, device: &str) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM links WHERE device = ?1 AND (kind, value) IN (SELECT kind, value FROM links \
         WHERE device = ?1 ORDER BY present DESC, last_seen DESC LIMIT -1 OFFSET ?2)",
    )
    .bind(device)
    .bind(MAX_VALUES as i64)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

fn ids(devices: &[DeviceId]) -> Result<String, StoreError> {
    json(&devices.iter().map(DeviceId::as_str).collect::<Vec<_>>())
}

#[async_trait::async_trait]
impl Links for SqliteStore {
    async fn take_links(&self, seen: &[LinkSighting]) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin(WHAT).await?;
        for one in seen {
            take(&mut tx, one).await?;
        }
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn links_of(&self, device: &DeviceId) -> Result<Vec<LinkRow>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM links l WHERE l.device = ? ORDER BY l.kind, l.value"))
            .bind(device.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read links"))?
            .iter()
            .map(row)
            .collect()
    }

    async fn holders(
        &self,
        values: &[(LinkKind, String)],
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<LinkRow>, StoreError> {
        let mut rows = Vec::new();
        let sql = format!(
            "SELECT {COLUMNS} FROM links l WHERE l.kind = ? AND l.value = ? AND l.last_seen >= ? LIMIT ?"
        );
        for (kind, value) in values {
            let found = sqlx::query(&sql)
                .bind(number(*kind))
                .bind(value)
                .bind(micros(since))
                .bind(limit)
                .fetch_all(&self.readers)
                .await
                .map_err(fault("read holders"))?;
            for one in &found {
                rows.push(row(one)?);
            }
        }
        Ok(rows)
    }

    async fn link_hosts(&self, devices: &[DeviceId]) -> Result<Vec<LinkHost>, StoreError> {
        let rows = sqlx::query(
            "SELECT h.device, h.worker, h.shared_place, h.shared_size, h.last_report FROM json_each(?) k \
             CROSS JOIN link_hosts h ON h.device = k.value",
        )
        .bind(ids(devices)?)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read hosts"))?;
        rows.iter()
            .map(|row| {
                Ok(LinkHost {
                    device: word_col(row, 0)?,
                    worker: col(row, 1)?,
                    shared_place: col(row, 2)?,
                    shared_size: col(row, 3)?,
                    last_report: instant_col(row, 4)?,
                })
            })
            .collect()
    }

    async fn link_host_count(&self, since: Timestamp) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM link_hosts WHERE last_report >= ?")
            .bind(micros(since))
            .fetch_one(&self.readers)
            .await
            .map_err(fault("count hosts"))?;
        unsigned(count)
    }

    async fn boots(
        &self,
        devices: &[DeviceId],
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<BootRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT b.device, b.at, b.power_loss FROM json_each(?1) k CROSS JOIN boots b ON b.device = k.value \
             AND b.at >= max(?2, coalesce((SELECT o.at FROM boots o WHERE o.device = k.value ORDER BY o.at DESC \
             LIMIT 1 OFFSET ?3), ?2)) ORDER BY b.at",
        )
        .bind(ids(devices)?)
        .bind(micros(since))
        .bind(limit.saturating_sub(1))
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read starts"))?;
        rows.iter()
            .map(|row| {
                Ok(BootRow {
                    device: word_col(row, 0)?,
                    at: instant_col(row, 1)?,
                    after_power_loss: col(row, 2)?,
                })
            })
            .collect()
    }

    async fn crowd(
        &self,
        device: &DeviceId,
        address: &str,
        since: Timestamp,
        limit: u32,
    ) -> Result<Crowd, StoreError> {
        // Holders are cut before anything is joined: an address of thousands costs no more than one of `limit`.
        let (workers, on_gateway, in_shared_place): (i64, i64, i64) = sqlx::query_as(
            "WITH holders AS (SELECT device FROM links WHERE kind = ?1 AND value = ?2 AND last_seen >= ?3 \
             AND device <> ?4 LIMIT ?5), \
             gateway AS (SELECT value FROM links WHERE device = ?4 AND kind = ?6 AND present = 1), \
             own AS (SELECT worker, shared_place FROM link_hosts WHERE device = ?4), \
             others AS (SELECT h.worker, h.shared_place, EXISTS (SELECT 1 FROM gateway g JOIN links l \
             ON l.kind = ?6 AND l.value = g.value AND l.device = h.device AND l.last_seen >= ?3) AS gated \
             FROM holders CROSS JOIN link_hosts h ON h.device = holders.device \
             WHERE h.worker <> coalesce((SELECT worker FROM own), ?4)) \
             SELECT count(DISTINCT worker), count(DISTINCT CASE WHEN gated THEN worker END), \
             count(DISTINCT CASE WHEN shared_place = (SELECT shared_place FROM own) THEN worker END) FROM others",
        )
        .bind(number(LinkKind::Address))
        .bind(address)
        .bind(micros(since))
        .bind(device.as_str())
        .bind(limit)
        .bind(number(LinkKind::Gateway))
        .fetch_one(&self.readers)
        .await
        .map_err(fault("count workers"))?;
        let count = |others: i64| u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1);
        Ok(Crowd {
            workers: count(workers),
            on_gateway: count(on_gateway),
            in_shared_place: count(in_shared_place),
        })
    }

    async fn install_counts(&self, names: &[String]) -> Result<Vec<u64>, StoreError> {
        let counts: Vec<i64> = sqlx::query_scalar(
            "SELECT coalesce(n.hosts, 0) FROM json_each(?) k LEFT JOIN install_names n ON n.name = k.value \
             ORDER BY k.key",
        )
        .bind(json(&names)?)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("count installations"))?;
        counts.into_iter().map(unsigned).collect()
    }

    async fn install_hosts(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM first_installs")
            .fetch_one(&self.readers)
            .await
            .map_err(fault("count installations"))?;
        unsigned(count)
    }

    async fn forget_links(&self, before: Timestamp) -> Result<u64, StoreError> {
        const WHAT: &str = "forget links";
        let mut tx = self.begin(WHAT).await?;
        let mut gone = 0;
        for sql in [
            "DELETE FROM links WHERE last_seen < ?",
            "DELETE FROM boots WHERE at < ?",
            "DELETE FROM link_hosts WHERE last_report < ?",
        ] {
            let done = sqlx::query(sql).bind(micros(before)).execute(&mut *tx).await.map_err(fault(WHAT))?;
            gone += done.rows_affected();
        }
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(gone)
    }
}
