//! The roster from a file to the verdict about a device's place, and files that are refused.

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
use bearing_protocol::api::DEVICE_HEADER;
use bearing_server::roster;
use bearing_store::Role;
use house::{House, house, house_on, request};
use serde_json::{Value, json};
use support::{Agent, Site, report_body, wait_until};

async fn import(house: &House, query: &str, file: &[u8]) -> (StatusCode, Value) {
    let token = house.api_token(Role::Analyst).await;
    let sent = request(&Method::POST, &format!("/api/v1/roster{query}"))
        .header(header::CONTENT_TYPE, "text/csv")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::from(file.to_vec()))
        .unwrap();
    let (status, _, body) = house.send(sent).await;
    (status, serde_json::from_str(&body).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_in_germany_whose_person_declared_the_states_is_found_by_the_roster() {
    let site = Site::start_with(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let mut agent = Agent::enrolled(&site, 1).await;
    let (payload, disclosures) = agent.report_payload();
    let envelope = agent.seal(&payload);
    let headers = [(DEVICE_HEADER, agent.id.as_str()), ("X-Forwarded-For", "91.0.0.1")];
    let answer = site.post("/agent/v1/reports", &headers, &report_body(&envelope, disclosures)).await;
    assert_eq!(answer.status, 200);
    agent.advance(&envelope);

    let house = house_on(site.app.clone());
    let file = format!("person,name,devices,countries\nE1,Ada,{},US\n", agent.id);
    let (status, dry) = import(&house, "?dry_run=true", file.as_bytes()).await;
    assert_eq!((status, &dry["changes"]), (StatusCode::OK, &json!(["+ E1 (Ada)"])), "{dry}");
    assert!(site.app.store.person_of(&agent.id).await.unwrap().is_none(), "a dry run changes nothing");
    assert_eq!(import(&house, "", file.as_bytes()).await.0, StatusCode::OK);

    wait_until("the roster is named as what is expected", || async {
        let verdict = site.app.store.verdict(&agent.id).await.unwrap();
        let place = verdict.and_then(|row| row.place).unwrap_or_default();
        place["inputs"]["expected_from"] == json!("roster")
            && place["inputs"]["expected"] == json!(["US"])
            && place.to_string().contains("geo.country_mismatch")
    })
    .await;
    site.stop().await;
}

#[tokio::test]
async fn a_hostile_file_changes_nothing_and_says_where_it_is_wrong() {
    let house = house().await;
    let bad: [(&[u8], &[&str]); 10] = [
        (b"person,countries\nE1,XX\n", &["line 2", "`countries`", "XX"]),
        (b"person,hired_on\nE1,\nE2,31.12.2026\n", &["line 3", "`hired_on`", "31.12.2026"]),
        (b"person\nE1\nE1\n", &["line 3", "`person`", "line 2"]),
        (b"person,devices\nE1,lt-1\nE2,LT-1\n", &["line 3", "`devices`", "line 2"]),
        (b"person,name\nE1,=1+1\n", &["line 2", "`name`", "formula"]),
        (b"person,name\nE1,\"\t@SUM(1)\"\n", &["line 2", "`name`"]),
        ("person,name\nE1,a\u{202e}b\n".as_bytes(), &["line 2", "`name`", "do not show"]),
        (b"person\nE1\n\xff\n", &["line 3", "UTF-8"]),
        (b"person,contries\nE1,US\n", &["contries", "`countries`"]),
        (b"person;countries\nE1;US\n", &["`;`"]),
    ];
    for (file, wanted) in bad {
        let (status, body) = import(&house, "", file).await;
        assert!(status.is_client_error(), "{status} {body}");
        for word in wanted {
            assert!(body.to_string().contains(word), "{word}: {body}");
        }
    }
    let long = format!("person,name\nE1,{}\n", "x".repeat(201));
    assert!(import(&house, "", long.as_bytes()).await.1.to_string().contains("200 characters"));
    assert_eq!(house.app.store.person_count().await.unwrap(), 0, "nothing was taken");

    let mixed = b"\xef\xbb\xbfperson,countries\r\nE1,US\r\nE2,XX\r\n";
    let (status, taken) = import(&house, "?keep_good=true", mixed).await;
    assert_eq!((status, &taken["added"], &taken["bad"]), (StatusCode::OK, &json!(1), &json!(1)));
    let (_, again) = import(&house, "", b"person,countries\nE1,PT US\n").await;
    assert_eq!(again["changes"], json!(["~ E1", "    countries: US → PT US"]));
    let (_, gone) = import(&house, "?remove_missing=true&dry_run=true", b"person\nE9\n").await;
    assert_eq!((&gone["added"], &gone["removed"]), (&json!(1), &json!(1)), "{gone}");

    let id = roster::person_id(&house.app, "E1");
    let mut person = house.app.store.person(&id).await.unwrap().unwrap();
    person.names.display_name = Some("=HYPERLINK(1)".to_owned());
    assert!(roster::export(&[person]).contains("'=HYPERLINK"), "a formula does not leave");
    let entries = house.app.store.audit_entries(None, 50).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.action == "roster.import").count(), 2);
}
