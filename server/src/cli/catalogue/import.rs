//! `catalogue import`: what a newer collection would change, as a diff to review, and as files on request.
//!
//! Always: nothing of the catalogue is changed in place; a known tool keeps what people wrote.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use bearing_policies::catalogue::import::{diff, import, to_toml};
use clap::Args;

use super::{files::Files, show::tools};

/// Largest collection.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The collection: LOLRMM's published JSON, or facts extracted from it
    file: PathBuf,
    /// Compare with the catalogue in DIR; without it: with what is built in
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Write the files of new and changed tools into DIR, for review
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Import {
    pub(super) fn run(&self) -> Result<u8> {
        let shown = self.file.display().to_string();
        let size = fs::metadata(&self.file).with_context(|| format!("cannot read `{shown}`"))?.len();
        if size > MAX_BYTES {
            bail!("`{shown}` has {size} bytes: a collection has at most {MAX_BYTES}");
        }
        let text = fs::read_to_string(&self.file).with_context(|| format!("cannot read `{shown}`"))?;
        let files = self.directory.as_ref().map_or_else(|| Ok(Files::embedded()), |d| Files::read(d))?;
        let known = tools(&files)?;
        let imported = import(&shown, &text, &known).map_err(|problem| anyhow::anyhow!("{problem}"))?;
        // Only what would change is compared: a collection takes nothing away.
        let touched = |id: &str| imported.tools.iter().any(|tool| tool.id == id);
        let before: Vec<_> = known.into_iter().filter(|tool| touched(&tool.id)).collect();
        let changes = diff(&before, &imported.tools);
        let mut lines: Vec<String> = changes.lines().map(str::to_owned).collect();
        lines.push(format!(
            "{} new tools, {} with more facts; {} tools hold nothing that could match, {} values were left out",
            imported.tools.len().saturating_sub(before.len()),
            before.len(),
            imported.empty,
            imported.left_out
        ));
        if let Some(directory) = &self.out {
            fs::create_dir_all(directory)
                .with_context(|| format!("cannot make `{}`", directory.display()))?;
            for tool in &imported.tools {
                let path = directory.join(format!("{}.toml", tool.id));
                fs::write(&path, to_toml(tool))
                    .with_context(|| format!("cannot write `{}`", path.display()))?;
            }
            let written = imported.tools.len();
            lines.push(format!(
                "{written} files in `{}`: read each before it becomes part",
                directory.display()
            ));
        }
        super::super::print(&lines.join("\n"))?;
        Ok(u8::from(!imported.tools.is_empty()))
    }
}
