//! `doctor`: everything an installation needs, one line each.

use std::path::Path;

use anyhow::Result;
use bearing_protocol::clock::Clock as _;
use clap::Args;

use super::Installation;
use crate::{
    clock::SystemClock,
    config::Config,
    installation::{
        CA_KEY_FILE, EVIDENCE_KEY_FILE, INSTALLATION_FILE, OBSERVATION_KEY_FILE, STORE_FILE, TENANT_KEY_FILE,
    },
};

/// `doctor`.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    installation: Installation,
}

/// One thing that was looked at: what it is, and what is wrong with it.
struct Check {
    what: String,
    problem: Option<String>,
}

impl Check {
    fn of<T, E: std::fmt::Display>(what: impl Into<String>, result: &Result<T, E>) -> Self {
        Self { what: what.into(), problem: result.as_ref().err().map(|error| format!("{error:#}")) }
    }
}

/// Whether others than the owner can get at a path.
fn private(path: &Path) -> Result<(), String> {
    let meta = std::fs::metadata(path).map_err(|error| error.to_string())?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o077;
        if mode != 0 {
            return Err("others than its owner can get at it: take their rights away (chmod go= )".to_owned());
        }
    }
    #[cfg(not(unix))]
    let _ = meta;
    Ok(())
}

impl Doctor {
    pub(super) async fn run(self) -> Result<u8> {
        let dir = &self.installation.data_dir;
        let mut checks = vec![Check::of(format!("data directory {}", dir.display()), &private(dir))];
        for file in [
            INSTALLATION_FILE,
            CA_KEY_FILE,
            EVIDENCE_KEY_FILE,
            OBSERVATION_KEY_FILE,
            TENANT_KEY_FILE,
            STORE_FILE,
        ] {
            checks.push(Check::of(format!("{file} is private"), &private(&dir.join(file))));
        }
        let config = Config::of_data_dir(dir);
        checks.push(Check::of("configuration", &config));
        if let Ok(config) = &config {
            let tables = super::geo::checks(config, SystemClock.now());
            checks.extend(tables.into_iter().map(|(what, problem)| Check { what, problem }));
        }
        checks.push(Check::of(
            "keys, and no private policy key among them",
            &self.installation.load().map(|_| ()),
        ));
        if let Ok(app) = self.installation.open().await {
            checks.push(Check::of("store reads and commits", &app.store.ready().await));
            let audit = match app.store.verify_audit().await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(number)) => Err(format!("entry {number} does not fit")),
                Err(error) => Err(error.to_string()),
            };
            checks.push(Check::of("audit log's chain", &audit));
            let backlog = app.store.job_backlog().await?;
            checks.push(Check { what: format!("{} jobs wait", backlog.0), problem: None });
            let policies = app.store.policies().await?;
            let policy = match policies.first() {
                Some(policy) => format!("policy {} version {} is published", policy.name, policy.version),
                None => "no policy is published: agents use the built-in default".to_owned(),
            };
            checks.push(Check { what: policy, problem: None });
        }
        let wrong = checks.iter().filter(|check| check.problem.is_some()).count();
        let lines: Vec<_> = checks
            .into_iter()
            .map(|Check { what, problem }| match problem {
                None => format!("  ok     {what}"),
                Some(problem) => format!("  WRONG  {what}: {problem}"),
            })
            .collect();
        super::print(&lines.join("\n"))?;
        Ok(u8::from(wrong > 0))
    }
}
