//! Erasing a person.

use bearing_protocol::commitment::Disclosure;

use super::sample::{at, digest, enrolled, intake};
use crate::{
    DeviceRef, DeviceRefKind, MessageKind, PageRequest, Person, PersonFilter, PersonNames, PersonRow, Store,
};

pub async fn an_erased_person_is_gone_and_the_chain_stands<S: Store>(store: &S) {
    let (own, other) = (enrolled(store, 1).await, enrolled(store, 2).await);
    for device in [&own, &other] {
        let mut report = intake(device, 1, MessageKind::Report);
        report.disclosures = vec![Disclosure::commit(&[1; 16], &"value").unwrap().1];
        store.commit(vec![report]).await.unwrap();
    }
    let person = Person {
        row: PersonRow {
            id: "00aa".to_owned(),
            active: true,
            source: "csv".to_owned(),
            ..PersonRow::default()
        },
        names: PersonNames { key: "E1".to_owned(), ..PersonNames::default() },
        devices: vec![DeviceRef { kind: DeviceRefKind::Id, value: own.to_string() }],
    };
    store.put_people(&[person], at(2)).await.unwrap();
    let erased = store.erase_person("00aa", at(3)).await.unwrap().unwrap();
    assert_eq!((erased.devices, erased.messages), (vec![own.clone()], 1));
    assert!(store.person("00aa").await.unwrap().is_none() && store.person_of(&own).await.unwrap().is_none());
    let left = store.people(&PersonFilter::default(), &PageRequest::default()).await.unwrap();
    assert!(left.items.is_empty());
    let stored = store.message(&own, 1).await.unwrap().unwrap();
    let whole = intake(&own, 1, MessageKind::Report).envelope;
    assert_eq!((stored.disclosures.len(), stored.digest), (0, digest(1)));
    assert_eq!(
        serde_json::to_value(&stored.envelope).unwrap(),
        serde_json::from_str::<serde_json::Value>(&whole).unwrap()
    );
    assert_eq!(store.message(&other, 1).await.unwrap().unwrap().disclosures.len(), 1, "nobody else's");
    assert!(store.erase_person("00aa", at(4)).await.unwrap().is_none());
}
