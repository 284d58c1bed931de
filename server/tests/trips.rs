//! Trips from a device's check-in to the verdict about its place, and from people through console and API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed helper is a failed test"
)]

mod house;
mod support;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use bearing_protocol::{id::UserId, payload::TripNotice};
use bearing_server::auth::hash_password;
use bearing_store::{
    DeviceRef, DeviceRefKind, PageRequest, Person, PersonNames, PersonRow, Role, Scope, TripFilter,
    TripState, UserRow,
};
use house::{get, house, post, request};
use serde_json::{Value, json};
use support::{Agent, Site, checkin_body, now, report_body, wait_until};

const CHECKIN: &str = "/agent/v1/checkin";
const REPORTS: &str = "/agent/v1/reports";

fn notice(n: u8, countries: &[&str], from: &str, until: &str) -> TripNotice {
    TripNotice {
        id: format!("{n:016x}"),
        countries: countries.iter().map(|country| (*country).to_owned()).collect(),
        from: from.parse().unwrap(),
        until: until.parse().unwrap(),
        declared_at: now(),
    }
}

/// The day of the test's clock, and one `days` later.
fn day(days: i64) -> String {
    (now() + jiff::SignedDuration::from_hours(24 * days)).strftime("%Y-%m-%d").to_string()
}

async fn announce(site: &Site, agent: &mut Agent, trips: Vec<TripNotice>) {
    let mut payload = agent.checkin_payload();
    payload.trips = trips;
    let envelope = agent.seal(&payload);
    let body = checkin_body(&envelope);
    let answer = agent.send(site, CHECKIN, &body).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(agent.send(site, CHECKIN, &body).await.status, 200, "a retry is acknowledged again");
    agent.advance(&envelope);
}

async fn shown_trips(site: &Site, agent: &Agent) -> Vec<Value> {
    let verdict = bearing_store::Verdicts::verdict(&*site.app.store, &agent.id).await.unwrap();
    let place = verdict.and_then(|row| row.place);
    place.map_or_else(Vec::new, |place| place["inputs"]["trips"].as_array().cloned().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trip_announced_on_a_device_is_shown_with_its_verdict() {
    let site = Site::start().await;
    let mut agent = Agent::enrolled(&site, 1).await;
    let store = site.app.store.clone();
    store.set_device_place(&agent.id, "default", &["DE".to_owned()]).await.unwrap();
    let (payload, disclosures) = agent.report_payload();
    let envelope = agent.seal(&payload);
    assert_eq!(agent.send(&site, REPORTS, &report_body(&envelope, disclosures)).await.status, 200);
    agent.advance(&envelope);

    let until = day(9);
    announce(&site, &mut agent, vec![notice(1, &["PT"], &day(0), &until)]).await;
    wait_until("the trip is beside the verdict", || async { !shown_trips(&site, &agent).await.is_empty() })
        .await;
    let shown = shown_trips(&site, &agent).await;
    assert_eq!(shown.len(), 1, "sent twice it is one: {shown:?}");
    assert_eq!(
        (&shown[0]["countries"], &shown[0]["announced_by"], &shown[0]["state"], &shown[0]["counts"]),
        (&json!(["PT"]), &json!("device"), &json!("announced"), &json!(true))
    );

    // What is out of bounds is refused, and what is good beside it is taken.
    announce(
        &site,
        &mut agent,
        vec![
            notice(2, &["XX"], &day(0), &until),
            notice(3, &["PT"], "9999-12-30", "9999-12-31"),
            notice(4, &["PT"], &day(9), &day(0)),
            notice(5, &["PT"], &day(0), &day(700)),
            TripNotice { id: "\u{202e}<script>".to_owned(), ..notice(6, &["PT"], &day(0), &until) },
            notice(7, &["ES"], &day(30), &day(40)),
        ],
    )
    .await;
    let count = || async {
        store
            .trips(&TripFilter::default(), &PageRequest { after: None, limit: 500 })
            .await
            .unwrap()
            .items
            .len()
    };
    wait_until("the good one is there", || async { count().await == 2 }).await;
    wait_until("the refusal is in the audit log", || async {
        store.audit_entries(None, 50).await.unwrap().iter().any(|entry| entry.action == "trip.refuse")
    })
    .await;
    let entries = store.audit_entries(None, 50).await.unwrap();
    let refused = entries.iter().find(|entry| entry.action == "trip.refuse").unwrap();
    assert_eq!(refused.detail["why"].as_array().map(Vec::len), Some(5), "{}", refused.detail);
    assert_eq!(entries.iter().filter(|entry| entry.action == "trip.announce").count(), 2);

    // A flood is bounded: no more than 32 a day, whatever is sent.
    for round in 0..3 {
        let many = (0..16).map(|n| notice(50 + 16 * round + n, &["PT"], &day(100), &day(101))).collect();
        announce(&site, &mut agent, many).await;
    }
    wait_until("the flood was taken", || async { count().await == 32 }).await;

    // Withdrawn, it counts no longer.
    announce(&site, &mut agent, vec![notice(1, &[], &day(0), &until)]).await;
    wait_until("the withdrawn trip does not count", || async {
        shown_trips(&site, &agent).await.first().is_some_and(|trip| trip["counts"] == json!(false))
    })
    .await;
    assert_eq!(count().await, 32);

    // Another device cannot withdraw it: an id is the device's own.
    let mut other = Agent::enrolled(&site, 2).await;
    announce(&site, &mut other, vec![notice(7, &[], &day(0), &until)]).await;
    wait_until("its word was taken", || async { count().await == 33 }).await;
    let filter = TripFilter { device: Some(agent.id.clone()), ..TripFilter::default() };
    let own = store.trips(&filter, &PageRequest { after: None, limit: 100 }).await.unwrap().items;
    let spain = own.iter().find(|trip| trip.countries == ["ES"]).unwrap();
    assert_eq!(spain.state, TripState::Announced);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_announce_and_decide_through_api_and_console() {
    let site = Site::start().await;
    let agent = Agent::enrolled(&site, 1).await;
    let device = site.app.store.device(&agent.id).await.unwrap().unwrap();
    let house = house::house_on(site.app.clone());
    let analyst = UserRow {
        id: UserId::from_bytes(&[9; 16]),
        name: "analyst".to_owned(),
        password_hash: hash_password(house::PASSWORD).await.unwrap(),
        role: Role::Analyst,
        created_at: now(),
        last_sign_in: None,
        disabled: false,
    };
    site.app.store.add_user(&analyst).await.unwrap();
    let token = house.api_token_for(Role::Analyst, &[Scope::TripsWrite]).await;
    let call = async |method: Method, path: &str, body: Value| {
        let sent = request(&method, path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, _, body) = house.send(sent).await;
        (status, serde_json::from_str::<Value>(&body).unwrap_or_default())
    };
    let wanted = json!({"device": device.id, "countries": ["pt"], "from": day(1), "until": day(3)});
    let (status, trip) = call(Method::POST, "/api/v1/trips", wanted).await;
    assert_eq!(
        (status, &trip["state"], &trip["countries"]),
        (StatusCode::CREATED, &json!("announced"), &json!(["PT"]))
    );
    let bad = json!({"device": device.id, "countries": ["XX"], "from": day(1), "until": day(3)});
    assert_eq!(call(Method::POST, "/api/v1/trips", bad).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let path = format!("/api/v1/trips/{}/decide", trip["id"].as_str().unwrap());
    let decision = |state: &str, reason: &str| json!({"state": state, "reason": reason});
    assert_eq!(
        call(Method::POST, &path, decision("approved", " ")).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let (status, decided) = call(Method::POST, &path, decision("approved", "a fair")).await;
    assert_eq!(
        (status, &decided["state"], &decided["decided_by"]),
        (StatusCode::OK, &json!("approved"), &json!("api:test"))
    );
    let (_, list) = call(Method::GET, "/api/v1/trips?open=true&state=approved", Value::Null).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(
        call(Method::GET, "/api/v1/devices", Value::Null).await.0,
        StatusCode::FORBIDDEN,
        "not its scope"
    );

    let (cookie, csrf) = house.session("analyst").await;
    let fields =
        format!("csrf={csrf}&device={}&countries=ES%2C+FR&from={}&until={}", device.id, day(5), day(6));
    let (status, ..) = house.send(post("/trips", Some(&cookie), &fields)).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (status, _, page) = house.send(get("/trips", Some(&cookie))).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("ES, FR") && page.contains("a fair") && page.contains("by analyst"), "{page}");
    let open = TripFilter { state: Some(TripState::Announced), ..TripFilter::default() };
    let row = site.app.store.trips(&open, &PageRequest::default()).await.unwrap().items.remove(0);
    let path = format!("/trips/{}/decide", row.id);
    let (status, ..) = house.send(post(&path, Some(&cookie), "state=declined&reason=no")).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "without the form's token");
    let fields = format!("csrf={csrf}&state=declined&reason=nobody+knows+of+it");
    assert_eq!(house.send(post(&path, Some(&cookie), &fields)).await.0, StatusCode::SEE_OTHER);
    let row = site.app.store.trip(&row.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.decided_by.as_deref()), (TripState::Declined, Some("analyst")));
    let actions: Vec<String> =
        site.app.store.audit_entries(None, 50).await.unwrap().into_iter().map(|entry| entry.action).collect();
    for action in ["trip.announce", "trip.approve", "trip.decline"] {
        assert!(actions.iter().any(|one| one == action), "{action} is not in {actions:?}");
    }
    site.stop().await;
}

#[tokio::test]
async fn sign_ins_are_handed_in_once_by_a_token_for_that_alone() {
    let house = house().await;
    let token = house.api_token_for(Role::Analyst, &[Scope::SignInsWrite]).await;
    let site = Site::start().await;
    let agent = Agent::enrolled(&site, 1).await;
    let rostered = house::house_on(site.app.clone());
    let person = Person {
        row: PersonRow {
            id: "p1".to_owned(),
            active: true,
            source: "csv".to_owned(),
            ..PersonRow::default()
        },
        names: PersonNames { user_name: Some("ana@example.org".to_owned()), ..PersonNames::default() },
        devices: vec![DeviceRef { kind: DeviceRefKind::Id, value: agent.id.to_string() }],
    };
    site.app.store.put_people(&[person], now()).await.unwrap();
    let rostered_token = rostered.api_token_for(Role::Analyst, &[Scope::SignInsWrite]).await;
    let entry = |id: &str, user: &str| {
        json!({
            "id": id, "userPrincipalName": user, "createdDateTime": "2026-11-25T07:00:00Z",
            "ipAddress": "192.0.2.7", "status": {"errorCode": 0}
        })
    };
    let entries = json!([entry("a", "Ana@example.org"), entry("b", "bob@example.org")]);
    let body = json!({"provider": "entra", "entries": entries});
    let call = async |at: &house::House, token: &str, body: &Value| {
        let sent = request(&Method::POST, "/api/v1/sign-ins")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, _, body) = at.send(sent).await;
        (status, serde_json::from_str::<Value>(&body).unwrap_or_default())
    };
    let (status, done) = call(&rostered, &rostered_token, &body).await;
    assert_eq!(
        (status, &done["matched"], &done["unknown_users"], &done["new"]),
        (StatusCode::OK, &json!(1), &json!(1), &json!(1)),
        "{done}"
    );
    let (_, again) = call(&rostered, &rostered_token, &body).await;
    assert_eq!(again["new"], json!(0), "an event is taken once");
    let (_, done) = call(&house, &token, &body).await;
    assert_eq!((&done["matched"], &done["new"]), (&json!(0), &json!(0)), "nobody here: nothing is kept");
    let (status, _) = call(&house, &token, &json!({"provider": "other", "entries": []})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let mut bad = entry("c", "ana@example.org");
    bad["ipAddress"] = json!("nowhere");
    let (status, why) = call(&house, &token, &json!({"provider": "entra", "entries": [bad]})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{why}");
    let read = house.api_token_for(Role::Admin, &[Scope::Read]).await;
    assert_eq!(call(&house, &read, &body).await.0, StatusCode::FORBIDDEN);
    site.stop().await;
}
