//! The audit log.

use futures::future::join_all;

use super::sample::at;
use crate::{AuditEntry, Store};

pub async fn the_log_is_numbered_and_chained<S: Store>(store: &S) {
    let entry = |n: i64| AuditEntry {
        number: 0,
        at: at(n) + jiff::SignedDuration::from_nanos(123_456_789),
        actor: "ana".to_owned(),
        action: "token.create".to_owned(),
        object: format!("tok_{n}"),
        detail: serde_json::json!({"zeta": n, "alpha": [1.5, null, "\u{202e}"]}),
        chain: None,
    };
    let entries: Vec<_> = (0..20).map(entry).collect();
    let appended = join_all(entries.iter().map(|entry| store.audit(entry))).await;
    let mut numbers: Vec<_> = appended.into_iter().map(|entry| entry.unwrap().number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    assert_eq!(store.verify_audit().await.unwrap(), Ok(20));
    let newest = store.audit_entries(None, 5).await.unwrap();
    assert_eq!(newest.iter().map(|entry| entry.number).collect::<Vec<_>>(), [20, 19, 18, 17, 16]);
    let older = store.audit_entries(Some(16), 100).await.unwrap();
    assert_eq!(older.len(), 15);
    assert_eq!(newest[0].chain, Some(newest[0].chain_after(newest[1].chain.as_ref())));
}
