use std::collections::BTreeMap;

use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{
    DeviceRef, DeviceRefKind, JobKind, MAX_PAGE, Page, PageRequest, People, Person, PersonFilter,
    PersonNames, StoreError,
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{
        col, contains, cursor, instant, json, json_col, micros, read_cursor, serde_word, serde_word_col,
        unsigned, word_col,
    },
    fault::{fault, is_duplicate},
    job::enqueue_in,
};

const SELECT: &str = "SELECT p.body, n.hr_key, n.display_name, n.user_name, n.external_id \
     FROM people p LEFT JOIN person_names n ON n.person = p.id";

/// The device of a reference, `r` being a row of `person_devices`; a host name counts where one device alone has it.
pub(crate) const RESOLVED: &str = "SELECT d.id, r.person, 0 AS rank FROM person_devices r JOIN devices d ON d.id = r.value \
     WHERE r.kind = 'id' \
     UNION ALL SELECT d.id, r.person, 1 AS rank FROM person_devices r JOIN devices d ON lower(d.hostname) = r.value \
     WHERE r.kind = 'hostname' \
     AND (SELECT count(*) FROM devices o WHERE lower(o.hostname) = r.value AND o.state <> 2) = 1 AND d.state <> 2";

/// How many devices one query asks for.
const AT_ONCE: usize = 400;

fn person(row: &SqliteRow) -> Result<Person, StoreError> {
    Ok(Person {
        row: json_col(row, 0)?,
        names: PersonNames {
            key: col::<Option<String>>(row, 1)?.unwrap_or_default(),
            display_name: col(row, 2)?,
            user_name: col(row, 3)?,
            external_id: col(row, 4)?,
        },
        devices: Vec::new(),
    })
}

async fn devices_into(connection: &mut SqliteConnection, people: &mut [Person]) -> Result<(), StoreError> {
    for person in people {
        person.devices =
            sqlx::query("SELECT kind, value FROM person_devices WHERE person = ? ORDER BY kind, value")
                .bind(&person.row.id)
                .fetch_all(&mut *connection)
                .await
                .map_err(fault("read a person's devices"))?
                .iter()
                .map(|row| Ok(DeviceRef { kind: serde_word_col(row, 0)?, value: col(row, 1)? }))
                .collect::<Result<_, StoreError>>()?;
    }
    Ok(())
}

/// Has the last reports of a person's devices judged again.
async fn judge_again(tx: &mut Transaction<'_, Sqlite>, person: &str) -> Result<(), StoreError> {
    const WHAT: &str = "judge a person's devices again";
    let rows = sqlx::query(&format!(
        "SELECT h.device, h.last_report, h.report_at FROM heads h \
         WHERE h.device IN (SELECT id FROM ({RESOLVED}) WHERE person = ?) \
         AND h.last_report IS NOT NULL AND h.report_at IS NOT NULL"
    ))
    .bind(person)
    .fetch_all(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    for row in &rows {
        let at = instant(col(row, 2)?)?;
        enqueue_in(tx, JobKind::Correlate, col(row, 0)?, unsigned(col(row, 1)?)?, at).await?;
    }
    Ok(())
}

async fn put(tx: &mut Transaction<'_, Sqlite>, person: &Person, at: Timestamp) -> Result<(), StoreError> {
    const WHAT: &str = "write a person";
    let row = &person.row;
    sqlx::query(
        "INSERT INTO people (id, body, active, source, updated_at) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET body = excluded.body, active = excluded.active, source = excluded.source, \
         updated_at = excluded.updated_at",
    )
    .bind(&row.id)
    .bind(json(&bearing_store::PersonRow { updated_at: at, ..row.clone() })?)
    .bind(row.active)
    .bind(&row.source)
    .bind(micros(at))
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    sqlx::query(
        "INSERT INTO person_names (person, hr_key, display_name, user_name, external_id) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (person) DO UPDATE SET hr_key = excluded.hr_key, display_name = excluded.display_name, \
         user_name = excluded.user_name, external_id = excluded.external_id",
    )
    .bind(&row.id)
    .bind(&person.names.key)
    .bind(&person.names.display_name)
    .bind(&person.names.user_name)
    .bind(&person.names.external_id)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

async fn put_devices(tx: &mut Transaction<'_, Sqlite>, person: &Person) -> Result<(), StoreError> {
    for device in &person.devices {
        sqlx::query("INSERT INTO person_devices (kind, value, person) VALUES (?, ?, ?)")
            .bind(serde_word(&device.kind)?)
            .bind(&device.value)
            .bind(&person.row.id)
            .execute(&mut **tx)
            .await
            .map_err(|error| {
                if is_duplicate(&error) {
                    let kind = match device.kind {
                        DeviceRefKind::Id => "the device id",
                        DeviceRefKind::Hostname => "the host name",
                        DeviceRefKind::Serial => "the serial number",
                        DeviceRefKind::Mdm => "the management id",
                    };
                    StoreError::Conflict(format!(
                        "{kind} `{}` belongs to another person already",
                        device.value
                    ))
                } else {
                    fault("write a person's devices")(error)
                }
            })?;
    }
    Ok(())
}

async fn forget_devices(tx: &mut Transaction<'_, Sqlite>, person: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM person_devices WHERE person = ?")
        .bind(person)
        .execute(&mut **tx)
        .await
        .map_err(fault("forget a person's devices"))?;
    Ok(())
}

#[async_trait::async_trait]
impl People for SqliteStore {
    async fn person(&self, id: &str) -> Result<Option<Person>, StoreError> {
        const WHAT: &str = "read a person";
        let mut connection = self.readers.acquire().await.map_err(fault(WHAT))?;
        let row = sqlx::query(&format!("{SELECT} WHERE p.id = ?"))
            .bind(id)
            .fetch_optional(&mut *connection)
            .await
            .map_err(fault(WHAT))?;
        let Some(row) = row else { return Ok(None) };
        let mut found = [person(&row)?];
        devices_into(&mut connection, &mut found).await?;
        let [found] = found;
        Ok(Some(found))
    }

    async fn people(&self, filter: &PersonFilter, page: &PageRequest) -> Result<Page<Person>, StoreError> {
        const WHAT: &str = "read people";
        let limit = page.limit.clamp(1, MAX_PAGE);
        let mut sql = QueryBuilder::<Sqlite>::new(SELECT);
        sql.push(" WHERE 1 = 1");
        if let Some(text) = &filter.search {
            let pattern = contains(text);
            sql.push(" AND (n.display_name LIKE ").push_bind(pattern.clone());
            sql.push(" ESCAPE '\\' OR n.user_name LIKE ").push_bind(pattern.clone());
            sql.push(" ESCAPE '\\' OR n.hr_key LIKE ").push_bind(pattern.clone());
            sql.push(" ESCAPE '\\' OR p.id LIKE ").push_bind(pattern).push(" ESCAPE '\\')");
        }
        if let Some(active) = filter.active {
            sql.push(" AND p.active = ").push_bind(active);
        }
        if let Some(name) = &filter.user_name {
            sql.push(" AND n.user_name = ").push_bind(name);
        }
        if let Some(id) = &filter.external_id {
            sql.push(" AND n.external_id = ").push_bind(id);
        }
        if let Some(source) = &filter.source {
            sql.push(" AND p.source = ").push_bind(source);
        }
        if let Some(after) = &page.after {
            sql.push(" AND p.id > ").push_bind(read_cursor::<String>(after)?);
        }
        sql.push(" ORDER BY p.id LIMIT ").push_bind(i64::from(limit) + 1);
        let mut connection = self.readers.acquire().await.map_err(fault(WHAT))?;
        let rows = sql.build().fetch_all(&mut *connection).await.map_err(fault(WHAT))?;
        let more = rows.len() > limit as usize;
        let mut items = rows.iter().take(limit as usize).map(person).collect::<Result<Vec<_>, _>>()?;
        devices_into(&mut connection, &mut items).await?;
        let next = match items.last() {
            Some(last) if more => Some(cursor(&last.row.id)?),
            _ => None,
        };
        Ok(Page { items, next, total: None })
    }

    async fn put_people(&self, people: &[Person], at: Timestamp) -> Result<(), StoreError> {
        const WHAT: &str = "write people";
        let mut tx = self.begin(WHAT).await?;
        // Devices may change hands within a batch: all of its people let go before anybody takes.
        for person in people {
            judge_again(&mut tx, &person.row.id).await?;
            forget_devices(&mut tx, &person.row.id).await?;
        }
        for person in people {
            put(&mut tx, person, at).await?;
            put_devices(&mut tx, person).await?;
            judge_again(&mut tx, &person.row.id).await?;
        }
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn remove_people(&self, ids: &[String], _at: Timestamp) -> Result<u64, StoreError> {
        const WHAT: &str = "remove people";
        let mut tx = self.begin(WHAT).await?;
        let mut removed = 0;
        for id in ids {
            judge_again(&mut tx, id).await?;
            forget_devices(&mut tx, id).await?;
            for sql in ["DELETE FROM person_names WHERE person = ?", "DELETE FROM people WHERE id = ?"] {
                let done = sqlx::query(sql).bind(id).execute(&mut *tx).await.map_err(fault(WHAT))?;
                removed += if sql.ends_with("WHERE id = ?") { done.rows_affected() } else { 0 };
            }
        }
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(removed)
    }

    async fn person_of(&self, device: &DeviceId) -> Result<Option<Person>, StoreError> {
        let found = self.workers(std::slice::from_ref(device)).await?;
        match found.get(device) {
            Some(id) => self.person(id).await,
            None => Ok(None),
        }
    }

    async fn workers(&self, devices: &[DeviceId]) -> Result<BTreeMap<DeviceId, String>, StoreError> {
        const WHAT: &str = "read whose devices they are";
        let mut found = BTreeMap::new();
        for some in devices.chunks(AT_ONCE) {
            let mut sql = QueryBuilder::<Sqlite>::new(
                "SELECT d.id, r.person, 0 AS rank FROM devices d JOIN person_devices r \
                 ON r.kind = 'id' AND r.value = d.id WHERE d.id IN (",
            );
            let mut list = sql.separated(", ");
            for device in some {
                list.push_bind(device.as_str());
            }
            sql.push(
                ") UNION ALL SELECT d.id, r.person, 1 AS rank FROM devices d JOIN person_devices r \
                 ON r.kind = 'hostname' AND r.value = lower(d.hostname) \
                 WHERE (SELECT count(*) FROM devices o WHERE lower(o.hostname) = lower(d.hostname) AND o.state <> 2) = 1 \
                 AND d.id IN (",
            );
            let mut list = sql.separated(", ");
            for device in some {
                list.push_bind(device.as_str());
            }
            sql.push(") ORDER BY rank DESC");
            for row in &sql.build().fetch_all(&self.readers).await.map_err(fault(WHAT))? {
                found.insert(word_col(row, 0)?, col(row, 1)?);
            }
        }
        Ok(found)
    }

    async fn devices_of(&self, person: &str) -> Result<Vec<DeviceId>, StoreError> {
        let rows = sqlx::query(&format!("SELECT DISTINCT id FROM ({RESOLVED}) WHERE person = ? ORDER BY id"))
            .bind(person)
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read a person's devices"))?;
        rows.iter().map(|row| word_col(row, 0)).collect()
    }

    async fn person_count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM people")
            .fetch_one(&self.readers)
            .await
            .map_err(fault("count people"))?;
        unsigned(count)
    }
}
