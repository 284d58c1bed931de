//! Trips: once, decided, withdrawn, judged again.

use bearing_protocol::id::DeviceId;
use jiff::{SignedDuration, civil::Date};

use super::sample::{at, enrolled, intake};
use crate::{
    DeviceRef, DeviceRefKind, JobKind, MessageKind, PageRequest, Person, PersonRow, Store, StoreError,
    TripDecision, TripFilter, TripRow, TripState, days_at,
};

/// The suite's beginning of time, as a day.
fn today() -> Date {
    days_at(at(0)).0
}

fn trip(n: u8, device: &DeviceId) -> TripRow {
    TripRow {
        id: format!("{n:016x}"),
        device: device.clone(),
        person: None,
        countries: vec!["PT".to_owned()],
        from: today(),
        until: today().saturating_add(SignedDuration::from_hours(24 * 10)),
        announced_by: "device".to_owned(),
        announced_at: at(i64::from(n)),
        state: TripState::Announced,
        decided_by: None,
        decided_at: None,
        reason: None,
    }
}

fn approve() -> TripDecision {
    TripDecision { state: TripState::Approved, by: "ana".to_owned(), at: at(50), reason: "a fair".to_owned() }
}

pub async fn a_trip_is_one_however_often_it_is_announced<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    assert_eq!(store.put_trips(&[trip(1, &device), trip(2, &device)]).await.unwrap(), [0, 1]);
    let decided = store.decide_trip(&trip(1, &device).id, &approve()).await.unwrap().unwrap();
    assert_eq!((decided.state, decided.decided_by.as_deref()), (TripState::Approved, Some("ana")));
    assert_eq!(store.put_trips(&[trip(1, &device)]).await.unwrap(), [0_usize; 0]);
    assert_eq!(
        store.trip(&decided.id).await.unwrap().unwrap(),
        decided,
        "announced again, it stays approved"
    );
    assert_eq!(store.trips_since(&device, at(2)).await.unwrap(), 1);
    assert!(store.decide_trip("ffffffffffffffff", &approve()).await.unwrap().is_none());
}

pub async fn a_withdrawn_trip_stays_withdrawn<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let withdrawn = TripRow { state: TripState::Withdrawn, countries: Vec::new(), ..trip(1, &device) };
    store.put_trips(&[trip(1, &device)]).await.unwrap();
    assert_eq!(store.put_trips(std::slice::from_ref(&withdrawn)).await.unwrap(), [0]);
    assert_eq!(store.put_trips(&[withdrawn.clone(), trip(1, &device)]).await.unwrap(), [0_usize; 0]);
    let row = store.trip(&withdrawn.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.countries.as_slice()), (TripState::Withdrawn, &["PT".to_owned()][..]));
    let refused = store.decide_trip(&row.id, &approve()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)));
    // Withdrawn before it arrived.
    let early = TripRow { id: "00000000000000aa".to_owned(), ..withdrawn };
    store.put_trips(&[early.clone(), TripRow { id: early.id.clone(), ..trip(1, &device) }]).await.unwrap();
    assert_eq!(store.trip(&early.id).await.unwrap().unwrap().state, TripState::Withdrawn);
}

pub async fn trips_count_for_a_persons_devices_while_they_touch_now<S: Store>(store: &S) {
    let (one, two) = (enrolled(store, 1).await, enrolled(store, 2).await);
    let by_id = |id: &DeviceId| DeviceRef { kind: DeviceRefKind::Id, value: id.to_string() };
    let person = Person {
        row: PersonRow {
            id: "p1".to_owned(),
            active: true,
            source: "csv".to_owned(),
            ..PersonRow::default()
        },
        devices: vec![by_id(&two)],
        ..Person::default()
    };
    store.put_people(&[person], at(1)).await.unwrap();
    let of_person = TripRow { person: Some("p1".to_owned()), ..trip(2, &one) };
    store.put_trips(&[trip(1, &one), of_person]).await.unwrap();
    let ids = |rows: Vec<TripRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(store.trips_of(&one, at(0)).await.unwrap()).len(), 2);
    assert_eq!(ids(store.trips_of(&two, at(0)).await.unwrap()), ["0000000000000002"]);
    let days = |n: i64| at(n * 86_400);
    assert!(store.trips_of(&one, days(-3)).await.unwrap().is_empty(), "not yet");
    assert_eq!(store.trips_of(&one, days(10)).await.unwrap().len(), 2, "its last day");
    assert!(store.trips_of(&one, days(13)).await.unwrap().is_empty(), "over");
    assert_eq!(store.forget_trips(today()).await.unwrap(), 0);
    let later = today().saturating_add(SignedDuration::from_hours(24 * 11));
    assert_eq!(store.forget_trips(later).await.unwrap(), 2);
}

pub async fn a_new_or_decided_trip_has_the_last_report_judged_again<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    store.commit(vec![intake(&device, 1, MessageKind::Report)]).await.unwrap().remove(0).unwrap();
    let mut round = 0;
    let mut judged = async |what: &str| {
        round += 1;
        let jobs = store.take_jobs(10, at(1_000 + round), at(2_000)).await.unwrap();
        let kinds: Vec<_> = jobs.iter().map(|job| (job.kind, job.sequence)).collect();
        store.finish_jobs(&jobs.iter().map(|job| job.id).collect::<Vec<_>>()).await.unwrap();
        assert_eq!(kinds, [(JobKind::Correlate, 1)], "{what}");
    };
    judged("the report itself").await;
    store.put_trips(&[trip(1, &device)]).await.unwrap();
    judged("a new trip").await;
    store.decide_trip(&trip(1, &device).id, &approve()).await.unwrap();
    judged("a decision").await;
    store.put_trips(&[trip(1, &device)]).await.unwrap();
    assert!(store.take_jobs(10, at(1_500), at(2_000)).await.unwrap().is_empty(), "nothing changed");
}

pub async fn a_check_in_with_trips_is_a_job<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let checkin = MessageKind::Checkin { stopping: false };
    let first = intake(&device, 1, checkin);
    let second =
        crate::Intake { brings_trips: true, previous: Some(first.digest), ..intake(&device, 2, checkin) };
    store.commit(vec![first, second.clone()]).await.unwrap();
    store.commit(vec![second]).await.unwrap();
    let jobs = store.take_jobs(10, at(1_000), at(2_000)).await.unwrap();
    let trips: Vec<_> =
        jobs.iter().filter(|job| job.kind == JobKind::Trips).map(|job| job.sequence).collect();
    assert_eq!(trips, [2]);
}

pub async fn trip_pages_are_whole_and_filtered<S: Store>(store: &S) {
    let (one, two) = (enrolled(store, 1).await, enrolled(store, 2).await);
    let all: Vec<TripRow> = (1..=5).map(|n| trip(n, if n == 3 { &two } else { &one })).collect();
    store.put_trips(&all).await.unwrap();
    let mut page = PageRequest { after: None, limit: 2 };
    let mut seen = Vec::new();
    loop {
        let got = store.trips(&TripFilter::default(), &page).await.unwrap();
        seen.extend(got.items.into_iter().map(|row| row.id));
        match got.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    let expected: Vec<String> = (1..=5).rev().map(|n| format!("{n:016x}")).collect();
    assert_eq!(seen, expected);
    let only = TripFilter { device: Some(two), state: Some(TripState::Announced), not_before: Some(today()) };
    assert_eq!(store.trips(&only, &PageRequest::default()).await.unwrap().items.len(), 1);
    let approved = TripFilter { state: Some(TripState::Approved), ..only };
    assert!(store.trips(&approved, &PageRequest::default()).await.unwrap().items.is_empty());
}
