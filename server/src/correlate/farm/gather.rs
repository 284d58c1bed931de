//! Everything that hangs together with some devices: a walk over shared values, bounded on every side.
//!
//! Always: at most [`MAX_HOSTS`] hosts; a value of more than [`TOO_COMMON`] hosts is not walked over, nor is one that a
//! site, an approval or the class of its address explains.

use std::collections::{BTreeMap, BTreeSet};

use bearing_policies::farm::{EdgeKind, FarmHost, FarmInput, Holding, Shared, TOO_COMMON};
use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{LinkKind, LinkRow, StoreError, TieApproval};
use jiff::SignedDuration;

use crate::app::App;

/// Most hosts of one look.
pub(super) const MAX_HOSTS: usize = 400;
/// Most starts of one host that are compared.
const MAX_STARTS: u32 = 200;
/// Most approvals that are read.
pub(super) const MAX_APPROVALS: u32 = 2_000;
const DAY_HOURS: i64 = 24;
/// Over which time starts are compared.
const START_DAYS: i64 = 60;
/// In which time a host that stays keeps its gateway.
const STATIC_DAYS: i64 = 7;

/// What was found.
pub(super) struct Gathered {
    /// Devices, in the order of [`FarmInput::hosts`].
    pub(super) devices: Vec<DeviceId>,
    pub(super) input: FarmInput,
    /// When the first of the shared values leaves its window or an approval ends, by host.
    pub(super) due: Vec<Option<Timestamp>>,
    /// Whether there was more than is looked at.
    pub(super) is_cut: bool,
}

/// What does not change between the looks of one batch.
pub(super) struct Ground {
    pub(super) now: Timestamp,
    pub(super) hosts_in_tenant: u64,
    pub(super) approvals: Vec<TieApproval>,
}

impl Ground {
    pub(super) async fn of(app: &App, now: Timestamp) -> Result<Self, StoreError> {
        let since = before(now, 30);
        let approvals = app.store.tie_approvals(MAX_APPROVALS).await?;
        let in_force = |one: &TieApproval| one.revoked_at.is_none() && now < one.expires_at;
        Ok(Self {
            now,
            hosts_in_tenant: app.store.link_host_count(since).await?,
            approvals: approvals.into_iter().filter(in_force).collect(),
        })
    }

    fn approvals_of(&self, kind: LinkKind, value: &str) -> impl Iterator<Item = &TieApproval> {
        self.approvals.iter().filter(move |one| one.kind == kind && one.value == value)
    }
}

/// The instant `days` before.
pub(super) fn before(now: Timestamp, days: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(days * DAY_HOURS)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The kind of edge that a value makes by itself.
pub(super) const fn edge_of(kind: LinkKind) -> Option<EdgeKind> {
    match kind {
        LinkKind::Address => Some(EdgeKind::Address),
        LinkKind::Gateway => Some(EdgeKind::Gateway),
        LinkKind::Kvm => Some(EdgeKind::Kvm),
        LinkKind::UsbSerial => Some(EdgeKind::UsbSerial),
        LinkKind::DisplaySerial => Some(EdgeKind::DisplaySerial),
        LinkKind::Account => Some(EdgeKind::Account),
        LinkKind::Installs => Some(EdgeKind::Installs),
        LinkKind::Roster => Some(EdgeKind::Roster),
        _ => None,
    }
}

/// For how many days a value of a kind counts.
const fn window_days(kind: LinkKind) -> i64 {
    match edge_of(kind) {
        Some(edge) => edge.window_days(),
        None => EdgeKind::Neighbour.window_days(),
    }
}

fn is_fresh(row: &LinkRow, now: Timestamp) -> bool {
    row.last_seen >= before(now, window_days(row.kind))
}

/// What policy approves on a device ties it to nobody.
fn is_approved(row: &LinkRow) -> bool {
    row.kind == LinkKind::Account && row.detail.ends_with(" approved")
}

/// Whether an address of this class (and site) is a way to the next host: not where strangers share it, nor at a site.
pub(super) fn is_walked(detail: &str) -> bool {
    matches!(detail, "residential" | "unknown" | "residential_proxy")
}

fn is_way(row: &LinkRow) -> bool {
    row.kind != LinkKind::Address || is_walked(&row.detail)
}

type Value = (LinkKind, String);

struct Walk<'a> {
    app: &'a App,
    ground: &'a Ground,
    links: BTreeMap<DeviceId, Vec<LinkRow>>,
    holders: BTreeMap<Value, Vec<LinkRow>>,
    frontier: Vec<DeviceId>,
    known: BTreeSet<DeviceId>,
    is_cut: bool,
}

/// Gathers what hangs together with `device`.
pub(super) async fn gather(app: &App, ground: &Ground, device: &DeviceId) -> Result<Gathered, StoreError> {
    let mut walk = Walk {
        app,
        ground,
        links: BTreeMap::new(),
        holders: BTreeMap::new(),
        frontier: vec![device.clone()],
        known: BTreeSet::from([device.clone()]),
        is_cut: false,
    };
    while let Some(next) = walk.frontier.pop() {
        walk.visit(&next).await?;
    }
    walk.finish().await
}

impl Walk<'_> {
    async fn visit(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        let rows = self.app.store.links_of(device).await?;
        let rows: Vec<LinkRow> = rows.into_iter().filter(|row| is_fresh(row, self.ground.now)).collect();
        let mut wanted: Vec<Value> = Vec::new();
        for row in rows.iter().filter(|row| !is_approved(row)) {
            let key = match row.kind {
                LinkKind::Interface | LinkKind::Neighbour => (row.kind.counterpart(), row.value.clone()),
                kind if edge_of(kind).is_some() && is_way(row) => (kind, row.value.clone()),
                _ => continue,
            };
            if !self.holders.contains_key(&key) {
                wanted.push(key);
            }
        }
        let since = before(self.ground.now, 30);
        let found = self.app.store.holders(&wanted, since, TOO_COMMON as u32 + 1).await?;
        for key in wanted {
            self.holders.entry(key).or_default();
        }
        for row in found.into_iter().filter(|row| is_fresh(row, self.ground.now) && !is_approved(row)) {
            self.holders.entry((row.kind, row.value.clone())).or_default().push(row);
        }
        let next = self.next(device, &rows);
        self.links.insert(device.clone(), rows);
        for device in next {
            if self.known.len() >= MAX_HOSTS {
                self.is_cut |= !self.known.contains(&device);
            } else if self.known.insert(device.clone()) {
                self.frontier.push(device);
            }
        }
        Ok(())
    }

    /// Where the walk goes on from a host.
    fn next(&self, device: &DeviceId, rows: &[LinkRow]) -> BTreeSet<DeviceId> {
        let mut next = BTreeSet::new();
        for row in rows.iter().filter(|row| edge_of(row.kind).is_some() && !is_approved(row)) {
            let stays =
                row.off_site.is_none() && row.kind != LinkKind::Account && row.kind != LinkKind::Installs;
            let approved = self.ground.approvals_of(row.kind, &row.value).any(|one| one.between.is_none());
            if stays || approved || !is_way(row) {
                continue;
            }
            let Some(holders) = self.holders.get(&(row.kind, row.value.clone())) else { continue };
            if holders.len() <= TOO_COMMON {
                next.extend(holders.iter().map(|holder| holder.device.clone()));
            }
        }
        next.extend(self.mutual_of(rows));
        next.remove(device);
        next
    }

    /// Hosts that a host sees and that see it.
    fn mutual_of(&self, rows: &[LinkRow]) -> BTreeSet<DeviceId> {
        let of = |own: LinkKind| {
            let values = rows.iter().filter(move |row| row.kind == own);
            let held = values.filter_map(|row| self.holders.get(&(own.counterpart(), row.value.clone())));
            held.filter(|holders| holders.len() <= TOO_COMMON)
                .flatten()
                .map(|row| row.device.clone())
                .collect::<BTreeSet<_>>()
        };
        let (see_it, seen_by_it) = (of(LinkKind::Interface), of(LinkKind::Neighbour));
        see_it.intersection(&seen_by_it).cloned().collect()
    }

    async fn finish(self) -> Result<Gathered, StoreError> {
        let devices: Vec<DeviceId> = self.links.keys().cloned().collect();
        let place: BTreeMap<&DeviceId, usize> = devices.iter().enumerate().map(|(n, one)| (one, n)).collect();
        let hosts = self.app.store.link_hosts(&devices).await?;
        let starts = self.app.store.boots(&devices, before(self.ground.now, START_DAYS), MAX_STARTS).await?;
        let mut farm_hosts: Vec<FarmHost> = devices
            .iter()
            .map(|device| {
                let known = hosts.iter().find(|host| host.device == *device);
                FarmHost {
                    id: device.to_string(),
                    worker: known.map_or_else(|| device.to_string(), |host| host.worker.clone()),
                    shared_place: known.and_then(|host| host.shared_place.clone()),
                    shared_size: known.map_or(0, |host| host.shared_size),
                    is_static: stays(self.links.get(device).map_or(&[][..], Vec::as_slice), self.ground.now),
                    starts: Vec::new(),
                }
            })
            .collect();
        for start in starts {
            if let Some(host) = place.get(&start.device).and_then(|n| farm_hosts.get_mut(*n)) {
                host.starts.push(start.at);
            }
        }
        let mut due = vec![None; devices.len()];
        let mut shared = Vec::new();
        // Addresses that are no way are compared among those who hang together by something else.
        let mut by_the_way: BTreeMap<Value, Vec<LinkRow>> = BTreeMap::new();
        for row in self.links.values().flatten().filter(|row| !is_way(row)) {
            by_the_way.entry((row.kind, row.value.clone())).or_default().push(row.clone());
        }
        for ((kind, value), rows) in self.holders.iter().chain(&by_the_way) {
            let Some(edge) = edge_of(*kind) else { continue };
            let one = self.shared(edge, *kind, value, rows, &place);
            if one.holders.len() >= 2 {
                self.note_due(&one, &mut due);
                shared.push(one);
            }
        }
        let mut mutual = BTreeSet::new();
        for (device, rows) in &self.links {
            for other in self.mutual_of(rows) {
                if let (Some(a), Some(b)) = (place.get(device), place.get(&other))
                    && a != b
                {
                    mutual.insert((*a.min(b), *a.max(b)));
                }
            }
        }
        let input = FarmInput {
            hosts_in_tenant: self.ground.hosts_in_tenant,
            hosts: farm_hosts,
            shared,
            mutual: mutual.into_iter().collect(),
        };
        Ok(Gathered { input, due, is_cut: self.is_cut, devices })
    }

    fn shared(
        &self,
        edge: EdgeKind,
        kind: LinkKind,
        value: &str,
        rows: &[LinkRow],
        place: &BTreeMap<&DeviceId, usize>,
    ) -> Shared {
        let mut waived = None;
        let mut waived_pairs = Vec::new();
        for approval in self.ground.approvals_of(kind, value) {
            match &approval.between {
                None => waived = Some(format!("approved: {} ({})", approval.reason, approval.owner)),
                Some((a, b)) => {
                    if let (Some(a), Some(b)) = (place.get(a), place.get(b)) {
                        waived_pairs.push((*a.min(b), *a.max(b)));
                    }
                }
            }
        }
        let holders = rows.iter().filter_map(|row| {
            Some(Holding {
                host: *place.get(&row.device)?,
                first_seen: row.first_seen,
                last_seen: row.last_seen,
                off_site: row.off_site.is_some(),
                present: row.present,
            })
        });
        // Of several holders' words the one that explains most: an address that one saw as a site's is a site's.
        let detail = rows.iter().map(|row| row.detail.as_str()).max_by_key(|detail| detail.len());
        Shared {
            kind: edge,
            value: value.to_owned(),
            detail: detail.unwrap_or_default().to_owned(),
            sharing: rows.len(),
            holders: holders.collect(),
            waived,
            waived_pairs,
        }
    }

    /// When this value's weight may change by time alone.
    fn note_due(&self, shared: &Shared, due: &mut [Option<Timestamp>]) {
        let ends =
            self.ground.approvals.iter().filter(|one| one.value == shared.value).map(|one| one.expires_at);
        let ends = ends.min();
        for holding in &shared.holders {
            let window = SignedDuration::from_hours((shared.kind.window_days() * DAY_HOURS) + 1);
            let leaves = holding.last_seen.saturating_add(window).ok();
            if let Some(slot) = due.get_mut(holding.host) {
                *slot = [*slot, leaves, ends].into_iter().flatten().min();
            }
        }
    }
}

/// Whether a host stays where it is: within a week it has left no gateway (without any, no address).
fn stays(rows: &[LinkRow], now: Timestamp) -> bool {
    let since = before(now, STATIC_DAYS);
    let of = |kind: LinkKind| rows.iter().filter(move |row| row.kind == kind && row.last_seen >= since);
    let kind = if of(LinkKind::Gateway).next().is_some() { LinkKind::Gateway } else { LinkKind::Address };
    of(kind).any(|row| row.present) && of(kind).all(|row| row.present)
}
