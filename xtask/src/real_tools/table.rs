//! What came out, as a table for people, compared with the one that is committed.

use anyhow::{Context, bail};
use serde_json::Value;
use std::fmt::Write as _;

use super::{
    plan::{Form, Outcome, Tool},
    stage::Verdict,
};
use crate::place;

const BEGIN: &str = "<!-- real tools begin: written by `cargo xtask real-tools --write` -->\n";
const END: &str = "<!-- real tools end -->\n";
const SEVERITIES: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
const MEDIUM: usize = 2;

/// One tool in one form.
pub(super) struct Row {
    tool: String,
    from: String,
    form: Form,
    /// New findings that count for the tool: rule, severity, confidence; gravest first.
    found: Vec<(usize, String, String)>,
    /// New findings at medium or more of any kind.
    others: Vec<String>,
}

impl Row {
    /// What is new in `after`.
    pub(super) fn new(tool: &Tool, form: Form, before: &Verdict, after: &Verdict) -> Self {
        let old: Vec<(&str, usize)> =
            before.0.iter().map(|finding| (text(finding, "id"), severity(finding))).collect();
        let new = after.0.iter().filter(|finding| {
            !old.iter().any(|(id, grade)| *id == text(finding, "id") && *grade >= severity(finding))
        });
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for finding in new {
            let counts = match &tool.product {
                Some(product) => text(finding, "product") == product,
                None => tool.rules.iter().any(|rule| rule == text(finding, "rule")),
            };
            let grade = severity(finding);
            if counts {
                found.push((grade, text(finding, "rule").to_owned(), text(finding, "confidence").to_owned()));
            } else if grade >= MEDIUM {
                others.push(format!("{} {}", text(finding, "rule"), text(finding, "title")));
            }
        }
        found.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
        Self { tool: tool.id.clone(), from: tool.from.clone(), form, found, others }
    }

    fn outcome(&self) -> Outcome {
        if self.found.first().is_some_and(|(grade, ..)| *grade >= MEDIUM) {
            Outcome::Found
        } else {
            Outcome::Missed
        }
    }

    /// As it is printed while the test runs.
    pub(super) fn line(&self) -> String {
        let found: Vec<String> = self
            .found
            .iter()
            .map(|(grade, rule, sure)| format!("{rule} {} ({sure})", word(*grade)))
            .collect();
        let others = if self.others.is_empty() {
            String::new()
        } else {
            format!("  also: {}", self.others.join("; "))
        };
        format!("{:<22} {:<10} {}{others}", self.tool, self.form.to_string(), found.join(", "))
    }

    /// What is not as it must be.
    pub(super) fn flaw(&self, tool: &Tool) -> Option<String> {
        let (wanted, got) = (tool.expected(self.form), self.outcome());
        let name = format!("{} ({})", self.tool, self.form);
        match (wanted, got) {
            (Outcome::Found, Outcome::Missed) => Some(format!("{name} must be found and is not")),
            (Outcome::Missed, Outcome::Found) => {
                Some(format!("{name} is found now: say so in tests/tools/tools.toml"))
            }
            (Outcome::Quiet, Outcome::Found) => Some(format!("{name} must stay quiet: {}", self.line())),
            (Outcome::Quiet, _) if !self.others.is_empty() => {
                Some(format!("{name} must stay quiet: {}", self.line()))
            }
            _ => None,
        }
    }
}

fn text<'a>(finding: &'a Value, field: &str) -> &'a str {
    finding.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn severity(finding: &Value) -> usize {
    SEVERITIES.iter().position(|word| *word == text(finding, "severity")).unwrap_or_default()
}

fn word(grade: usize) -> &'static str {
    SEVERITIES.get(grade).copied().unwrap_or("?")
}

/// Writes the table, or says how it differs from what is committed.
pub(super) fn settle(rows: &[Row], write: bool) -> anyhow::Result<()> {
    let path = place::root().join("docs/detection-remote-access.md");
    let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let start = page
        .find(BEGIN)
        .context("docs/detection-remote-access.md has no marks for the table of real tools")?;
    let length =
        page.get(start..).and_then(|rest| rest.find(END)).context("the table of real tools does not end")?;
    let block = format!("{BEGIN}{}{END}", table(rows)?);
    let new = format!("{}{block}{}", &page[..start], &page[start + length + END.len()..]);
    if write {
        return Ok(std::fs::write(&path, new)?);
    }
    if new != page {
        bail!(
            "the table of real tools in docs/detection-remote-access.md is not what comes out now: write it with `cargo xtask real-tools --write`\n{block}"
        );
    }
    Ok(())
}

fn table(rows: &[Row]) -> anyhow::Result<String> {
    let mut text = String::from(
        "\n| tool | form | result | rule | severity | confidence |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let result = match row.outcome() {
            Outcome::Found => "found",
            _ if row.found.is_empty() => "nothing",
            _ => "low only",
        };
        let (grade, rule, sure) =
            row.found.first().map_or(("–", "–", "–"), |(grade, rule, sure)| (word(*grade), rule, sure));
        writeln!(text, "| {} | {} | {result} | {rule} | {grade} | {sure} |", row.from, row.form)?;
    }
    text.push('\n');
    Ok(text)
}
