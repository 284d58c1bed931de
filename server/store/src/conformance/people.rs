//! Accounts, sessions, throttles, settings.

use bearing_protocol::id::UserId;
use futures::future::join_all;

use super::sample::{at, token_id};
use crate::{ApiTokenRow, Role, Scope, SessionRow, Store, StoreError, UserRow};

fn ana() -> UserRow {
    UserRow {
        id: UserId::from_bytes(&[1; 16]),
        name: "ana".to_owned(),
        password_hash: "$argon2id$…".to_owned(),
        role: Role::Analyst,
        created_at: at(0),
        last_sign_in: None,
        disabled: false,
    }
}

pub async fn names_are_taken_once_and_sessions_end<S: Store>(store: &S) {
    store.add_user(&ana()).await.unwrap();
    let same_name = UserRow { id: UserId::from_bytes(&[2; 16]), ..ana() };
    assert!(matches!(store.add_user(&same_name).await, Err(StoreError::Conflict(_))));
    let session = SessionRow {
        token_hash: "aa".repeat(32),
        user: ana().id,
        csrf: "csrf".to_owned(),
        created_at: at(10),
        expires_at: at(100),
    };
    store.add_session(&session).await.unwrap();
    let (found, user) = store.session(&session.token_hash, at(99)).await.unwrap().unwrap();
    assert_eq!((found.csrf.as_str(), user.role, user.last_sign_in), ("csrf", Role::Analyst, Some(at(10))));
    assert!(store.session(&session.token_hash, at(100)).await.unwrap().is_none(), "it has ended");
    assert!(store.session("bb", at(50)).await.unwrap().is_none());
    assert!(store.update_user(&UserRow { role: Role::Admin, ..ana() }).await.unwrap());
    assert!(store.session(&session.token_hash, at(50)).await.unwrap().is_none(), "a change ends sessions");
    store.add_session(&session).await.unwrap();
    store.end_session(&session.token_hash).await.unwrap();
    assert!(store.session(&session.token_hash, at(50)).await.unwrap().is_none());
    store.update_user(&UserRow { disabled: true, ..ana() }).await.unwrap();
    store.add_session(&session).await.unwrap();
    assert!(store.session(&session.token_hash, at(50)).await.unwrap().is_none(), "a disabled account");
    assert_eq!(store.users().await.unwrap().len(), 1);
    assert!(store.user_by_name("ana").await.unwrap().unwrap().disabled);
    assert!(store.user(&ana().id).await.unwrap().is_some());

    let token = ApiTokenRow {
        id: token_id(5),
        secret_hash: "cc".repeat(32),
        name: "siem".to_owned(),
        role: Role::Viewer,
        scopes: vec![Scope::Read, Scope::TripsWrite],
        created_by: "ana".to_owned(),
        created_at: at(0),
        expires_at: at(1_000),
        revoked_at: None,
        last_used: None,
    };
    store.add_api_token(&token).await.unwrap();
    store.note_api_token_use(&token.id, at(3)).await.unwrap();
    assert!(store.revoke_api_token(&token.id, at(5)).await.unwrap());
    let row = store.api_token(&token.id).await.unwrap().unwrap();
    assert_eq!((row.revoked_at, row.last_used), (Some(at(5)), Some(at(3))));
    assert_eq!(row.scopes, token.scopes);
    assert_eq!(store.api_tokens().await.unwrap().len(), 1);
}

pub async fn failures_are_counted_in_one_step<S: Store>(store: &S) {
    let counts = join_all((0..10).map(|_| store.count_failure("name:ana", at(10), at(0)))).await;
    let mut counts: Vec<_> = counts.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=10).collect::<Vec<_>>(), "no two attempts see the same count");
    assert_eq!(store.failures("name:ana", at(0)).await.unwrap(), 10);
    assert_eq!(store.failures("name:ana", at(11)).await.unwrap(), 0);
    assert_eq!(store.failures("name:bob", at(0)).await.unwrap(), 0);
    store.clear_failures("name:ana").await.unwrap();
    assert_eq!(store.failures("name:ana", at(0)).await.unwrap(), 0);
}

pub async fn settings_read_back<S: Store>(store: &S) {
    assert_eq!(store.setting("server_id").await.unwrap(), None);
    store.set_setting("server_id", "a").await.unwrap();
    store.set_setting("server_id", "b").await.unwrap();
    assert_eq!(store.setting("server_id").await.unwrap().as_deref(), Some("b"));
    store.ready().await.unwrap();
}
