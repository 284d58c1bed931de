//! Groups keep their ids while they grow, end when they fall apart; approvals of ties have others look again.

use bearing_protocol::id::{ApprovalId, DeviceId};
use serde_json::json;

use super::sample::{at, enrolled};
use crate::{GroupRow, JobKind, Lineage, LinkKind, LinkSighting, Looked, NewLink, Store, TieApproval};

fn group(members: &[&DeviceId], second: i64) -> GroupRow {
    GroupRow {
        id: String::new(),
        verdict: "review".to_owned(),
        workers: 2,
        weight: 9.5,
        members: members.iter().map(|id| (*id).clone()).collect(),
        body: json!({ "edges": [] }),
        first_seen: at(second),
        last_seen: at(second),
        ended_at: None,
    }
}

fn looked(devices: &[&DeviceId], groups: Vec<GroupRow>, second: i64) -> Looked {
    let devices: Vec<DeviceId> = devices.iter().map(|id| (*id).clone()).collect();
    let states = devices.iter().map(|id| (id.clone(), "d".to_owned(), Some(at(second + 100)))).collect();
    Looked { devices, groups, states, at: at(second) }
}

pub async fn a_group_keeps_its_id_and_ends_when_it_falls_apart<S: Store>(store: &S) {
    let (a, b, c) = (enrolled(store, 1).await, enrolled(store, 2).await, enrolled(store, 3).await);
    store.set_groups(&looked(&[&a, &b], vec![group(&[&a, &b], 0)], 0)).await.unwrap();
    let first = store.group_of(&a).await.unwrap().unwrap();
    assert!(first.id.starts_with("grp_"), "{}", first.id);
    store.set_groups(&looked(&[&a, &b, &c], vec![group(&[&a, &b, &c], 9)], 9)).await.unwrap();
    let grown = store.group_of(&c).await.unwrap().unwrap();
    assert_eq!((grown.id.as_str(), grown.members.len()), (first.id.as_str(), 3));
    assert_eq!((grown.first_seen, grown.last_seen), (at(0), at(9)), "its beginning stays");
    store.set_groups(&looked(&[&a, &b, &c], Vec::new(), 20)).await.unwrap();
    assert!(store.group_of(&a).await.unwrap().is_none());
    assert!(store.groups_of_devices(false, 10).await.unwrap().is_empty());
    let ended = store.groups_of_devices(true, 10).await.unwrap();
    assert_eq!((ended.len(), ended[0].ended_at), (1, Some(at(20))));
    assert!(store.device_group(&first.id).await.unwrap().is_some());
}

pub async fn time_alone_makes_looks_due<S: Store>(store: &S) {
    let a = enrolled(store, 1).await;
    store.set_groups(&looked(&[&a], Vec::new(), 0)).await.unwrap();
    assert_eq!(store.farm_states(std::slice::from_ref(&a)).await.unwrap(), [(a, "d".to_owned())]);
    assert_eq!(store.enqueue_due_looks(at(99), 10).await.unwrap(), 0);
    assert_eq!(store.enqueue_due_looks(at(100), 10).await.unwrap(), 1);
    assert_eq!(store.enqueue_due_looks(at(200), 10).await.unwrap(), 0, "once");
    let jobs = store.take_jobs(10, at(300), at(400)).await.unwrap();
    assert_eq!(jobs.iter().filter(|job| job.kind == JobKind::Farm).count(), 1);
}

pub async fn an_approved_tie_is_looked_at_again<S: Store>(store: &S) {
    let (a, b) = (enrolled(store, 1).await, enrolled(store, 2).await);
    for device in [&a, &b] {
        let value =
            NewLink { kind: LinkKind::Gateway, value: "aa".to_owned(), detail: String::new(), ties: true };
        let seen = LinkSighting {
            device: device.clone(),
            worker: device.to_string(),
            shared_place: None,
            shared_size: 0,
            site: None,
            at: at(0),
            values: vec![value],
            assessed: Vec::new(),
            boot: None,
            installs: Vec::new(),
        };
        store.take_links(&[seen]).await.unwrap();
    }
    let jobs = store.take_jobs(10, at(1), at(2)).await.unwrap();
    store.finish_jobs(&jobs.iter().map(|job| job.id).collect::<Vec<_>>()).await.unwrap();
    let approval = TieApproval {
        id: ApprovalId::from_bytes(&[1; 16]),
        kind: LinkKind::Gateway,
        value: "aa".to_owned(),
        between: Some((a.clone(), b.clone())),
        owner: "it".to_owned(),
        reason: "branch".to_owned(),
        created_by: "ana".to_owned(),
        created_at: at(5),
        expires_at: at(50),
        revoked_at: None,
    };
    store.add_tie_approval(&approval).await.unwrap();
    assert_eq!(store.tie_approvals(10).await.unwrap(), std::slice::from_ref(&approval));
    assert_eq!(store.take_jobs(10, at(6), at(7)).await.unwrap().len(), 2);
    assert!(store.revoke_tie_approval(&approval.id, at(8)).await.unwrap());
    assert!(!store.revoke_tie_approval(&approval.id, at(9)).await.unwrap());
    assert_eq!(store.tie_approvals(10).await.unwrap()[0].revoked_at, Some(at(8)));
    let line = Lineage { device: b.clone(), earlier: a.clone(), how: "reimaged".to_owned(), at: at(3) };
    store.add_lineage(&line).await.unwrap();
    store.add_lineage(&Lineage { at: at(4), ..line.clone() }).await.unwrap();
    assert_eq!(store.lineage(&a).await.unwrap(), std::slice::from_ref(&line));
    assert_eq!(store.lineage(&b).await.unwrap(), [line]);
}
