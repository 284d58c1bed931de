//! What ties devices together: taken once, found by value, counted by worker.

use bearing_protocol::id::DeviceId;

use super::sample::{at, enrolled};
use crate::{JobKind, LinkKind, LinkSighting, NewLink, Store};

const HOUR: i64 = 3_600;

fn seen(device: &DeviceId, second: i64, values: &[(LinkKind, &str)]) -> LinkSighting {
    LinkSighting {
        device: device.clone(),
        worker: device.to_string(),
        shared_place: None,
        shared_size: 0,
        site: None,
        at: at(second),
        values: values
            .iter()
            .map(|(kind, value)| NewLink {
                kind: *kind,
                value: (*value).to_owned(),
                detail: String::new(),
                ties: true,
            })
            .collect(),
        assessed: LinkKind::ALL.to_vec(),
        boot: None,
        installs: Vec::new(),
    }
}

async fn farm_jobs<S: Store>(store: &S) -> Vec<DeviceId> {
    let jobs = store.take_jobs(100, at(1_000_000), at(1_000_001)).await.unwrap();
    store.finish_jobs(&jobs.iter().map(|job| job.id).collect::<Vec<_>>()).await.unwrap();
    jobs.into_iter().filter(|job| job.kind == JobKind::Farm).map(|job| job.device).collect()
}

pub async fn a_value_is_work_once_another_has_it<S: Store>(store: &S) {
    let (a, b) = (enrolled(store, 1).await, enrolled(store, 2).await);
    store.take_links(&[seen(&a, 0, &[(LinkKind::Gateway, "aa")])]).await.unwrap();
    assert!(farm_jobs(store).await.is_empty(), "alone it ties nobody");
    store.take_links(&[seen(&b, 1, &[(LinkKind::Gateway, "aa")])]).await.unwrap();
    assert_eq!(farm_jobs(store).await, std::slice::from_ref(&b));
    store.take_links(&[seen(&b, 2 * HOUR, &[(LinkKind::Gateway, "aa")])]).await.unwrap();
    assert!(farm_jobs(store).await.is_empty(), "seen again is nothing new");
    store.take_links(&[seen(&b, 3 * HOUR, &[])]).await.unwrap();
    assert_eq!(farm_jobs(store).await, std::slice::from_ref(&b), "gone is news");
    let rows = store.links_of(&b).await.unwrap();
    assert_eq!((rows.len(), rows[0].present, rows[0].first_seen), (1, false, at(1)));
    assert_eq!(rows[0].last_seen, at(2 * HOUR));
    store.take_links(&[seen(&a, 4 * HOUR, &[(LinkKind::Interface, "01")])]).await.unwrap();
    farm_jobs(store).await;
    store.take_links(&[seen(&b, 5 * HOUR, &[(LinkKind::Neighbour, "01")])]).await.unwrap();
    assert_eq!(farm_jobs(store).await, [b], "a neighbour is another's interface");
}

pub async fn holders_are_found_by_value_and_bounded<S: Store>(store: &S) {
    for n in 1..=5 {
        let device = enrolled(store, n).await;
        store.take_links(&[seen(&device, i64::from(n), &[(LinkKind::Kvm, "k")])]).await.unwrap();
    }
    let key = [(LinkKind::Kvm, "k".to_owned()), (LinkKind::Gateway, "k".to_owned())];
    assert_eq!(store.holders(&key, at(0), 10).await.unwrap().len(), 5);
    assert_eq!(store.holders(&key, at(0), 3).await.unwrap().len(), 3);
    assert_eq!(store.holders(&key, at(4), 10).await.unwrap().len(), 2);
    assert_eq!(store.link_host_count(at(0)).await.unwrap(), 5);
    assert!(store.forget_links(at(3)).await.unwrap() > 0);
    assert_eq!(store.holders(&key, at(0), 10).await.unwrap().len(), 3);
    assert_eq!(store.link_host_count(at(0)).await.unwrap(), 3);
}

pub async fn a_crowd_counts_people<S: Store>(store: &S) {
    let mut devices = Vec::new();
    for n in 1..=4_u16 {
        let device = enrolled(store, n).await;
        let gateway = if n < 4 { "g" } else { "h" };
        let one = seen(&device, 0, &[(LinkKind::Address, "a"), (LinkKind::Gateway, gateway)]);
        // The second and the third are one person's.
        let worker = format!("per_{}", if n == 3 { 2 } else { n });
        let shared_place = (n < 3).then(|| "shp_1".to_owned());
        store.take_links(&[LinkSighting { worker, shared_place, ..one }]).await.unwrap();
        devices.push(device);
    }
    let crowd = store.crowd(&devices[0], "a", at(0), 100).await.unwrap();
    assert_eq!((crowd.workers, crowd.on_gateway, crowd.in_shared_place), (3, 2, 2));
    let own = store.crowd(&devices[1], "a", at(0), 100).await.unwrap();
    assert_eq!(own.workers, 3, "the own second device is not company");
    assert_eq!(store.crowd(&devices[0], "b", at(0), 100).await.unwrap().workers, 1);
    assert_eq!(store.crowd(&devices[0], "a", at(1), 100).await.unwrap().workers, 1, "long ago");
}

pub async fn first_installations_are_counted_once<S: Store>(store: &S) {
    let (a, b) = (enrolled(store, 1).await, enrolled(store, 2).await);
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    for (device, list) in [(&a, ["x", "y"]), (&a, ["x", "y"]), (&b, ["y", "z"])] {
        store.take_links(&[LinkSighting { installs: names(&list), ..seen(device, 0, &[]) }]).await.unwrap();
    }
    let asked = names(&["z", "y", "x", "w"]);
    assert_eq!(store.install_counts(&asked).await.unwrap(), [1, 2, 1, 0]);
    store.take_links(&[LinkSighting { installs: names(&["w"]), ..seen(&a, 9, &[]) }]).await.unwrap();
    assert_eq!(store.install_counts(&asked).await.unwrap(), [1, 1, 0, 1]);
    assert_eq!(store.install_hosts().await.unwrap(), 2);
}

pub async fn starts_are_kept_to_the_minute<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    for n in 0..4 {
        let boot = Some(crate::NewBoot { at: at(n * 60), after_power_loss: n == 2 });
        store.take_links(&[LinkSighting { boot, ..seen(&device, n * 60, &[]) }]).await.unwrap();
        store.take_links(&[LinkSighting { boot, ..seen(&device, n * 60, &[]) }]).await.unwrap();
    }
    let starts = store.boots(std::slice::from_ref(&device), at(0), 100).await.unwrap();
    assert_eq!(
        starts.iter().map(|one| one.after_power_loss).collect::<Vec<_>>(),
        [false, false, true, false]
    );
    let last = store.boots(&[device], at(0), 2).await.unwrap();
    assert_eq!(last.iter().map(|one| one.at).collect::<Vec<_>>(), [at(120), at(180)]);
}
