//! The tools to try, as `tests/tools/tools.toml` writes them.

use anyhow::Context;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt};

use crate::place;

/// Everything to try.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    /// Where they come from.
    pub(super) registries: Registries,
    /// The tools.
    #[serde(rename = "tool")]
    pub(super) tools: Vec<Tool>,
}

/// What is installed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Registries {
    /// Debian packages.
    pub(super) debian: Vec<String>,
    /// npm packages, `name@version`.
    pub(super) npm: Vec<String>,
    /// Crates, `name@version`.
    pub(super) crates: Vec<String>,
}

/// One tool.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    pub(super) id: String,
    pub(super) from: String,
    /// The catalogue product that must be named.
    pub(super) product: Option<String>,
    /// Rules that count where no product is named.
    #[serde(default)]
    pub(super) rules: Vec<String>,
    /// Debian package that copies do without.
    pub(super) package: Option<String>,
    pub(super) program: String,
    /// What runs the program, where it is a script.
    pub(super) interpreter: Option<String>,
    pub(super) arguments: Vec<String>,
    /// Directory that belongs to the program and is copied with it.
    pub(super) bundle: Option<String>,
    /// Libraries of the package that a copy needs.
    pub(super) libraries: Option<String>,
    /// A file to write beside the program: ending that follows the program's name, and content.
    pub(super) beside: Option<(String, String)>,
    /// A file to write first.
    pub(super) write: Option<(String, String)>,
    /// Commands in the background before it; those with `@` in front are waited for.
    #[serde(default)]
    pub(super) before: Vec<String>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    /// A shell test that holds once the tool does its work.
    pub(super) ready: Option<String>,
    /// Whether the program ends by itself.
    #[serde(default)]
    pub(super) ends: bool,
    /// What it calls itself in the form `argv0`.
    pub(super) argv0: Option<String>,
    forms: Option<Vec<Form>>,
    pub(super) expect: Expect,
}

/// What must come out.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Expect {
    /// For every form.
    All(Outcome),
    /// By form; `found` where a form is not named.
    ByForm(BTreeMap<Form, Outcome>),
}

/// What must come out of a form.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// Named at medium or more.
    Found,
    /// Not found, and known to be.
    Missed,
    /// Nothing at medium or more.
    Quiet,
}

/// How a tool is disguised.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    Installed,
    Moved,
    Renamed,
    Stripped,
    Argv0,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Installed => "installed",
            Self::Moved => "moved",
            Self::Renamed => "renamed",
            Self::Stripped => "stripped",
            Self::Argv0 => "argv0",
        })
    }
}

impl Tool {
    /// The forms to try.
    pub(super) fn forms(&self) -> Vec<Form> {
        const EVERY: [Form; 5] = [Form::Installed, Form::Moved, Form::Renamed, Form::Stripped, Form::Argv0];
        self.forms.clone().unwrap_or_else(|| EVERY.to_vec())
    }

    /// What must come out of `form`.
    pub(super) fn expected(&self, form: Form) -> Outcome {
        match &self.expect {
            Expect::All(outcome) => *outcome,
            Expect::ByForm(forms) => forms.get(&form).copied().unwrap_or(Outcome::Found),
        }
    }
}

/// Reads the plan.
///
/// # Errors
/// When the file is not there or says what nobody understands.
pub(super) fn read() -> anyhow::Result<Plan> {
    let path = place::root().join("tests/tools/tools.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    toml::from_str(&text).with_context(|| format!("`{}` is not understood", path.display()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_plan_is_understood_and_every_tool_says_what_counts() {
        let plan = super::read().unwrap();
        for tool in &plan.tools {
            assert!(
                tool.product.is_some() || !tool.rules.is_empty(),
                "{} names neither product nor rules",
                tool.id
            );
        }
    }
}
