//! Every route with every role: nobody enters without a key, nobody does more than their role.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use bearing_server::{
    api,
    auth::{Needs, RouteEntry},
    console,
};
use bearing_store::{Role, Scope};
use jiff::SignedDuration;

mod house;

use house::{PASSWORD, cookie_of, csrf_of, get, house, post, request};

/// A path with ids in it that name nothing.
fn filled(entry: &RouteEntry) -> String {
    let ids = BTreeMap::from([
        ("{device}", "dev_00"),
        ("{finding}", "fnd_00"),
        ("{approval}", "apr_00"),
        ("{token}", "tok_00"),
        ("{user}", "usr_00"),
        ("{evaluation}", "eva_00"),
        ("{case}", "cas_00"),
        ("{form}", "json"),
        ("{version}", "7"),
        ("{trip}", "00000000000000aa"),
    ]);
    entry.path.split('/').map(|part| *ids.get(part).unwrap_or(&part)).collect::<Vec<_>>().join("/")
}

/// What ends the caller's own session or writes a page that was not asked for is tried elsewhere.
fn ends_the_session(entry: &RouteEntry) -> bool {
    entry.path == "/sign-out"
}

#[tokio::test]
async fn every_page_with_every_role() {
    let house = house().await;
    house.people().await;
    let routes = console::routes();
    for role in [None, Some(Role::Viewer), Some(Role::Auditor), Some(Role::Analyst), Some(Role::Admin)] {
        let session = match role {
            Some(role) => Some(house.session(role.as_str()).await),
            None => None,
        };
        for entry in routes.table().iter().filter(|entry| !ends_the_session(entry)) {
            let Needs::Role(needs) = entry.needs else { continue };
            let path = filled(entry);
            let cookie = session.as_ref().map(|(cookie, _)| cookie.as_str());
            let fields = session.as_ref().map(|(_, csrf)| format!("csrf={csrf}")).unwrap_or_default();
            let sent =
                if entry.method == Method::GET { get(&path, cookie) } else { post(&path, cookie, &fields) };
            let (status, headers, body) = house.send(sent).await;
            let case = format!("{} {} as {role:?}", entry.method, entry.path);
            assert!(!status.is_server_error(), "{case}: {status} {body}");
            assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY), "{case} has no CSP");
            match role {
                None => {
                    assert_eq!(status, StatusCode::SEE_OTHER, "{case}");
                    assert!(headers[header::LOCATION].to_str().unwrap().starts_with("/sign-in"), "{case}");
                }
                Some(role) if role < needs => {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{case}");
                    assert!(body.contains("Not for this role"), "{case}: {body}");
                }
                Some(_) => assert_ne!(status, StatusCode::FORBIDDEN, "{case}"),
            }
        }
    }
}

#[tokio::test]
async fn every_api_route_with_every_role() {
    let house = house().await;
    let routes = api::routes();
    for role in [None, Some(Role::Viewer), Some(Role::Auditor), Some(Role::Analyst), Some(Role::Admin)] {
        let token = match role {
            Some(role) => Some(house.api_token(role).await),
            None => None,
        };
        for entry in routes.table() {
            let Needs::Role(needs) = entry.needs else { continue };
            let mut builder =
                request(&entry.method, &filled(entry)).header(header::CONTENT_TYPE, "application/json");
            if let Some(token) = &token {
                builder = builder.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            let (status, headers, body) = house.send(builder.body(Body::from("{}")).unwrap()).await;
            let case = format!("{} {} as {role:?}: {status} {body}", entry.method, entry.path);
            assert!(!status.is_server_error(), "{case}");
            match role {
                None => assert_eq!(status, StatusCode::UNAUTHORIZED, "{case}"),
                Some(role) if role < needs => assert_eq!(status, StatusCode::FORBIDDEN, "{case}"),
                Some(_) => {
                    assert!(!matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), "{case}");
                }
            }
            if !status.is_success() {
                assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{case}");
            }
        }
    }
}

#[tokio::test]
async fn every_api_route_with_every_scope() {
    let house = house().await;
    let routes = api::routes();
    let writes = [
        (Scope::RosterWrite, "/api/v1/people"),
        (Scope::SignInsWrite, "/api/v1/sign-ins"),
        (Scope::TripsWrite, "/api/v1/trips"),
    ];
    let mut entered = 0;
    for scope in Scope::ALL {
        // The greatest role, so that the scope alone decides, and the least, which no scope raises.
        for role in [Role::Admin, Role::Viewer] {
            let token = house.api_token_for(role, &[scope]).await;
            for entry in routes.table() {
                let Needs::Role(needs) = entry.needs else { continue };
                let sent = request(&entry.method, &filled(entry))
                    .header(header::CONTENT_TYPE, "application/json")
                    .header(header::AUTHORIZATION, format!("Bearer {token}"));
                let (status, _, body) = house.send(sent.body(Body::from("{}")).unwrap()).await;
                let of_noun = writes.iter().any(|(of, path)| *of == scope && entry.path.starts_with(path));
                let reads = entry.method == Method::GET;
                let may =
                    role >= needs && (scope == Scope::All || (scope == Scope::Read && reads) || of_noun);
                let case =
                    format!("{} {} as {role:?} for {scope:?}: {status} {body}", entry.method, entry.path);
                assert!(!status.is_server_error(), "{case}");
                if entry.path.starts_with("/api/v1/r") {
                    continue; // The roster's other nouns are tried with the roster.
                }
                assert_eq!(status != StatusCode::FORBIDDEN, may, "{case}");
                entered += usize::from(may && scope != Scope::All && scope != Scope::Read);
            }
        }
    }
    assert!(entered >= 4, "each writing scope opened something: {entered}");
}

#[tokio::test]
async fn a_form_is_believed_only_with_its_token_and_from_our_own_page() {
    let house = house().await;
    house.people().await;
    let (cookie, csrf) = house.session("admin").await;
    let good = "name=new-one&role=viewer&password=long+enough+for+this";
    let path = "/users";

    let (status, ..) = house.send(post(path, Some(&cookie), good)).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "no token");
    let (status, ..) =
        house.send(post(path, Some(&cookie), &format!("csrf={}&{good}", "0".repeat(64)))).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "another token");
    let (status, ..) =
        house.send(post(path, Some(&cookie), &format!("csrf={csrf}&csrf={csrf}&{good}"))).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "two tokens");
    let mut foreign = post(path, Some(&cookie), &format!("csrf={csrf}&{good}"));
    foreign.headers_mut().insert(header::ORIGIN, "https://evil.example".parse().unwrap());
    assert_eq!(house.send(foreign).await.0, StatusCode::FORBIDDEN, "another site's page");
    assert!(house.app.store.user_by_name("new-one").await.unwrap().is_none(), "nothing was changed");

    let (status, ..) = house.send(post(path, Some(&cookie), &format!("csrf={csrf}&{good}"))).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(house.app.store.user_by_name("new-one").await.unwrap().is_some());
    let entries = house.app.store.audit_entries(None, 10).await.unwrap();
    assert!(entries.iter().any(|entry| entry.action == "user.create" && entry.actor == "admin"));
    let all = format!("{entries:?}");
    assert!(!all.contains("long enough"), "no password is in the audit log");
}

#[tokio::test]
async fn sign_in_is_throttled_by_name_and_says_no_more_than_wrong() {
    let house = house().await;
    house.people().await;
    let (_, headers, body) = house.send(get("/sign-in", None)).await;
    let (cookie, csrf) = (cookie_of(&headers, "__Host-bearing-form"), csrf_of(&body));
    let fields = |name: &str, password: &str| format!("csrf={csrf}&name={name}&password={password}&next=/");
    let (unknown, _, body) = house.send(post("/sign-in", Some(&cookie), &fields("nobody", "x"))).await;
    assert_eq!(unknown, StatusCode::UNAUTHORIZED);
    let said =
        |body: &str| body.split("role=\"alert\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let (wrong, _, other) = house.send(post("/sign-in", Some(&cookie), &fields("admin", "x"))).await;
    assert_eq!((wrong, said(&other)), (StatusCode::UNAUTHORIZED, said(&body)));
    for _ in 1..bearing_server::auth::MAX_FAILURES_PER_NAME {
        let (status, ..) = house.send(post("/sign-in", Some(&cookie), &fields("admin", "x"))).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let right = fields("admin", &PASSWORD.replace(' ', "+"));
    let (status, ..) = house.send(post("/sign-in", Some(&cookie), &right)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "even the right password waits");
    house.clock.advance(SignedDuration::from_mins(bearing_server::auth::WINDOW_MINUTES + 1));
    let (status, ..) = house.send(post("/sign-in", Some(&cookie), &right)).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn sessions_and_tokens_end() {
    let house = house().await;
    house.people().await;
    let (cookie, csrf) = house.session("viewer").await;
    let (status, ..) = house.send(post("/sign-out", Some(&cookie), &format!("csrf={csrf}"))).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(house.send(get("/", Some(&cookie))).await.0, StatusCode::SEE_OTHER, "signed out");

    let (cookie, _) = house.session("viewer").await;
    let token = house.api_token(Role::Viewer).await;
    let call = |token: String| {
        let builder =
            request(&Method::GET, "/api/v1/devices").header(header::AUTHORIZATION, format!("Bearer {token}"));
        house.send(builder.body(Body::empty()).unwrap())
    };
    assert_eq!(call(token.clone()).await.0, StatusCode::OK);
    let (id, _) = token.split_once('.').unwrap();
    assert_eq!(call(format!("{id}.{}", "0".repeat(64))).await.0, StatusCode::UNAUTHORIZED, "another secret");
    house.clock.advance(SignedDuration::from_hours(bearing_server::auth::SESSION_HOURS + 1));
    assert_eq!(house.send(get("/", Some(&cookie))).await.0, StatusCode::SEE_OTHER, "the session ended");
    assert_eq!(call(token).await.0, StatusCode::UNAUTHORIZED, "the token ended");
}
