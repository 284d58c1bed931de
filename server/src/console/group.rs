//! One group: who hangs together by what, drawn and in words, with the arithmetic and how to disprove it.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::Timestamp;
use bearing_store::{DeviceRow, GroupRow};
use serde::Deserialize;

use super::{
    ProblemPage,
    form::{Ids, day_after},
    frame::{Frame, Visit, page},
    group_graph::{Drawn, Graph, draw},
    view::{When, points, shown, verdict_class, verdict_meaning, verdict_word},
};
use crate::app::App;

/// For how many days an approval is proposed.
const PROPOSED_DAYS: i64 = 90;

/// An edge as the look left it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Edge {
    pub(super) kind: String,
    pub(super) rule: String,
    pub(super) value: String,
    pub(super) detail: String,
    pub(super) hosts: Vec<String>,
    pub(super) workers: usize,
    pub(super) weight: f64,
    pub(super) pairs: usize,
    pub(super) explains: bool,
}

/// The edges of a group; none where they do not read.
pub(super) fn edges_of(row: &GroupRow) -> Vec<Edge> {
    let edges = row.body.get("edges").cloned().unwrap_or_default();
    serde_json::from_value(edges).unwrap_or_default()
}

/// What a kind of edge is, for people.
pub(super) fn kind_words(kind: &str) -> String {
    match kind {
        "address" => "one public address".to_owned(),
        "gateway" => "one gateway".to_owned(),
        "neighbour" => "one local network, each seeing the other".to_owned(),
        "kvm" => "one IP-KVM nearby".to_owned(),
        "usb_serial" => "one USB device".to_owned(),
        "display_serial" => "one display".to_owned(),
        "account" => "one remote access account".to_owned(),
        "power" => "starts in the same minutes".to_owned(),
        "installs" => "the same first installations".to_owned(),
        "roster" => "one line of the roster".to_owned(),
        other => shown(other),
    }
}

fn class_of(kind: &str) -> &'static str {
    match kind {
        "address" | "gateway" | "neighbour" => "line",
        "kvm" => "kvm",
        "usb_serial" | "display_serial" => "desk",
        "account" => "account",
        _ => "other",
    }
}

/// An edge, in a line.
#[derive(Clone, Debug)]
pub(super) struct EdgeLine {
    number: usize,
    kind: String,
    words: String,
    rule: String,
    value: String,
    detail: String,
    devices: usize,
    workers: usize,
    pairs: usize,
    weight: String,
    explains: bool,
    /// Whether it is a value that can be approved.
    can_approve: bool,
}

/// A member, in a line.
#[derive(Clone, Debug)]
pub(super) struct Member {
    id: String,
    name: String,
    worker: Option<String>,
    simulated: bool,
    seen: Option<When>,
}

#[derive(Template)]
#[template(path = "group.html")]
pub(super) struct GroupPage {
    frame: Frame,
    id: String,
    word: &'static str,
    class: &'static str,
    meaning: &'static str,
    workers: u32,
    weight: String,
    first: When,
    last: When,
    ended: Option<When>,
    edges: Vec<EdgeLine>,
    members: Vec<Member>,
    arithmetic: Vec<String>,
    graph: Graph,
    until: String,
    simulated: bool,
}

impl GroupPage {
    pub(super) fn of(frame: Frame, row: &GroupRow, devices: &[DeviceRow], now: Timestamp) -> Self {
        let edges = edges_of(row);
        let workers: BTreeMap<String, String> = row
            .body
            .get("workers")
            .cloned()
            .and_then(|map| serde_json::from_value(map).ok())
            .unwrap_or_default();
        let workers: BTreeMap<String, String> =
            workers.into_iter().map(|(device, worker)| (device, shown(&worker))).collect();
        let members: Vec<Member> = row
            .members
            .iter()
            .map(|id| {
                let device = devices.iter().find(|device| device.id == *id);
                let worker = workers.get(id.as_str()).filter(|worker| worker.as_str() != id.as_str());
                Member {
                    id: id.to_string(),
                    name: device.map_or_else(|| id.to_string(), |device| shown(&device.hostname)),
                    worker: worker.cloned(),
                    simulated: device.is_some_and(|device| device.simulated),
                    seen: device.and_then(|device| When::maybe(device.last_seen, now)),
                }
            })
            .collect();
        let names: Vec<(String, String)> =
            members.iter().map(|member| (member.id.clone(), short(&member.name))).collect();
        let drawn: Vec<Drawn<'_>> = edges
            .iter()
            .map(|edge| Drawn {
                label: label(edge),
                title: format!(
                    "{}: {} workers, weight {} a pair",
                    kind_words(&edge.kind),
                    edge.workers,
                    points(edge.weight)
                ),
                class: class_of(&edge.kind),
                explains: edge.explains,
                hosts: &edge.hosts,
            })
            .collect();
        let graph = draw(&names, &workers, &drawn);
        let part = |name: &str| row.body.get(name).cloned().unwrap_or_default();
        let arithmetic: Vec<String> = serde_json::from_value(part("arithmetic")).unwrap_or_default();
        Self {
            frame,
            id: row.id.clone(),
            word: verdict_word(&row.verdict),
            class: verdict_class(&row.verdict),
            meaning: verdict_meaning(&row.verdict),
            workers: row.workers,
            weight: points(row.weight),
            first: When::at(row.first_seen, now),
            last: When::at(row.last_seen, now),
            ended: When::maybe(row.ended_at, now),
            edges: edges.iter().enumerate().map(|(place, edge)| line(place + 1, edge)).collect(),
            simulated: members.iter().any(|member| member.simulated),
            members,
            arithmetic: arithmetic.iter().map(|text| shown(text)).collect(),
            graph,
            until: day_after(now, PROPOSED_DAYS),
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples as common;
        let frame = |role| Frame::sample("farm", role);
        let devices = [common::device()];
        vec![
            Self::of(frame(bearing_store::Role::Analyst), &samples::group(), &devices, common::now()),
            Self::of(frame(bearing_store::Role::Viewer), &samples::group(), &devices, common::now()),
        ]
    }
}

/// A name that fits into the drawing.
fn short(name: &str) -> String {
    const MOST: usize = 20;
    if name.chars().count() <= MOST {
        name.to_owned()
    } else {
        name.chars().take(MOST - 1).chain(['…']).collect()
    }
}

fn label(edge: &Edge) -> String {
    let word = match edge.kind.as_str() {
        "address" => "public address",
        "gateway" => "gateway",
        "neighbour" => "local network",
        "kvm" => "IP-KVM",
        "usb_serial" => "USB device",
        "display_serial" => "display",
        "account" => "account",
        "power" => "same starts",
        "installs" => "same set-up",
        _ => "roster",
    };
    match edge.value.get(..6) {
        Some(value) => format!("{word} {}", shown(value)),
        None => word.to_owned(),
    }
}

fn line(number: usize, edge: &Edge) -> EdgeLine {
    EdgeLine {
        number,
        kind: shown(&edge.kind),
        words: kind_words(&edge.kind),
        rule: shown(&edge.rule),
        value: shown(&edge.value),
        detail: shown(&edge.detail),
        devices: edge.hosts.len(),
        workers: edge.workers,
        pairs: edge.pairs,
        weight: points(edge.weight),
        explains: edge.explains,
        can_approve: !edge.value.is_empty(),
    }
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<String>,
) -> Result<Response, ProblemPage> {
    let Some(row) = app.store.device_group(&id).await? else { return Err(ProblemPage::not_found()) };
    let mut devices = Vec::with_capacity(row.members.len());
    for member in &row.members {
        devices.extend(app.store.device(member).await?);
    }
    Ok(page(&GroupPage::of(visit.frame(&app, "farm"), &row, &devices, app.clock.now())))
}

#[cfg(test)]
pub(super) mod samples {
    use bearing_protocol::id::ApprovalId;
    use bearing_store::{GroupRow, LinkKind, TieApproval};
    use serde_json::json;

    use super::super::samples::{HOSTILE, device, now};

    pub(in crate::console) fn group() -> GroupRow {
        let id = device().id;
        GroupRow {
            id: "grp_0f3a5f6a1c2b4d5e".to_owned(),
            verdict: "escalate".to_owned(),
            workers: 2,
            weight: 12.5,
            members: vec![id.clone()],
            body: json!({
                "edges": [
                    {"kind": "kvm", "rule": "LF-04", "value": "00000000beef0000", "detail": HOSTILE, "hosts": [id],
                     "workers": 2, "weight": 3.25, "pairs": 1, "explains": true},
                    {"kind": "power", "rule": "LF-08", "value": "", "detail": "", "hosts": [id], "workers": 2,
                     "weight": 2.0, "pairs": 1, "explains": false},
                ],
                "workers": {id.as_str(): HOSTILE},
                "arithmetic": [HOSTILE, "12 hosts in the tenant"],
            }),
            first_seen: now(),
            last_seen: now(),
            ended_at: None,
        }
    }

    pub(in crate::console) fn tie() -> TieApproval {
        TieApproval {
            id: ApprovalId::from_bytes(&[1; 16]),
            kind: LinkKind::Gateway,
            value: "00000000aa000001".to_owned(),
            between: Some((device().id, device().id)),
            owner: HOSTILE.to_owned(),
            reason: HOSTILE.to_owned(),
            created_by: HOSTILE.to_owned(),
            created_at: now(),
            expires_at: "2027-02-25T08:00:00Z".parse().unwrap(),
            revoked_at: None,
        }
    }
}
