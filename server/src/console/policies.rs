//! Published policies, as they were signed.

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::{Timestamp, payload::PolicyPayload};
use bearing_store::PolicyRow;

use super::{
    ProblemPage,
    form::Ids,
    frame::{Frame, Visit, page},
    view::{When, shown},
};
use crate::app::App;

/// A policy, in a line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    name: String,
    version: u64,
    groups: String,
    digest: String,
    published_by: String,
    published: When,
    signers: Vec<String>,
}

#[derive(Template)]
#[template(path = "policies.html")]
pub(super) struct PoliciesPage {
    frame: Frame,
    lines: Vec<Line>,
    keys: Vec<String>,
    threshold: usize,
}

/// One policy with its contents.
#[derive(Template)]
#[template(path = "policy.html")]
pub(super) struct PolicyPage {
    frame: Frame,
    line: Line,
    expires: Option<When>,
    widens: bool,
    contents: Option<String>,
}

impl PoliciesPage {
    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let page = |lines| Self {
            frame: Frame::sample("policies", bearing_store::Role::Viewer),
            lines,
            keys: vec!["key_1".into()],
            threshold: 1,
        };
        vec![page(Vec::new()), page(vec![line(&samples::policy(), samples::now())])]
    }
}

impl PolicyPage {
    fn of(frame: Frame, row: &PolicyRow, now: Timestamp) -> Self {
        // Shown, not believed: agents verify the signatures themselves before they take it.
        let payload = row
            .envelope
            .body_unverified()
            .ok()
            .and_then(|body| serde_json::from_slice::<PolicyPayload>(&body).ok());
        Self {
            line: line(row, now),
            expires: payload.as_ref().map(|payload| When::at(payload.expires_at, now)),
            widens: payload.as_ref().is_some_and(|payload| payload.widens_collection),
            contents: payload.and_then(|payload| serde_json::to_string_pretty(&payload.policy).ok()).map(
                |text| {
                    text.lines()
                        .map(|line| bearing_protocol::text::printable(line, MAX_LINE_CHARS))
                        .collect::<Vec<_>>()
                        .join("\n")
                },
            ),
            frame,
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        vec![Self::of(
            Frame::sample("policies", bearing_store::Role::Viewer),
            &samples::policy(),
            samples::now(),
        )]
    }
}

/// Longest line of a policy's contents that is shown.
const MAX_LINE_CHARS: usize = 2_000;

pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, ProblemPage> {
    let now = app.clock.now();
    let rows = app.store.policies().await?;
    Ok(page(&PoliciesPage {
        frame: visit.frame(&app, "policies"),
        lines: rows.iter().map(|row| line(row, now)).collect(),
        keys: app.policy_keys.iter().map(|key| key.id().to_string()).collect(),
        threshold: app.policy_threshold,
    }))
}

pub(super) async fn show_one(
    State(app): State<App>,
    visit: Visit,
    Ids(version): Ids<u64>,
) -> Result<Response, ProblemPage> {
    let rows = app.store.policies().await?;
    let row = rows.iter().find(|row| row.version == version).ok_or_else(ProblemPage::not_found)?;
    Ok(page(&PolicyPage::of(visit.frame(&app, "policies"), row, app.clock.now())))
}

fn line(row: &PolicyRow, now: Timestamp) -> Line {
    let groups = row.groups.iter().map(|group| shown(group)).collect::<Vec<_>>().join(", ");
    Line {
        name: shown(&row.name),
        version: row.version,
        groups: if groups.is_empty() { "all groups".to_owned() } else { groups },
        digest: row.digest.short(),
        published_by: shown(&row.published_by),
        published: When::at(row.published_at, now),
        signers: row.envelope.signatures.iter().map(|signature| signature.keyid.to_string()).collect(),
    }
}
