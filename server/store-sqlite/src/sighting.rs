use std::collections::HashMap;

use bearing_protocol::{Timestamp, id::DeviceId, payload::RoundTrips};
use bearing_store::{
    Forgotten, KeepFrom, LinkKind, NewSighting, RawAddress, Sighting, Sightings, SourceSeen, StoreError,
};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{col, instant_col, json, micros, unsigned_col},
    fault::{damaged, fault},
};

const WHAT: &str = "write sightings";
const COLUMNS: &str = "family, digest, country, alt_country, asn, class, first_seen, last_seen, seen";

/// A run while a batch is worked through.
struct Run<'a> {
    id: Option<i64>,
    device: &'a DeviceId,
    source: SourceSeen,
    first_seen: i64,
    last_seen: i64,
    added: u64,
}

fn source(row: &SqliteRow, from: usize) -> Result<SourceSeen, StoreError> {
    Ok(SourceSeen {
        family: u8::try_from(col::<i64>(row, from)?).map_err(damaged("family"))?,
        digest: col(row, from + 1)?,
        address: None,
        country: col(row, from + 2)?,
        alt_country: col(row, from + 3)?,
        asn: col(row, from + 4)?,
        class: col(row, from + 5)?,
    })
}

fn sighting(row: &SqliteRow) -> Result<Sighting, StoreError> {
    Ok(Sighting {
        source: source(row, 0)?,
        first_seen: instant_col(row, 6)?,
        last_seen: instant_col(row, 7)?,
        seen: unsigned_col(row, 8)?,
    })
}

/// Whether two sightings belong to one run.
fn same(a: &SourceSeen, b: &SourceSeen) -> bool {
    a.digest == b.digest && a.country == b.country && a.asn == b.asn && a.class == b.class
}

/// Adds sightings inside a transaction: three statements, however many there are.
pub(crate) async fn add_in(
    tx: &mut Transaction<'_, Sqlite>,
    sightings: &[NewSighting],
) -> Result<(), StoreError> {
    if sightings.is_empty() {
        return Ok(());
    }
    let mut runs = latest(tx, sightings).await?;
    let mut ended = Vec::new();
    for new in sightings {
        let at = micros(new.at);
        let run = runs.get_mut(&(new.device.as_str(), new.source.family));
        match run {
            Some(run) if same(&run.source, &new.source) => {
                run.last_seen = run.last_seen.max(at);
                run.added += 1;
            }
            _ => {
                let source = SourceSeen { address: None, ..new.source.clone() };
                let run =
                    Run { id: None, device: &new.device, source, first_seen: at, last_seen: at, added: 1 };
                ended.extend(runs.insert((new.device.as_str(), new.source.family), run));
            }
        }
    }
    ended.extend(runs.into_values());
    write_runs(tx, ended.into_iter().filter(|run| run.added > 0)).await?;
    write_addresses(tx, sightings).await
}

async fn latest<'a>(
    tx: &mut Transaction<'_, Sqlite>,
    sightings: &'a [NewSighting],
) -> Result<HashMap<(&'a str, u8), Run<'a>>, StoreError> {
    let devices: HashMap<(&str, u8), &DeviceId> =
        sightings.iter().map(|new| ((new.device.as_str(), new.source.family), &new.device)).collect();
    let rows = sqlx::query(
        "SELECT s.id, s.first_seen, s.last_seen, s.device, s.family, s.digest, s.country, s.alt_country, s.asn, \
         s.class FROM json_each(?) k CROSS JOIN sightings s ON s.id = \
         (SELECT max(id) FROM sightings WHERE device = k.value ->> 0 AND family = k.value ->> 1)",
    )
    .bind(json(&devices.keys().collect::<Vec<_>>())?)
    .fetch_all(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    let mut runs = HashMap::with_capacity(rows.len());
    for row in &rows {
        let source = source(row, 4)?;
        let Some(device) = devices.get(&(col::<&str>(row, 3)?, source.family)).copied() else { continue };
        let key = (device.as_str(), source.family);
        let run = Run {
            id: Some(col(row, 0)?),
            device,
            source,
            first_seen: col(row, 1)?,
            last_seen: col(row, 2)?,
            added: 0,
        };
        runs.insert(key, run);
    }
    Ok(runs)
}

async fn write_runs(
    tx: &mut Transaction<'_, Sqlite>,
    runs: impl Iterator<Item = Run<'_>>,
) -> Result<(), StoreError> {
    let (mut old, mut new): (Vec<_>, Vec<_>) = runs.partition(|run| run.id.is_some());
    // Ids follow time, so that the newest run is the one with the largest id.
    new.sort_by_key(|run| run.first_seen);
    old.sort_by_key(|run| run.id);
    if !old.is_empty() {
        let rows: Vec<_> = old.iter().map(|run| (run.id, run.last_seen, run.added)).collect();
        sqlx::query(
            "UPDATE sightings SET last_seen = m.value ->> 1, seen = seen + (m.value ->> 2) \
             FROM json_each(?) m WHERE sightings.id = m.value ->> 0",
        )
        .bind(json(&rows)?)
        .execute(&mut **tx)
        .await
        .map_err(fault(WHAT))?;
    }
    if !new.is_empty() {
        let rows: Vec<_> = new
            .iter()
            .map(|run| {
                let from = &run.source;
                (
                    (run.device.as_str(), from.family, &from.digest, &from.country, &from.alt_country),
                    (from.asn, &from.class, run.first_seen, run.last_seen, run.added),
                )
            })
            .collect();
        sqlx::query(
            "INSERT INTO sightings (device, family, digest, country, alt_country, asn, class, first_seen, last_seen, seen) \
             SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]', value ->> '$[0][3]', \
             value ->> '$[0][4]', value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]', \
             value ->> '$[1][3]', value ->> '$[1][4]' FROM json_each(?) ORDER BY key",
        )
        .bind(json(&rows)?)
        .execute(&mut **tx)
        .await
        .map_err(fault(WHAT))?;
    }
    Ok(())
}

async fn write_addresses(
    tx: &mut Transaction<'_, Sqlite>,
    sightings: &[NewSighting],
) -> Result<(), StoreError> {
    let rows: Vec<_> = sightings
        .iter()
        .filter_map(|new| {
            let address = new.source.address.as_ref()?;
            Some((new.device.as_str(), address, new.source.family, &new.source.digest, micros(new.at)))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO source_addresses (device, address, family, digest, last_seen) \
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) WHERE true \
         ON CONFLICT (device, address) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)",
    )
    .bind(json(&rows)?)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

#[async_trait::async_trait]
impl Sightings for SqliteStore {
    async fn add_sightings(&self, sightings: &[NewSighting]) -> Result<(), StoreError> {
        if sightings.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin(WHAT).await?;
        add_in(&mut tx, sightings).await?;
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn sightings(&self, device: &DeviceId, limit: u32) -> Result<Vec<Sighting>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM sightings WHERE device = ? ORDER BY id DESC LIMIT ?"))
            .bind(device.as_str())
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read sightings"))?
            .iter()
            .map(sighting)
            .collect()
    }

    async fn first_sighting(&self, device: &DeviceId) -> Result<Option<Sighting>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM sightings WHERE device = ? ORDER BY id LIMIT 1"))
            .bind(device.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read sightings"))?
            .as_ref()
            .map(sighting)
            .transpose()
    }

    async fn last_sighting(&self, device: &DeviceId, family: u8) -> Result<Option<Sighting>, StoreError> {
        sqlx::query(&format!(
            "SELECT {COLUMNS} FROM sightings WHERE device = ? AND family = ? ORDER BY id DESC LIMIT 1"
        ))
        .bind(device.as_str())
        .bind(i64::from(family))
        .fetch_optional(&self.readers)
        .await
        .map_err(fault("read sightings"))?
        .as_ref()
        .map(sighting)
        .transpose()
    }

    async fn raw_addresses(&self, device: &DeviceId, limit: u32) -> Result<Vec<RawAddress>, StoreError> {
        sqlx::query(
            "SELECT address, last_seen FROM source_addresses WHERE device = ? ORDER BY last_seen DESC, address LIMIT ?",
        )
        .bind(device.as_str())
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read addresses"))?
        .iter()
        .map(|row| Ok(RawAddress { address: col(row, 0)?, last_seen: instant_col(row, 1)? }))
        .collect()
    }

    async fn was_heard(
        &self,
        device: &DeviceId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let heard: i64 = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE device = ? AND received_at BETWEEN ? AND ?)",
        )
        .bind(device.as_str())
        .bind(micros(from))
        .bind(micros(until))
        .fetch_one(&self.readers)
        .await
        .map_err(fault("look for messages"))?;
        Ok(heard != 0)
    }

    async fn interface_values(&self, since: Timestamp, limit: u32) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar("SELECT DISTINCT value FROM links WHERE kind = ? AND last_seen >= ? LIMIT ?")
            .bind(crate::link::number(LinkKind::Interface))
            .bind(micros(since))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read interfaces"))
    }

    async fn set_round_trips(&self, device: &DeviceId, measured: &RoundTrips) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO round_trips (device, tcp_min_us, application_min_us, samples, measured_at) \
             VALUES (?, ?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET tcp_min_us = excluded.tcp_min_us, \
             application_min_us = excluded.application_min_us, samples = excluded.samples, \
             measured_at = excluded.measured_at",
        )
        .bind(device.as_str())
        .bind(i64::from(measured.tcp_min_us))
        .bind(i64::from(measured.application_min_us))
        .bind(i64::from(measured.samples))
        .bind(micros(measured.measured_at))
        .execute(&self.writer)
        .await
        .map_err(fault("write round trips"))?;
        Ok(())
    }

    async fn round_trips(&self, device: &DeviceId) -> Result<Option<RoundTrips>, StoreError> {
        sqlx::query(
            "SELECT tcp_min_us, application_min_us, samples, measured_at FROM round_trips WHERE device = ?",
        )
        .bind(device.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(fault("read round trips"))?
        .map(|row| {
            Ok(RoundTrips {
                tcp_min_us: col(&row, 0)?,
                application_min_us: col(&row, 1)?,
                samples: col(&row, 2)?,
                measured_at: instant_col(&row, 3)?,
            })
        })
        .transpose()
    }

    async fn forget_places(&self, keep: KeepFrom) -> Result<Forgotten, StoreError> {
        const WHAT: &str = "forget places";
        let mut tx = self.begin(WHAT).await?;
        let mut forgotten = Forgotten::default();
        let statements = [
            ("DELETE FROM source_addresses WHERE last_seen < ?", keep.addresses, 0),
            (
                "DELETE FROM sightings WHERE last_seen < ? \
                 AND id <> (SELECT min(first.id) FROM sightings first WHERE first.device = sightings.device)",
                keep.places,
                1,
            ),
            ("DELETE FROM sign_ins WHERE at < ?", keep.places, 1),
            ("DELETE FROM round_trips WHERE measured_at < ?", keep.places, 1),
            ("DELETE FROM verdict_history WHERE at < ?", keep.verdicts, 2),
        ];
        for (statement, from, what) in statements {
            let done = sqlx::query(statement).bind(micros(from)).execute(&mut *tx).await;
            let rows = done.map_err(fault(WHAT))?.rows_affected();
            match what {
                0 => forgotten.addresses += rows,
                1 => forgotten.places += rows,
                _ => forgotten.verdicts += rows,
            }
        }
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(forgotten)
    }
}
