//! Taking a signed list of a release's binaries.

use std::path::Path;

use serde_json::json;

use super::{ActError, audited};
use crate::{app::App, auth::Actor, release::Release};

/// Takes a list.
///
/// # Errors
/// Where it does not hold, or another list of its version is there.
pub async fn load_release(app: &App, actor: &Actor, path: &Path) -> Result<Release, ActError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let detail = json!({ "file": name });
    audited(app, actor, "release.load", "release", detail, async {
        app.releases.load(path).map_err(|error| ActError::invalid(error.to_string()))
    })
    .await
}
