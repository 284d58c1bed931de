//! What pages that stay open ask every few seconds: a short text that changes when they should be read again.

use axum::{Json, extract::State};
use bearing_protocol::{digest::Digest, id::DeviceId};
use serde::Serialize;

use super::{ProblemPage, form::Ids, overview::silent_since};
use crate::app::App;

/// The version of what a page shows.
#[derive(Serialize)]
pub(super) struct Version {
    version: String,
}

impl Version {
    fn of(state: &impl std::fmt::Debug) -> Json<Self> {
        Json(Self { version: Digest::of(format!("{state:?}").as_bytes()).short() })
    }
}

/// Changes with the counts and the queue of the first page.
pub(super) async fn version(State(app): State<App>) -> Result<Json<Version>, ProblemPage> {
    let now = app.clock.now();
    let counts = app.store.overview(now, silent_since(now)).await?;
    let queue = app.store.verdict_queue(10).await?;
    let queue: Vec<_> = queue.iter().map(|v| (&v.device, &v.verdict, v.evidence, v.at)).collect();
    Ok(Version::of(&(counts, queue)))
}

/// Changes with one device's messages, findings and verdict.
pub(super) async fn device_version(
    State(app): State<App>,
    Ids(id): Ids<DeviceId>,
) -> Result<Json<Version>, ProblemPage> {
    let device = app.store.device(&id).await?.ok_or_else(ProblemPage::not_found)?;
    let findings = app.store.device_findings(&id).await?;
    let findings: Vec<_> = findings.iter().map(|row| (&row.finding.id, row.version)).collect();
    let verdict = app.store.verdict(&id).await?.map(|verdict| (verdict.verdict, verdict.at));
    Ok(Version::of(&(device.sequence, device.state, findings, verdict)))
}
