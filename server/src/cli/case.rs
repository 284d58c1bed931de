//! `case list`, `show` and `export`.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use bearing_protocol::{id::CaseId, text::printable};
use bearing_store::{CaseFilter, CaseRow, CaseStatus, MAX_PAGE, PageRequest};
use clap::{Args, Subcommand, ValueEnum};

use super::Installation;
use crate::{
    act,
    app::App,
    cases::{self, PacketForm},
};

/// Who acts here, in the audit log and the log of custody.
const ACTOR: &str = "cli";
/// Longest comment or reason that is printed, in characters.
const MAX_TEXT_CHARS: usize = 4_000;

/// `case`.
#[derive(Debug, Args)]
pub(super) struct Case {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List cases, by verdict; those that are not closed unless told otherwise
    List(List),
    /// Show one: verdict, arithmetic, findings, disproof steps, timeline
    Show(Show),
    /// Write a case packet: signed (json, for `evidence verify`), to read (html), as a table (csv)
    Export(Export),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Json,
    Html,
    Csv,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    installation: Installation,
    /// Closed ones too
    #[arg(long)]
    all: bool,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    installation: Installation,
    /// The case (`cas_…`)
    id: CaseId,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    installation: Installation,
    /// The case (`cas_…`)
    id: CaseId,
    /// In which form
    #[arg(long, value_enum, default_value = "json")]
    form: Form,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Case {
    pub(super) async fn run(&self) -> Result<()> {
        match &self.what {
            What::List(list) => list.run().await,
            What::Show(show) => show.run().await,
            What::Export(export) => export.run().await,
        }
    }
}

impl List {
    async fn run(&self) -> Result<()> {
        let app = self.installation.open().await?;
        let status = if self.all {
            Vec::new()
        } else {
            CaseStatus::ALL.into_iter().filter(|status| *status != CaseStatus::Closed).collect()
        };
        let filter = CaseFilter { status, ..CaseFilter::default() };
        let mut rows = Vec::new();
        let mut request = PageRequest { after: None, limit: MAX_PAGE };
        loop {
            let page = app.store.cases(&filter, &request).await?;
            rows.extend(page.items);
            request.after = page.next;
            if request.after.is_none() {
                break;
            }
        }
        match self.format {
            Format::Json => super::print(&serde_json::to_string_pretty(&rows)?),
            Format::Text if rows.is_empty() => super::print("no open cases"),
            Format::Text => super::print(&rows.iter().map(as_line).collect::<Vec<_>>().join("\n")),
        }
    }
}

fn as_line(row: &CaseRow) -> String {
    let evidence = row.evidence.map_or_else(|| "no score".to_owned(), |evidence| format!("{evidence:.1}"));
    format!(
        "{}  {:<17}  {:<12}  evidence {evidence:<8}  posture {:<5}  {}",
        row.id,
        row.status.as_str(),
        row.verdict,
        row.posture,
        printable(&row.title, 80)
    )
}

impl Show {
    async fn run(&self) -> Result<()> {
        let app = self.installation.open().await?;
        let row = known(&app, &self.id).await?;
        act::note_look(&app, ACTOR, &self.id, "looked", None).await?;
        let (record, _) = cases::record(&app, &row).await?;
        match self.format {
            Format::Json => super::print(&serde_json::to_string_pretty(&record)?),
            Format::Text => super::print(&in_words(&row, &record)),
        }
    }
}

fn in_words(row: &CaseRow, record: &cases::CaseRecord) -> String {
    let text = |text: &str| printable(text, MAX_TEXT_CHARS);
    let mut lines = vec![as_line(row)];
    lines.push(format!("about the {} {}", row.subject.kind.as_str(), text(&row.subject.id)));
    if let (Some(decision), Some(reason)) = (&record.decision, &record.reason) {
        lines.push(format!("{decision}: {}", text(reason)));
    }
    for device in &record.devices {
        lines.push(String::new());
        let simulated = if device.simulated { " (simulated)" } else { "" };
        let name = text(&device.hostname);
        lines.push(format!("{} {name}{simulated}: {}", device.device, device.verdict));
        lines.extend(device.arithmetic.iter().map(|line| format!("  {}", text(line))));
        for finding in &device.findings {
            lines.push(format!(
                "  {} {:<13} {:<9} {}",
                finding.finding.rule,
                finding.severity,
                finding.status,
                text(&finding.finding.title)
            ));
        }
    }
    lines.push("\nHow to disprove it".to_owned());
    for step in &record.steps {
        let result = step.result.as_deref().unwrap_or("not answered");
        lines.push(format!("  [{result}] {} ({})", text(&step.text), step.rules.join(", ")));
        if let (Some(note), Some(by)) = (&step.note, &step.by) {
            lines.push(format!("      {}: {}", text(by), text(note)));
        }
    }
    lines.push("\nTimeline".to_owned());
    for event in &record.timeline {
        let said = event.text.as_deref().map(|said| format!(": {}", text(said))).unwrap_or_default();
        lines.push(format!("  {:.0} {} {}{said}", event.at, text(&event.actor), text(&event.what)));
    }
    lines.join("\n")
}

impl Export {
    async fn run(&self) -> Result<()> {
        let app = self.installation.open().await?;
        known(&app, &self.id).await?;
        let form = match self.form {
            Form::Json => PacketForm::Json,
            Form::Html => PacketForm::Html,
            Form::Csv => PacketForm::Csv,
        };
        let packet = cases::packet(&app, ACTOR, &self.id, form).await?;
        fs::write(&self.out, &packet.bytes)
            .with_context(|| format!("cannot write `{}`", self.out.display()))?;
        super::print(&format!(
            "wrote {} ({} bytes, {})",
            self.out.display(),
            packet.bytes.len(),
            packet.digest
        ))
    }
}

async fn known(app: &App, id: &CaseId) -> Result<CaseRow> {
    match app.store.case(id).await? {
        Some(row) => Ok(row),
        None => bail!("there is no case `{id}`: `bearing-server case list --all` names them"),
    }
}
