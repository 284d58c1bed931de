//! `evaluation create`, `list` and `watch`.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bearing_protocol::{
    id::{DeviceId, EvaluationId},
    payload::EvaluationScope,
    rule::RuleId,
    text::printable,
};
use bearing_store::{EvaluationRow, EvaluationStatus};
use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;

use super::Installation;
use crate::evaluations;

/// Seconds between two looks of `watch`.
const WATCH_SECONDS: u64 = 2;
/// Most evaluations that are listed.
const MAX_LISTED: u32 = 200;

/// `evaluation`.
#[derive(Debug, Args)]
pub(super) struct Evaluation {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Challenge every device in a scope for a fresh signed report
    Create(Create),
    /// List evaluations
    List(List),
    /// Follow one until it is frozen
    Watch(Watch),
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    installation: Installation,
    /// Its name
    #[arg(long)]
    name: String,
    /// How long answers are awaited (`20s`, `15m`, `24h`)
    #[arg(long, value_name = "TIME", default_value = "24h")]
    within: SignedDuration,
    /// Only devices of this group; may be given several times
    #[arg(long = "group")]
    groups: Vec<String>,
    /// Only this device (`dev_…`); may be given several times
    #[arg(long = "device")]
    devices: Vec<DeviceId>,
    /// Only this rule; may be given several times
    #[arg(long = "rule")]
    rules: Vec<RuleId>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    installation: Installation,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Watch {
    #[command(flatten)]
    installation: Installation,
    /// The evaluation (`eva_…`)
    id: EvaluationId,
}

impl Evaluation {
    pub(super) async fn run(&self) -> Result<()> {
        match &self.what {
            What::Create(create) => create.run().await,
            What::List(list) => list.run().await,
            What::Watch(watch) => watch.run().await,
        }
    }
}

impl Create {
    async fn run(&self) -> Result<()> {
        let app = self.installation.open().await?;
        let deadline = app.clock.now().checked_add(self.within).context("--within is too long")?;
        let scope = EvaluationScope {
            groups: self.groups.clone(),
            devices: self.devices.clone(),
            rules: self.rules.clone(),
        };
        let row = evaluations::create(&app, "cli", &self.name, scope, deadline).await?;
        super::print(&format!("{} challenges {} devices until {:.0}", row.id, row.devices, row.deadline))
    }
}

impl List {
    async fn run(&self) -> Result<()> {
        let app = self.installation.open().await?;
        let rows = app.store.evaluations(MAX_LISTED).await?;
        match self.format {
            Format::Json => {
                let rows: Vec<_> = rows.iter().map(as_json).collect();
                super::print(&serde_json::to_string_pretty(&rows)?)
            }
            Format::Text if rows.is_empty() => {
                super::print("no evaluations yet: `bearing-server evaluation create`")
            }
            Format::Text => super::print(&rows.iter().map(as_line).collect::<Vec<_>>().join("\n")),
        }
    }
}

impl Watch {
    async fn run(&self) -> Result<()> {
        let app = self.installation.open().await?;
        let mut before = None;
        loop {
            let Some(row) = app.store.evaluation(&self.id).await? else {
                bail!("there is no evaluation `{}`", self.id);
            };
            let now = (row.answered, row.status);
            if before != Some(now) {
                super::print(&as_line(&row))?;
                before = Some(now);
            }
            if row.status == EvaluationStatus::Frozen {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(WATCH_SECONDS)).await;
        }
    }
}

const fn status(row: &EvaluationRow) -> &'static str {
    match row.status {
        EvaluationStatus::Running => "running",
        EvaluationStatus::Frozen => "frozen",
    }
}

fn as_line(row: &EvaluationRow) -> String {
    let name = printable(&row.name, 60);
    format!(
        "{}  {:<8} {} of {} answered  until {:.0}  {name}",
        row.id,
        status(row),
        row.answered,
        row.devices,
        row.deadline
    )
}

fn as_json(row: &EvaluationRow) -> serde_json::Value {
    serde_json::json!({
        "id": row.id, "name": row.name, "status": status(row), "devices": row.devices, "answered": row.answered,
        "created_by": row.created_by, "created_at": row.created_at, "deadline": row.deadline, "scope": row.scope,
    })
}
