//! One hardware set, or one inventory, under two keys: set up again, moved, copied.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{DeviceRow, Lineage, LinkKind, Observed, StoreError};
use jiff::SignedDuration;

use super::{
    parts::{Part, part_of},
    wording,
};
use crate::app::App;

/// More devices than this share a serial that is no serial.
const MAX_TWINS: u32 = 4;
/// For how long hardware is compared.
const WINDOW: SignedDuration = SignedDuration::from_hours(24 * 60);

/// What two devices have in common.
#[derive(Debug, Default)]
struct Common {
    parts: BTreeSet<Part>,
    board_kinds: usize,
    same_inventory: bool,
}

/// Looks for other keys on a device's hardware, remembers lineage, and gives what is a finding on both.
pub(in crate::correlate) async fn two_keys(
    app: &App,
    device: &DeviceId,
    now: Timestamp,
) -> Result<Vec<Observed>, StoreError> {
    let own = app.store.links_of(device).await?;
    let values: Vec<(LinkKind, String)> = own
        .iter()
        .filter(|row| row.present && (part_of(row.kind).is_some() || row.kind == LinkKind::Inventory))
        .map(|row| (row.kind, row.value.clone()))
        .collect();
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let since = now.saturating_sub(WINDOW).unwrap_or(now);
    let holders = app.store.holders(&values, since, MAX_TWINS + 1).await?;
    let mut counts: BTreeMap<(LinkKind, &str), u32> = BTreeMap::new();
    for row in &holders {
        *counts.entry((row.kind, row.value.as_str())).or_default() += 1;
    }
    let mut twins: BTreeMap<DeviceId, Common> = BTreeMap::new();
    for row in holders.iter().filter(|row| row.device != *device) {
        if counts.get(&(row.kind, row.value.as_str())).is_some_and(|count| *count > MAX_TWINS) {
            continue;
        }
        let common = twins.entry(row.device.clone()).or_default();
        match part_of(row.kind) {
            Some(part) => {
                common.parts.insert(part);
                common.board_kinds += usize::from(part == Part::Board);
            }
            None => common.same_inventory = true,
        }
    }
    let mut observed = Vec::new();
    for (other, common) in twins {
        observed.extend(judge(app, device, &other, &common, now).await?);
    }
    Ok(observed)
}

/// For a device whose machine was set up again with another key: it speaks, so both keys are in use.
pub(in crate::correlate) async fn speaks_again(
    app: &App,
    device: &DeviceId,
    now: Timestamp,
) -> Result<Vec<Observed>, StoreError> {
    let mut observed = Vec::new();
    for line in app.store.lineage(device).await? {
        if line.earlier != *device || line.how != "reimaged" {
            continue;
        }
        let common = Common { parts: [Part::Board, Part::Disk].into(), ..Common::default() };
        observed.extend(judge(app, device, &line.device, &common, now).await?);
    }
    Ok(observed)
}

async fn judge(
    app: &App,
    device: &DeviceId,
    other: &DeviceId,
    common: &Common,
    now: Timestamp,
) -> Result<Vec<Observed>, StoreError> {
    let (Some(one), Some(two)) = (app.store.device(device).await?, app.store.device(other).await?) else {
        return Ok(Vec::new());
    };
    let (earlier, later) = if one.enrolled_at <= two.enrolled_at { (one, two) } else { (two, one) };
    // The same board is the same machine; a network card alone may have been moved.
    let same_machine =
        common.parts.contains(&Part::Board) && (common.board_kinds >= 2 || common.parts.len() >= 2);
    let overlap =
        earlier.last_report.is_some_and(|last| last > later.enrolled_at) && later.last_report.is_some();
    let (how, finding) = match (same_machine, overlap) {
        (true, true) => ("cloned", wording::two_keys("two keys report from one hardware set")),
        (true, false) => ("reimaged", None),
        (false, true) if common.same_inventory => {
            ("copied", wording::two_keys("two keys report one inventory"))
        }
        (false, _) if common.parts.contains(&Part::Disk) => ("disk_moved", None),
        _ => return Ok(Vec::new()),
    };
    app.store
        .add_lineage(&Lineage {
            device: later.id.clone(),
            earlier: earlier.id.clone(),
            how: how.to_owned(),
            at: now,
        })
        .await?;
    Ok(finding.map(|finding| on_both(&[earlier, later], &finding, now)).unwrap_or_default())
}

fn on_both(
    devices: &[DeviceRow; 2],
    finding: &bearing_protocol::finding::Finding,
    now: Timestamp,
) -> Vec<Observed> {
    devices
        .iter()
        .map(|device| Observed {
            device: device.id.clone(),
            origin: "server".to_owned(),
            at: now,
            findings: vec![finding.clone()],
            assessed: Vec::new(), // it stands until a person resolves it
            suspended: Vec::new(),
            result: None,
        })
        .collect()
}
