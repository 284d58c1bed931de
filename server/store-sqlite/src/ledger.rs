use std::collections::HashMap;

use bearing_protocol::{Timestamp, commitment::Disclosure, digest::Digest, id::DeviceId};
use bearing_store::{
    Accepted, Chain, DeviceState, Intake, JobKind, Ledger, MessageKind, NewSighting, Refusal, StoreError,
    StoredMessage,
};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{
        col, digest_col, instant_col, json, json_col, maybe_digest_col, maybe_json_col, micros, signed,
        unsigned, unsigned_col, word_col,
    },
    device::state_of,
    fault::fault,
    job::enqueue_in,
    sighting,
};

const WHAT: &str = "commit messages";
const COLUMNS: &str = "device, kind, sequence, digest, envelope, disclosures, observation, received_at, chain, gap_from, gap_to";

/// Where a device's chain stands, while a batch is worked through.
struct Head {
    state: DeviceState,
    sequence: u64,
    chain: Option<Digest>,
    checkin_seconds: u32,
    due_at: i64,
    seen_at: i64,
    report_at: Option<i64>,
    last_report: Option<i64>,
    stopped: bool,
    country: Option<String>,
    asn: Option<u32>,
    egress_class: Option<String>,
    moved: bool,
}

const fn kind_number(kind: MessageKind) -> i64 {
    match kind {
        MessageKind::Checkin { stopping: false } => 0,
        MessageKind::Report => 1,
        MessageKind::Checkin { stopping: true } => 2,
    }
}

const fn chain_numbers(chain: Chain) -> (i64, Option<u64>, Option<u64>) {
    match chain {
        Chain::Continues => (0, None, None),
        Chain::DeclaredLoss => (1, None, None),
        Chain::Gap { from, to } => (2, Some(from), Some(to)),
        Chain::Broken => (3, None, None),
    }
}

fn chain_of(number: i64, from: Option<i64>, to: Option<i64>) -> Result<Chain, StoreError> {
    Ok(match (number, from, to) {
        (0, ..) => Chain::Continues,
        (1, ..) => Chain::DeclaredLoss,
        (2, Some(from), Some(to)) => Chain::Gap { from: unsigned(from)?, to: unsigned(to)? },
        _ => Chain::Broken,
    })
}

/// How `message` continues a chain that stands at `sequence` and `chain`; its number is above `sequence`.
fn continuation(sequence: u64, chain: Option<Digest>, message: &Intake) -> Chain {
    if message.sequence == sequence + 1 {
        return if message.previous == chain { Chain::Continues } else { Chain::Broken };
    }
    let missing = (sequence + 1, message.sequence - 1);
    let declared = message.spool_loss.is_some_and(|loss| {
        loss.from <= missing.0 && loss.to == missing.1 && message.previous == Some(loss.last_digest)
    });
    if declared { Chain::DeclaredLoss } else { Chain::Gap { from: missing.0, to: missing.1 } }
}

fn message(row: &SqliteRow) -> Result<StoredMessage, StoreError> {
    Ok(StoredMessage {
        device: word_col(row, 0)?,
        kind: match col::<i64>(row, 1)? {
            0 => MessageKind::Checkin { stopping: false },
            1 => MessageKind::Report,
            _ => MessageKind::Checkin { stopping: true },
        },
        sequence: unsigned_col(row, 2)?,
        digest: digest_col(row, 3)?,
        envelope: json_col(row, 4)?,
        disclosures: json_col(row, 5)?,
        observation: maybe_json_col(row, 6)?,
        received_at: instant_col(row, 7)?,
        chain: chain_of(col(row, 8)?, col(row, 9)?, col(row, 10)?)?,
    })
}

/// The heads of all devices that a batch names, in one query.
async fn heads(
    tx: &mut Transaction<'_, Sqlite>,
    batch: &[Intake],
) -> Result<HashMap<DeviceId, Head>, StoreError> {
    let ids: Vec<_> = batch.iter().map(|message| message.device.as_str()).collect();
    let rows = sqlx::query(
        "SELECT d.id, d.state, d.checkin_seconds, h.sequence, h.chain, h.due_at, h.report_at, h.last_report, h.seen_at \
         FROM json_each(?) ids CROSS JOIN devices d ON d.id = ids.value CROSS JOIN heads h ON h.device = d.id",
    )
    .bind(json(&ids)?)
    .fetch_all(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    rows.iter()
        .map(|row| {
            let head = Head {
                state: state_of(col(row, 1)?)?,
                checkin_seconds: col(row, 2)?,
                sequence: unsigned_col(row, 3)?,
                chain: maybe_digest_col(row, 4)?,
                due_at: col(row, 5)?,
                report_at: col(row, 6)?,
                last_report: col(row, 7)?,
                seen_at: col::<Option<i64>>(row, 8)?.unwrap_or(i64::MIN),
                stopped: false,
                country: None,
                asn: None,
                egress_class: None,
                moved: false,
            };
            Ok((word_col(row, 0)?, head))
        })
        .collect()
}

async fn insert(tx: &mut Transaction<'_, Sqlite>, message: &Intake, chain: Chain) -> Result<(), StoreError> {
    let (number, from, to) = chain_numbers(chain);
    let disclosures =
        if message.disclosures.is_empty() { "[]".to_owned() } else { json(&message.disclosures)? };
    sqlx::query(
        "INSERT INTO messages (device, sequence, kind, digest, chain, gap_from, gap_to, envelope, disclosures, \
         observation, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(message.device.as_str())
    .bind(signed(message.sequence))
    .bind(kind_number(message.kind))
    .bind(message.digest.as_bytes().as_slice())
    .bind(number)
    .bind(from.map(signed))
    .bind(to.map(signed))
    .bind(&message.envelope)
    .bind(disclosures)
    .bind(message.observation.as_deref())
    .bind(micros(message.received_at))
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

/// A message whose number was taken before: the same one again, or a fork (which becomes a job).
async fn repeated(
    tx: &mut Transaction<'_, Sqlite>,
    message: &Intake,
    last: u64,
) -> Result<Result<Accepted, Refusal>, StoreError> {
    let row =
        sqlx::query("SELECT digest, chain, gap_from, gap_to FROM messages WHERE device = ? AND sequence = ?")
            .bind(message.device.as_str())
            .bind(signed(message.sequence))
            .fetch_optional(&mut **tx)
            .await
            .map_err(fault(WHAT))?;
    if let Some(row) = row
        && digest_col(&row, 0)? == message.digest
    {
        let chain = chain_of(col(&row, 1)?, col(&row, 2)?, col(&row, 3)?)?;
        return Ok(Ok(Accepted { duplicate: true, chain }));
    }
    enqueue_in(tx, JobKind::Fork, message.device.as_str(), message.sequence, message.received_at).await?;
    Ok(Err(Refusal::Fork { sequence: message.sequence, last }))
}

async fn answer(tx: &mut Transaction<'_, Sqlite>, message: &Intake) -> Result<(), StoreError> {
    let Some((evaluation, nonce)) = &message.answers else { return Ok(()) };
    sqlx::query(
        "UPDATE challenges SET digest = ?, sequence = ?, answered_at = ? WHERE evaluation = ? AND device = ? \
         AND nonce = ? AND digest IS NULL \
         AND EXISTS (SELECT 1 FROM evaluations e WHERE e.id = challenges.evaluation AND e.frozen_at IS NULL)",
    )
    .bind(message.digest.as_bytes().as_slice())
    .bind(signed(message.sequence))
    .bind(micros(message.received_at))
    .bind(evaluation.as_str())
    .bind(message.device.as_str())
    .bind(nonce)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

async fn accept(
    tx: &mut Transaction<'_, Sqlite>,
    head: &mut Head,
    message: Intake,
) -> Result<Result<Accepted, Refusal>, StoreError> {
    match head.state {
        DeviceState::Active => {}
        DeviceState::Pending => return Ok(Err(Refusal::Pending)),
        DeviceState::Revoked => return Ok(Err(Refusal::Revoked)),
    }
    if message.sequence <= head.sequence {
        return repeated(tx, &message, head.sequence).await;
    }
    let chain = continuation(head.sequence, head.chain, &message);
    insert(tx, &message, chain).await?;
    answer(tx, &message).await?;
    let device = message.device.as_str();
    if message.kind == MessageKind::Report {
        enqueue_in(tx, JobKind::Correlate, device, message.sequence, message.received_at).await?;
    }
    if message.brings_trips {
        enqueue_in(tx, JobKind::Trips, device, message.sequence, message.received_at).await?;
    }
    if matches!(chain, Chain::Gap { .. } | Chain::Broken) {
        enqueue_in(tx, JobKind::Chain, device, message.sequence, message.received_at).await?;
    }
    let received_at = micros(message.received_at);
    if head.due_at < received_at && message.kind != MessageKind::Report {
        // It was silent and is back: its verdict may have to say so.
        enqueue_in(tx, JobKind::Verdict, device, 0, message.received_at).await?;
    }
    head.sequence = message.sequence;
    head.chain = Some(message.digest);
    head.seen_at = head.seen_at.max(received_at);
    head.due_at = head.seen_at.saturating_add(i64::from(head.checkin_seconds) * 1_000_000);
    head.stopped = message.kind == MessageKind::Checkin { stopping: true };
    if message.kind == MessageKind::Report {
        head.report_at = Some(head.seen_at);
        head.last_report = Some(signed(message.sequence));
    }
    if message.country.is_some() || message.egress_class.is_some() {
        head.country = message.country;
        head.asn = message.asn;
        head.egress_class = message.egress_class;
    }
    head.moved = true;
    Ok(Ok(Accepted { duplicate: false, chain }))
}

/// Writes the heads that moved, in one statement.
async fn move_heads(
    tx: &mut Transaction<'_, Sqlite>,
    heads: &HashMap<DeviceId, Head>,
) -> Result<(), StoreError> {
    let moved: Vec<_> = heads
        .iter()
        .filter(|(_, head)| head.moved)
        .map(|(device, head)| {
            let chain = head.chain.map(|digest| hex::encode(digest.as_bytes()));
            let place = (&head.country, &head.asn, &head.egress_class);
            (
                (device.as_str(), head.sequence, chain, head.seen_at, head.due_at),
                (head.report_at, head.last_report, head.stopped),
                place,
            )
        })
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE heads SET sequence = m.value ->> '$[0][1]', chain = unhex(m.value ->> '$[0][2]'), \
         seen_at = m.value ->> '$[0][3]', due_at = m.value ->> '$[0][4]', report_at = m.value ->> '$[1][0]', \
         last_report = m.value ->> '$[1][1]', stopped = m.value ->> '$[1][2]', \
         country = CASE WHEN m.value ->> '$[2][2]' IS NULL THEN country ELSE m.value ->> '$[2][0]' END, \
         asn = CASE WHEN m.value ->> '$[2][2]' IS NULL THEN asn ELSE m.value ->> '$[2][1]' END, \
         egress_class = coalesce(m.value ->> '$[2][2]', egress_class) \
         FROM json_each(?) m WHERE heads.device = m.value ->> '$[0][0]'",
    )
    .bind(json(&moved)?)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

#[async_trait::async_trait]
impl Ledger for SqliteStore {
    async fn commit(&self, batch: Vec<Intake>) -> Result<Vec<Result<Accepted, Refusal>>, StoreError> {
        let mut tx = self.begin(WHAT).await?;
        let mut heads = heads(&mut tx, &batch).await?;
        let mut results = Vec::with_capacity(batch.len());
        let mut sightings = Vec::new();
        for message in batch {
            let seen = message.source.clone().map(|source| NewSighting {
                device: message.device.clone(),
                source,
                at: message.received_at,
            });
            let result = match heads.get_mut(&message.device) {
                Some(head) => accept(&mut tx, head, message).await?,
                None => Err(Refusal::UnknownDevice),
            };
            if matches!(result, Ok(Accepted { duplicate: false, .. })) {
                sightings.extend(seen);
            }
            results.push(result);
        }
        move_heads(&mut tx, &heads).await?;
        sighting::add_in(&mut tx, &sightings).await?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(results)
    }

    async fn message(&self, device: &DeviceId, sequence: u64) -> Result<Option<StoredMessage>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM messages WHERE device = ? AND sequence = ?"))
            .bind(device.as_str())
            .bind(signed(sequence))
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a message"))?
            .as_ref()
            .map(message)
            .transpose()
    }

    async fn message_by_digest(
        &self,
        device: &DeviceId,
        digest: &Digest,
    ) -> Result<Option<StoredMessage>, StoreError> {
        // Reports have an index; check-ins are looked for among the device's own messages.
        for kind in ["kind = 1", "kind <> 1"] {
            let row = sqlx::query(&format!(
                "SELECT {COLUMNS} FROM messages WHERE device = ? AND digest = ? AND {kind} LIMIT 1"
            ))
            .bind(device.as_str())
            .bind(digest.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a message"))?;
            if let Some(row) = row {
                return message(&row).map(Some);
            }
        }
        Ok(None)
    }

    async fn last_report(&self, device: &DeviceId) -> Result<Option<StoredMessage>, StoreError> {
        sqlx::query(&format!(
            "SELECT {COLUMNS} FROM messages WHERE device = ?1 \
             AND sequence = (SELECT last_report FROM heads WHERE device = ?1)"
        ))
        .bind(device.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(fault("read a report"))?
        .as_ref()
        .map(message)
        .transpose()
    }

    async fn messages(
        &self,
        device: &DeviceId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        sqlx::query(&format!(
            "SELECT {COLUMNS} FROM messages WHERE device = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?"
        ))
        .bind(device.as_str())
        .bind(before.map_or(i64::MAX, signed))
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read messages"))?
        .iter()
        .map(message)
        .collect()
    }

    async fn erase_disclosure(&self, device: &DeviceId, disclosure: &Disclosure) -> Result<bool, StoreError> {
        const WHAT: &str = "erase a value";
        let mut tx = self.begin(WHAT).await?;
        let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(
            "SELECT id, sequence, received_at, disclosures FROM messages WHERE device = ? AND kind = 1 \
             AND instr(disclosures, ?) > 0",
        )
        .bind(device.as_str())
        .bind(disclosure.as_str())
        .fetch_all(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        let mut found = false;
        for (id, sequence, received_at, text) in rows {
            let mut kept: Vec<Disclosure> =
                serde_json::from_str(&text).map_err(crate::fault::damaged("disclosures"))?;
            let before = kept.len();
            kept.retain(|other| other != disclosure);
            if kept.len() == before {
                continue;
            }
            found = true;
            sqlx::query("UPDATE messages SET disclosures = ? WHERE id = ?")
                .bind(json(&kept)?)
                .bind(id)
                .execute(&mut *tx)
                .await
                .map_err(fault(WHAT))?;
            // What was made of the value is made again without it.
            let at: Timestamp = crate::column::instant(received_at)?;
            enqueue_in(&mut tx, JobKind::Correlate, device.as_str(), unsigned(sequence)?, at).await?;
        }
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(found)
    }

    async fn message_count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM messages")
            .fetch_one(&self.readers)
            .await
            .map_err(fault("count messages"))?;
        unsigned(count)
    }
}
