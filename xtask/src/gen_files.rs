//! What is generated and committed: the README's first screen.
//!
//! The README holds what the demonstration prints, between two marks. `gen` writes it anew.

use crate::{ci, place, run};
use anyhow::Context;
use std::process::Command;

const BEGIN: &str = "<!-- demo begin: written by `cargo xtask gen` -->\n";
const END: &str = "<!-- demo end -->";
/// Of each captured line: wider ones do not fit a README.
const MAX_WIDTH: usize = 120;

/// Writes the README's first screen anew.
///
/// # Errors
/// When the agent does not build or the README has no marks.
pub(crate) fn main() -> anyhow::Result<()> {
    let path = place::root().join("README.md");
    let readme =
        std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    run::run(ci::cargo().args(["build", "--quiet", "--locked", "-p", "bearing-agent"]))?;
    let agent = place::target().join("debug/bearing-agent");
    let screen = crate::demo::first_screen(&agent)?;
    let screen: Vec<String> = screen.lines().map(|line| line.chars().take(MAX_WIDTH).collect()).collect();
    let block = format!("{BEGIN}```text\n{}\n```\n{END}", screen.join("\n").trim_end());
    let new = replace(&readme, &block).context("README.md has no marks for the demonstration's output")?;
    std::fs::write(&path, new)?;
    run::run(Command::new("git").args(["diff", "--stat", "--", "README.md"]).current_dir(place::root()))
}

fn replace(readme: &str, block: &str) -> Option<String> {
    let start = readme.find(BEGIN)?;
    let end = start + readme.get(start..)?.find(END)? + END.len();
    Some(format!("{}{block}{}", &readme[..start], &readme[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let readme = format!("a\n{BEGIN}old\n{END}\nb\n");
        let new = replace(&readme, &format!("{BEGIN}new\n{END}")).unwrap();
        assert_eq!(new, format!("a\n{BEGIN}new\n{END}\nb\n"));
        assert_eq!(replace("no marks", "x"), None);
    }
}
