//! A server without sockets: the routers over a store in a temporary directory, and a clock that stands still.
#![expect(clippy::unwrap_used, reason = "a house that cannot be built fails its test")]
#![allow(dead_code, reason = "each test file uses what it needs of it")]

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use bearing_policies::{Catalogue, Policy};
use bearing_protocol::{
    clock::FixedClock,
    id::{ServerId, UserId},
    key::FileKey,
};
use bearing_server::{
    api,
    app::{App, Parts},
    auth::{hash_password, new_api_token},
    console,
};
use bearing_store::{Role, Scope, UserRow};
use bearing_store_sqlite::SqliteStore;
use jiff::SignedDuration;
use tower::ServiceExt as _;
use zeroize::Zeroizing;

pub(crate) const HOST: &str = "bearing.example";
pub(crate) const ORIGIN: &str = "https://bearing.example";
pub(crate) const PASSWORD: &str = "a password for tests";

pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) clock: Arc<FixedClock>,
    router: Router,
    _dir: tempfile::TempDir,
}

fn key(byte: u8) -> FileKey {
    FileKey::from_seed(&Zeroizing::new([byte; 32]))
}

pub(crate) async fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("store.db")).await.unwrap();
    let clock = Arc::new(FixedClock::new("2026-11-25T08:00:00Z".parse().unwrap()));
    let app = App::new(Parts {
        geo: bearing_server::geo::Live::builtin(),
        releases: bearing_server::release::Releases::new(
            dir.path(),
            bearing_protocol::key::KeySet::single(key(2).public()),
        ),
        store: Arc::new(store),
        clock: clock.clone(),
        catalogue: Catalogue::embedded(),
        policy: Policy::profile("default").unwrap(),
        server: ServerId::from_bytes(&[1; 16]),
        evidence_key: key(1),
        ca_pem: rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap().cert.pem(),
        policy_keys: vec![key(2).public()],
        policy_threshold: 1,
        employee_keys: Vec::new(),
        tenant_key_id: "tk1".into(),
        tenant_key: Zeroizing::new([2; 32]),
        observation_key: Zeroizing::new([3; 32]),
        public_url: ORIGIN.into(),
        demo: false,
    });
    House { router: router_of(&app), app, clock, _dir: dir }
}

fn router_of(app: &App) -> Router {
    let people = console::router().fallback(console::not_found).with_state(app.clone());
    Router::new().merge(api::router().with_state(app.clone())).fallback_service(people)
}

/// The doors of a server that another helper runs.
pub(crate) fn house_on(app: App) -> House {
    let clock = Arc::new(FixedClock::new(app.clock.now()));
    House { router: router_of(&app), app, clock, _dir: tempfile::tempdir().unwrap() }
}

impl House {
    /// An account of each role, all with one password (hashing is slow on purpose).
    pub(crate) async fn people(&self) {
        let password_hash = hash_password(PASSWORD).await.unwrap();
        for (number, role) in (1..).zip(Role::ALL) {
            let user = UserRow {
                id: UserId::from_bytes(&[number; 16]),
                name: role.as_str().to_owned(),
                password_hash: password_hash.clone(),
                role,
                created_at: self.app.clock.now(),
                last_sign_in: None,
                disabled: false,
            };
            self.app.store.add_user(&user).await.unwrap();
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 4 * 1024 * 1024).await.unwrap();
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    /// Signs in and gives cookie and form token.
    pub(crate) async fn session(&self, name: &str) -> (String, String) {
        let (_, headers, body) = self.send(get("/sign-in", None)).await;
        let form_cookie = cookie_of(&headers, "__Host-bearing-form");
        let token = csrf_of(&body);
        let fields = format!("csrf={token}&name={name}&password={}&next=/", PASSWORD.replace(' ', "+"));
        let (status, headers, _) = self.send(post("/sign-in", Some(&form_cookie), &fields)).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{name} signs in");
        let cookie = cookie_of(&headers, "__Host-bearing");
        let (status, _, body) = self.send(get("/", Some(&cookie))).await;
        assert_eq!(status, StatusCode::OK);
        (cookie, csrf_of(&body))
    }

    pub(crate) async fn api_token(&self, role: Role) -> String {
        self.api_token_for(role, &[Scope::All]).await
    }

    pub(crate) async fn api_token_for(&self, role: Role, scopes: &[Scope]) -> String {
        let now = self.app.clock.now();
        let token =
            new_api_token("test", role, scopes, "ana", now, now + SignedDuration::from_hours(1)).unwrap();
        self.app.store.add_api_token(&token.row).await.unwrap();
        token.reveal.to_string()
    }
}

pub(crate) fn request(method: &Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header(header::HOST, HOST)
}

pub(crate) fn get(path: &str, cookie: Option<&str>) -> Request<Body> {
    let mut builder = request(&Method::GET, path);
    if let Some(cookie) = cookie {
        builder = builder.header(header::COOKIE, cookie);
    }
    builder.body(Body::empty()).unwrap()
}

pub(crate) fn post(path: &str, cookie: Option<&str>, fields: &str) -> Request<Body> {
    let mut builder = request(&Method::POST, path)
        .header(header::ORIGIN, ORIGIN)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        builder = builder.header(header::COOKIE, cookie);
    }
    builder.body(Body::from(fields.to_owned())).unwrap()
}

pub(crate) fn cookie_of(headers: &HeaderMap, name: &str) -> String {
    let wanted = format!("{name}=");
    let line = headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find(|line| line.starts_with(&wanted))
        .unwrap();
    for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(line.contains(part), "{line} lacks {part}");
    }
    line.split(';').next().unwrap().to_owned()
}

pub(crate) fn csrf_of(body: &str) -> String {
    body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}
