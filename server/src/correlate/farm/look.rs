//! One look at what hangs together with a device: groups are written, findings are handed on.

use std::collections::{BTreeMap, BTreeSet};

use bearing_policies::farm::{FarmGroup, FarmResult, evaluate_farm};
use bearing_protocol::{Timestamp, digest::Digest, id::DeviceId};
use bearing_store::{GroupRow, Looked, Observed, StoreError};
use serde_json::json;

use super::{
    gather::{Gathered, Ground, gather},
    wording,
};
use crate::{act, app::App, correlate::identity};

/// Looks at each of these devices and whatever hangs together with it, once. What they show is to be taken into the
/// findings; groups are written already.
///
/// # Errors
/// The store's.
pub async fn look(app: &App, devices: &[DeviceId], now: Timestamp) -> Result<Vec<Observed>, StoreError> {
    if devices.is_empty() {
        return Ok(Vec::new());
    }
    let ground = Ground::of(app, now).await?;
    let suspended = act::suspended_approvals(&app.store.approvals().await?, now);
    let mut done: BTreeSet<DeviceId> = BTreeSet::new();
    let mut observed = Vec::new();
    for device in devices {
        observed.extend(identity::two_keys(app, device, now).await?);
        if done.contains(device) {
            continue;
        }
        let gathered = gather(app, &ground, device).await?;
        let result = evaluate_farm(&gathered.input);
        observed.extend(take(app, &gathered, &result, now).await?);
        done.extend(gathered.devices);
    }
    for one in &mut observed {
        one.suspended.clone_from(&suspended);
    }
    Ok(observed)
}

async fn take(
    app: &App,
    gathered: &Gathered,
    result: &FarmResult,
    now: Timestamp,
) -> Result<Vec<Observed>, StoreError> {
    let before: BTreeMap<DeviceId, String> =
        app.store.farm_states(&gathered.devices).await?.into_iter().collect();
    let mut observed = Vec::new();
    let mut states = Vec::new();
    for (place, device) in gathered.devices.iter().enumerate() {
        let own = result.findings.iter().filter(|finding| finding.host == place);
        let findings: Vec<_> = own.filter_map(wording::finding).collect();
        let text = serde_json::to_string(&findings).unwrap_or_default();
        let digest = if findings.is_empty() { String::new() } else { Digest::of(text.as_bytes()).short() };
        let due = gathered.due.get(place).copied().flatten().filter(|_| !findings.is_empty());
        let known = before.get(device);
        if known.map(String::as_str).unwrap_or_default() != digest {
            observed.push(Observed {
                device: device.clone(),
                origin: "server".to_owned(),
                at: now,
                findings,
                assessed: wording::assessed(),
                suspended: Vec::new(),
                result: None,
            });
        }
        if known.is_some() || !digest.is_empty() {
            states.push((device.clone(), digest, due));
        }
    }
    let groups: Vec<GroupRow> = result.groups.iter().map(|group| row(gathered, group, now)).collect();
    if !groups.is_empty() || !states.is_empty() {
        app.store.set_groups(&Looked { devices: gathered.devices.clone(), groups, states, at: now }).await?;
    }
    Ok(observed)
}

fn row(gathered: &Gathered, group: &FarmGroup, now: Timestamp) -> GroupRow {
    let device = |place: &usize| gathered.devices.get(*place).cloned();
    let worker = |place: &usize| gathered.input.hosts.get(*place).map(|host| host.worker.clone());
    let edges: Vec<_> = group
        .edges
        .iter()
        .map(|edge| {
            json!({
                "kind": edge.kind, "rule": edge.kind.rule(), "value": edge.value, "detail": edge.detail,
                "hosts": edge.hosts.iter().filter_map(device).collect::<Vec<_>>(),
                "workers": edge.workers, "weight": edge.weight, "pairs": edge.pairs, "explains": edge.explains,
            })
        })
        .collect();
    let workers: BTreeMap<String, String> =
        group.hosts.iter().filter_map(|place| Some((device(place)?.to_string(), worker(place)?))).collect();
    let mut arithmetic = group.arithmetic.clone();
    arithmetic.push(format!("{} hosts in the tenant", gathered.input.hosts_in_tenant));
    if gathered.is_cut {
        arithmetic.push("there is more than one look takes in: the rest is looked at by itself".to_owned());
    }
    GroupRow {
        id: String::new(),
        verdict: group.verdict.as_str().to_owned(),
        workers: u32::try_from(group.workers).unwrap_or(u32::MAX),
        weight: group.weight,
        members: group.hosts.iter().filter_map(device).collect(),
        body: json!({ "edges": edges, "workers": workers, "arithmetic": arithmetic }),
        first_seen: now,
        last_seen: now,
        ended_at: None,
    }
}
