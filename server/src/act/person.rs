//! What is kept about a person: handed out whole, or erased.

use bearing_store::{Erased, PageRequest, TripFilter};
use serde_json::{Value, json};

use super::{ActError, audited, note};
use crate::{app::App, auth::Actor};

/// How many messages one step reads.
const MESSAGES: u32 = 200;
/// How many earlier verdicts and places are handed out of each device.
const MOST: u32 = 10_000;

/// Hands out what is kept about a person and the own devices, a record at a time, each with its `kind`.
///
/// # Errors
/// Where there is no such person, `out` fails, or the store cannot.
pub async fn export_person<F>(app: &App, actor: &Actor, id: &str, mut out: F) -> Result<(), ActError>
where
    F: FnMut(Value) -> Result<(), ActError> + Send,
{
    let person = app.store.person(id).await?.ok_or(ActError::NotFound("person"))?;
    note(app, actor.name(), "person.export", id, json!({})).await?;
    out(json!({ "kind": "person", "person": person }))?;
    for device in app.store.devices_of(id).await? {
        out(json!({ "kind": "device", "device": app.store.device(&device).await? }))?;
        let filter = TripFilter { device: Some(device.clone()), ..TripFilter::default() };
        let mut page = PageRequest::default();
        loop {
            let trips = app.store.trips(&filter, &page).await?;
            for trip in trips.items {
                out(json!({
                    "kind": "trip", "id": trip.id, "device": trip.device, "countries": trip.countries,
                    "from": trip.from, "until": trip.until, "announced_by": trip.announced_by,
                    "announced_at": trip.announced_at, "state": trip.state, "decided_by": trip.decided_by,
                    "decided_at": trip.decided_at, "reason": trip.reason,
                }))?;
            }
            match trips.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        for seen in app.store.sightings(&device, MOST).await? {
            out(json!({
                "kind": "place", "device": device, "family": seen.source.family, "digest": seen.source.digest,
                "country": seen.source.country, "alt_country": seen.source.alt_country,
                "asn": seen.source.asn, "class": seen.source.class, "first_seen": seen.first_seen,
                "last_seen": seen.last_seen, "seen": seen.seen,
            }))?;
        }
        for raw in app.store.raw_addresses(&device, MOST).await? {
            out(json!({
                "kind": "address", "device": device, "address": raw.address, "last_seen": raw.last_seen,
            }))?;
        }
        out(json!({ "kind": "verdict", "verdict": app.store.verdict(&device).await? }))?;
        for verdict in app.store.verdict_history(&device, MOST).await? {
            out(json!({ "kind": "earlier-verdict", "verdict": verdict }))?;
        }
        for finding in app.store.device_findings(&device).await? {
            out(json!({ "kind": "finding", "finding": finding }))?;
        }
        let mut before = None;
        loop {
            let messages = app.store.messages(&device, before, MESSAGES).await?;
            let Some(last) = messages.last() else { break };
            before = Some(last.sequence);
            for message in messages {
                out(json!({
                    "kind": "message", "device": device, "sequence": message.sequence,
                    "received_at": message.received_at, "envelope": message.envelope,
                    "values": message.disclosures, "observation": message.observation,
                }))?;
            }
        }
    }
    Ok(())
}

/// Erases a person. The audit log says that it was done and to which devices, not to whom.
///
/// # Errors
/// Where there is no such person, or the store cannot.
pub async fn erase_person(app: &App, actor: &Actor, id: &str) -> Result<Erased, ActError> {
    let devices = app.store.devices_of(id).await?;
    audited(app, actor, "person.erase", "person", json!({ "devices": devices }), async {
        app.store.erase_person(id, app.clock.now()).await?.ok_or(ActError::NotFound("person"))
    })
    .await
}
