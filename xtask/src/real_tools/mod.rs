//! Real remote-access tools, installed from their registries, started, and looked at by the agent.
//!
//! Always: each run has a Debian, processes and a network of its own, thrown away afterwards; nothing reaches beyond that network's
//! loopback. What is not found stands in the table as missed.

mod debian;
mod plan;
mod stage;
mod table;

use anyhow::{Context, bail};
use std::path::PathBuf;

use crate::{ci, place, run};

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Write the table into docs/detection-remote-access.md instead of comparing with it
    #[arg(long)]
    write: bool,
    /// Only these tools; compares nothing with the table
    #[arg(long)]
    only: Vec<String>,
    /// A finished agent instead of the one of the development profile
    #[arg(long)]
    agent: Option<PathBuf>,
}

/// Installs, starts and judges every tool of `tests/tools/tools.toml`.
///
/// # Errors
/// When a tool does not start, when one that must be found is not, when one that must stay quiet is not, and when the table in the
/// documentation says something else.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    if !stage::possible() {
        println!(
            "NOT CHECKED: real tools need namespaces of their own (`unshare --mount --pid --net`), which are not permitted here"
        );
        return Ok(());
    }
    let plan = plan::read()?;
    let agent = arguments.agent.clone().map_or_else(agent, Ok)?;
    let system = debian::system(&plan.registries)?;
    let stage = stage::Stage::new(&system, &agent)?;
    let mut results = Vec::new();
    let mut wrong = Vec::new();
    for tool in
        plan.tools.iter().filter(|tool| arguments.only.is_empty() || arguments.only.contains(&tool.id))
    {
        let before = stage.look(tool, None)?;
        for form in tool.forms() {
            let after = stage.look(tool, Some(form)).with_context(|| format!("{} {form}", tool.id))?;
            let result = table::Row::new(tool, form, &before, &after);
            println!("{}", result.line());
            if let Some(flaw) = result.flaw(tool) {
                wrong.push(flaw);
            }
            results.push(result);
        }
    }
    if arguments.only.is_empty() {
        table::settle(&results, arguments.write)?;
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

fn agent() -> anyhow::Result<PathBuf> {
    run::run(ci::cargo().args(["build", "--quiet", "--locked", "-p", "bearing-agent"]))?;
    Ok(place::target().join("debug/bearing-agent"))
}
