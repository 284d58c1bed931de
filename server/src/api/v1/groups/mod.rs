//! Groups of devices that hang together: a laptop farm, or what looks like one.

pub(in crate::api) mod get;
pub(in crate::api) mod list;

use bearing_store::GroupRow;
use serde::Serialize;
use utoipa::ToSchema;

/// A group.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "grp_0f3a5f6a1c2b4d5e", "verdict": "escalate", "workers": 12, "weight": 612.4,
    "members": ["dev_506ef1879d748ce0713b0dd01da32ad2"], "first_seen": "2026-11-25T08:00:00Z", "last_seen": "2026-11-25T09:00:00Z",
    "ended_at": null, "edges": [{"kind": "kvm", "rule": "LF-04", "value": "00000000beef0000", "detail": "", "workers": 12,
    "hosts": ["dev_506ef1879d748ce0713b0dd01da32ad2"], "pairs": 66, "weight": 3.1, "explains": true}],
    "arithmetic": ["LF-04 the same IP-KVM nearby: 66 pairs, together 204.6"]
}))]
pub(in crate::api) struct Group {
    id: String,
    /// `review investigate escalate`: a proposal; a person decides.
    verdict: String,
    /// Different people; a device without a person is its own.
    workers: u32,
    weight: f64,
    members: Vec<String>,
    first_seen: String,
    last_seen: String,
    /// When it fell apart.
    ended_at: Option<String>,
    /// What ties it. Those with `explains` are the least set that does.
    #[schema(value_type = Vec<Object>)]
    edges: serde_json::Value,
    #[schema(value_type = Vec<String>)]
    arithmetic: serde_json::Value,
}

impl Group {
    fn of(row: GroupRow) -> Self {
        let part = |name: &str| row.body.get(name).cloned().unwrap_or_default();
        Self {
            edges: part("edges"),
            arithmetic: part("arithmetic"),
            id: row.id,
            verdict: row.verdict,
            workers: row.workers,
            weight: row.weight,
            members: row.members.iter().map(ToString::to_string).collect(),
            first_seen: row.first_seen.to_string(),
            last_seen: row.last_seen.to_string(),
            ended_at: row.ended_at.map(|at| at.to_string()),
        }
    }
}
