//! Where devices were seen from, and what is forgotten.

use bearing_protocol::payload::RoundTrips;

use super::sample::{at, enrolled, intake};
use crate::{KeepFrom, MessageKind, NewSighting, SignInRow, SourceSeen, Store, VerdictRow};

fn from(digest: &str, country: &str) -> SourceSeen {
    SourceSeen {
        family: 4,
        digest: digest.to_owned(),
        address: Some(format!("192.0.2.{}", digest.len())),
        country: Some(country.to_owned()),
        alt_country: Some(country.to_owned()),
        asn: Some(64_496),
        class: "residential".to_owned(),
    }
}

pub async fn sightings_of_one_address_are_one_run<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let kinds = [("a", 1), ("a", 2), ("bb", 3), ("a", 4)];
    let batch = kinds
        .iter()
        .map(|(digest, sequence)| {
            let mut message = intake(&device, *sequence, MessageKind::Checkin { stopping: false });
            message.source = Some(from(digest, "US"));
            message
        })
        .collect::<Vec<_>>();
    let mut again = batch[3].clone();
    for result in store.commit(batch).await.unwrap() {
        result.unwrap();
    }
    again.received_at = at(90);
    assert!(store.commit(vec![again]).await.unwrap()[0].as_ref().unwrap().duplicate);
    let v6 = SourceSeen { family: 6, ..from("a", "US") };
    let later = [
        NewSighting { device: device.clone(), source: from("a", "US"), at: at(5) },
        NewSighting { device: device.clone(), source: v6, at: at(6) },
    ];
    store.add_sightings(&later).await.unwrap();

    let runs = store.sightings(&device, 10).await.unwrap();
    let seen: Vec<_> =
        runs.iter().map(|run| (run.source.family, run.source.digest.as_str(), run.seen)).collect();
    assert_eq!(seen, [(6, "a", 1), (4, "a", 2), (4, "bb", 1), (4, "a", 2)]);
    assert_eq!((runs[1].first_seen, runs[1].last_seen), (at(4), at(5)), "a duplicate is no sighting");
    assert!(runs.iter().all(|run| run.source.address.is_none()));
    assert_eq!(store.last_sighting(&device, 4).await.unwrap().unwrap(), runs[1]);
    assert_eq!(store.first_sighting(&device).await.unwrap().unwrap(), runs[3]);
    let raw = store.raw_addresses(&device, 10).await.unwrap();
    assert_eq!(raw.len(), 2, "one row for each address: {raw:?}");
    assert!(store.was_heard(&device, at(2), at(3)).await.unwrap());
    assert!(!store.was_heard(&device, at(40), at(50)).await.unwrap());
}

pub async fn what_is_old_is_forgotten_and_the_first_run_stays<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let seen = |digest: &str, second| NewSighting {
        device: device.clone(),
        source: from(digest, "US"),
        at: at(second),
    };
    store.add_sightings(&[seen("a", 1), seen("bb", 2), seen("ccc", 90)]).await.unwrap();
    let verdict = |word: &str, second| VerdictRow {
        device: device.clone(),
        verdict: word.to_owned(),
        evidence: Some(1.0),
        posture: 0.0,
        arithmetic: Vec::new(),
        place: None,
        at: at(second),
    };
    for (word, second) in [("review", 1), ("investigate", 80), ("review", 99)] {
        store.set_verdict(&verdict(word, second)).await.unwrap();
    }
    let measured =
        RoundTrips { tcp_min_us: 9_000, application_min_us: 9_900, samples: 8, measured_at: at(3) };
    store.set_round_trips(&device, &measured).await.unwrap();
    assert_eq!(store.round_trips(&device).await.unwrap(), Some(measured));

    let keep = KeepFrom { addresses: at(50), places: at(50), verdicts: at(50) };
    let forgotten = store.forget_places(keep).await.unwrap();
    assert_eq!((forgotten.addresses, forgotten.places, forgotten.verdicts), (2, 2, 1));
    let left: Vec<_> =
        store.sightings(&device, 9).await.unwrap().into_iter().map(|run| run.source.digest).collect();
    assert_eq!(left, ["ccc", "a"], "the first run says where the device was unpacked");
    assert_eq!(store.raw_addresses(&device, 9).await.unwrap().len(), 1);
    assert_eq!(store.round_trips(&device).await.unwrap(), None);
    assert_eq!(store.verdict_history(&device, 9).await.unwrap().len(), 1);
    assert_eq!(store.forget_places(keep).await.unwrap(), crate::Forgotten::default(), "twice is once");
}

pub async fn a_sign_in_is_stored_once<S: Store>(store: &S) {
    let row = |event: &str| SignInRow {
        event: event.to_owned(),
        person: "p".to_owned(),
        provider: "okta".to_owned(),
        at: at(1),
        source: SourceSeen { address: None, ..from("a", "US") },
    };
    assert_eq!(store.add_sign_ins(&[row("1"), row("2"), row("1")]).await.unwrap(), [0, 1]);
    assert_eq!(store.add_sign_ins(&[row("2"), row("3")]).await.unwrap(), [1]);
    assert_eq!(store.sign_in_count().await.unwrap(), 3);
}
