//! `evaluate place` and `evaluate risk`: what-if, without a store.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use bearing_policies::{place, risk};
use clap::{Args, Subcommand};

/// Largest input file, in bytes.
const MAX_INPUT_BYTES: u64 = 64 * 1024 * 1024;

/// `evaluate`.
#[derive(Debug, Args)]
pub(super) struct Evaluate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The place verdict of recorded cases: `{"cases":[…]}`, a list, or one case; JSON on standard output
    Place(Input),
    /// Evidence score and verdict of sets of findings: `{"stories":[…]}`, a list, or one story; JSON on standard output
    Risk(Input),
}

#[derive(Debug, Args)]
struct Input {
    /// A JSON file, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
}

impl Evaluate {
    pub(super) fn run(&self) -> Result<()> {
        let answer = match &self.what {
            What::Place(input) => serde_json::to_string_pretty(&place::evaluate_places(&input.read()?)?)?,
            What::Risk(input) => serde_json::to_string_pretty(&risk::evaluate_stories(&input.read()?)?)?,
        };
        super::print(&answer)
    }
}

impl Input {
    fn read(&self) -> Result<serde_json::Value> {
        let name = self.input.display();
        if self.input.as_os_str() == "-" {
            return serde_json::from_reader(std::io::stdin().lock()).context("standard input is not JSON");
        }
        let size = fs::metadata(&self.input).with_context(|| format!("cannot read `{name}`"))?.len();
        ensure!(size <= MAX_INPUT_BYTES, "`{name}` is larger than {MAX_INPUT_BYTES} bytes");
        let text = fs::read_to_string(&self.input).with_context(|| format!("cannot read `{name}`"))?;
        serde_json::from_str(&text).with_context(|| format!("`{name}` is not JSON"))
    }
}
