//! People of the roster.

use super::sample::{at, enrolled};
use crate::{
    DeviceRef, DeviceRefKind, PageRequest, Person, PersonFilter, PersonNames, PersonRow, Store, StoreError,
};

fn person(n: u8, devices: Vec<DeviceRef>) -> Person {
    Person {
        row: PersonRow {
            id: format!("{n:016x}"),
            countries: vec!["US".to_owned()],
            active: true,
            source: "csv".to_owned(),
            updated_at: at(1),
            ..PersonRow::default()
        },
        names: PersonNames {
            key: format!("E{n}"),
            display_name: Some(format!("Person {n}")),
            user_name: Some(format!("p{n}@example.org")),
            external_id: None,
        },
        devices,
    }
}

pub async fn a_device_belongs_to_one_person<S: Store>(store: &S) {
    let (one, two) = (enrolled(store, 1).await, enrolled(store, 2).await);
    let by_id =
        |id: &bearing_protocol::id::DeviceId| DeviceRef { kind: DeviceRefKind::Id, value: id.to_string() };
    store.put_people(&[person(1, vec![by_id(&one)]), person(2, vec![by_id(&two)])], at(2)).await.unwrap();
    let found = store.person_of(&one).await.unwrap().unwrap();
    assert_eq!((found.row.id.as_str(), found.devices.len()), ("0000000000000001", 1));
    assert_eq!(found.row.updated_at, at(2));
    assert_eq!(store.devices_of("0000000000000002").await.unwrap(), vec![two.clone()]);
    let taken = store.put_people(&[person(3, vec![by_id(&one)])], at(3)).await.unwrap_err();
    assert!(matches!(taken, StoreError::Conflict(text) if text.contains(one.as_str())));
    assert_eq!(store.person_count().await.unwrap(), 2, "nothing of a refused batch stays");
    // Within one batch devices change hands.
    store.put_people(&[person(1, vec![by_id(&two)]), person(2, vec![by_id(&one)])], at(4)).await.unwrap();
    let workers = store.workers(&[one.clone(), two.clone()]).await.unwrap();
    assert_eq!((workers[&one].as_str(), workers[&two].as_str()), ("0000000000000002", "0000000000000001"));
    assert_eq!(store.remove_people(&["0000000000000002".to_owned()], at(5)).await.unwrap(), 1);
    assert!(store.person_of(&one).await.unwrap().is_none());
}

pub async fn a_host_name_names_a_device_where_one_alone_has_it<S: Store>(store: &S) {
    let one = enrolled(store, 1).await;
    let hostname = store.device(&one).await.unwrap().unwrap().hostname.to_lowercase();
    let by_name = DeviceRef { kind: DeviceRefKind::Hostname, value: hostname };
    store.put_people(&[person(1, vec![by_name])], at(2)).await.unwrap();
    assert_eq!(store.person_of(&one).await.unwrap().unwrap().row.id, "0000000000000001");
    assert_eq!(store.devices_of("0000000000000001").await.unwrap(), vec![one]);
}

pub async fn people_are_found_by_name_and_paged<S: Store>(store: &S) {
    let all: Vec<Person> = (1..=5).map(|n| person(n, Vec::new())).collect();
    store.put_people(&all, at(2)).await.unwrap();
    let first = store.people(&PersonFilter::default(), &PageRequest { after: None, limit: 2 }).await.unwrap();
    assert_eq!(first.items.len(), 2);
    let rest =
        store.people(&PersonFilter::default(), &PageRequest { after: first.next, limit: 9 }).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (3, None));
    let by = |filter: PersonFilter| async move {
        store.people(&filter, &PageRequest::default()).await.unwrap().items.len()
    };
    assert_eq!(by(PersonFilter { search: Some("person 4".into()), ..PersonFilter::default() }).await, 1);
    assert_eq!(by(PersonFilter { search: Some("%".into()), ..PersonFilter::default() }).await, 0);
    assert_eq!(
        by(PersonFilter { user_name: Some("p2@example.org".into()), ..PersonFilter::default() }).await,
        1
    );
    assert_eq!(by(PersonFilter { active: Some(false), ..PersonFilter::default() }).await, 0);
}
