//! The audit log: who did what to what, in a chain that shows if a line was changed or taken out.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use bearing_protocol::Timestamp;
use bearing_store::AuditEntry;
use serde::Deserialize;

use super::{
    ProblemPage,
    frame::{Frame, Visit, page},
    view::{When, shown},
};
use crate::app::App;

const ROWS: u32 = 100;
/// So much of a digest tells two entries apart; the whole one is in the API.
const SHORT_CHARS: usize = 8;

/// Which entries, and whether to walk the chain.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    before: Option<u64>,
    verify: String,
}

/// An entry, in a line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    number: u64,
    at: When,
    actor: String,
    action: String,
    object: String,
    detail: String,
    chain: String,
}

/// What a walk of the chain showed.
#[derive(Clone, Debug)]
pub(super) enum Walk {
    NotWalked,
    Holds(u64),
    BreaksAt(u64),
}

#[derive(Template)]
#[template(path = "audit_log.html")]
pub(super) struct AuditLogPage {
    frame: Frame,
    lines: Vec<Line>,
    older: Option<u64>,
    walk: Walk,
}

impl AuditLogPage {
    fn of(frame: Frame, entries: &[AuditEntry], walk: Walk, now: Timestamp) -> Self {
        let full = entries.len() >= ROWS as usize;
        Self {
            frame,
            older: entries.last().map(|entry| entry.number).filter(|number| full && *number > 1),
            lines: entries.iter().map(|entry| line(entry, now)).collect(),
            walk,
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("audit-log", bearing_store::Role::Auditor);
        vec![
            Self::of(frame(), &[], Walk::NotWalked, samples::now()),
            Self::of(frame(), &[samples::audit_entry()], Walk::Holds(1), samples::now()),
            Self::of(frame(), &[samples::audit_entry()], Walk::BreaksAt(1), samples::now()),
        ]
    }
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, ProblemPage> {
    let entries = app.store.audit_entries(asked.before, ROWS).await?;
    let walk = match asked.verify.as_str() {
        "1" => match app.store.verify_audit().await? {
            Ok(count) => Walk::Holds(count),
            Err(number) => Walk::BreaksAt(number),
        },
        _ => Walk::NotWalked,
    };
    Ok(page(&AuditLogPage::of(visit.frame(&app, "audit-log"), &entries, walk, app.clock.now())))
}

fn line(entry: &AuditEntry, now: Timestamp) -> Line {
    let detail = shown(&words(&entry.detail));
    Line {
        number: entry.number,
        at: When::at(entry.at, now),
        actor: shown(&entry.actor),
        action: shown(&entry.action),
        object: shown(&entry.object),
        detail,
        chain: entry.chain.map(|chain| chain.short().chars().take(SHORT_CHARS).collect()).unwrap_or_default(),
    }
}

/// Particulars as people read them: `group: engineering; max_uses: 5`. The JSON itself is in the API.
fn words(detail: &serde_json::Value) -> String {
    use serde_json::Value;
    match detail {
        Value::Null => String::new(),
        Value::String(text) => text.replace('\n', " "),
        Value::Object(fields) => {
            let pair =
                |(name, value): (&String, &Value)| format!("{}: {}", name.replace('_', " "), words(value));
            let told =
                fields.iter().filter(|(_, value)| !value.is_null() && **value != Value::Array(Vec::new()));
            told.map(pair).collect::<Vec<_>>().join("; ")
        }
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
