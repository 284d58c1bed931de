//! Importing a roster, removing people.
//!
//! Always: audited before it holds; the log names counts and keyed ids, never names.

use serde_json::json;

use super::{ActError, audited};
use crate::{app::App, auth::Actor, roster::Plan};

/// How many people one transaction takes.
const BATCH: usize = 5_000;

/// Applies what a plan says.
///
/// # Errors
/// Where a device is somebody else's, or the store cannot: batches before it hold.
pub async fn import_roster(app: &App, actor: &Actor, plan: &Plan) -> Result<(), ActError> {
    if plan.is_empty() {
        return Ok(());
    }
    let detail =
        json!({ "added": plan.added.len(), "changed": plan.changed.len(), "removed": plan.removed.len() });
    audited(app, actor, "roster.import", "roster", detail, async {
        let now = app.clock.now();
        // Whoever leaves lets go of devices first.
        let removed: Vec<String> = plan.removed.iter().map(|person| person.row.id.clone()).collect();
        if !removed.is_empty() {
            app.store.remove_people(&removed, now).await?;
        }
        let people: Vec<_> =
            plan.changed.iter().map(|changed| &changed.person).chain(&plan.added).cloned().collect();
        for some in people.chunks(BATCH) {
            app.store.put_people(some, now).await?;
        }
        Ok(())
    })
    .await
}

/// Removes a person from the roster.
///
/// # Errors
/// Where there is no such person, or the store cannot.
pub async fn remove_person(app: &App, actor: &Actor, id: &str) -> Result<(), ActError> {
    app.store.person(id).await?.ok_or(ActError::NotFound("person"))?;
    audited(app, actor, "person.remove", id, json!({}), async {
        app.store.remove_people(&[id.to_owned()], app.clock.now()).await?;
        Ok(())
    })
    .await
}
