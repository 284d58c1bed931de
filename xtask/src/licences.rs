//! Licences, bans and sources of all dependencies, by the rules of `deny.toml`.
//!
//! A stand-in for the part of `cargo deny check` that needs no network: the same file, the same
//! three answers. Advisories need a database and are not looked at here.

use crate::metadata::{Metadata, Package};
use crate::place;
use anyhow::{Context, bail};
use serde::Deserialize;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(alias = "name", rename = "crate")]
    name: String,
}

/// Checks every package of the lock file.
///
/// # Errors
/// Names each package with a licence that is not allowed, that is banned, or that is not from crates.io.
pub(crate) fn check(metadata: &Metadata) -> anyhow::Result<()> {
    let path = place::root().join("deny.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let rules: Rules = toml::from_str(&text).with_context(|| format!("cannot parse `{}`", path.display()))?;
    let wrong: Vec<String> = metadata.packages.iter().flat_map(|package| judge(package, &rules)).collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    println!("licences, bans, sources: {} packages, all as deny.toml wants them", metadata.packages.len());
    Ok(())
}

fn judge(package: &Package, rules: &Rules) -> Vec<String> {
    let who = format!("{} {}", package.name, package.version);
    let mut wrong = Vec::new();
    match &package.license {
        None => wrong.push(format!("{who} names no licence")),
        Some(expression) => match Expression::parse(expression) {
            None => wrong.push(format!("{who} has a licence that cannot be parsed: {expression}")),
            Some(parsed) if !parsed.is_allowed(&rules.licenses.allow) => {
                wrong.push(format!("{who} is under {expression}, which deny.toml does not allow"));
            }
            Some(_) => {}
        },
    }
    if rules.bans.deny.iter().any(|banned| banned.name == package.name) {
        wrong.push(format!("{who} is banned by deny.toml"));
    }
    if package.source.as_deref().is_some_and(|source| source != REGISTRY) {
        wrong.push(format!("{who} comes from {}", package.source.as_deref().unwrap_or_default()));
    }
    wrong
}

/// An SPDX licence expression.
#[derive(Debug, PartialEq, Eq)]
enum Expression {
    Licence(String),
    Any(Vec<Expression>),
    All(Vec<Expression>),
}

impl Expression {
    /// `/` is how old manifests write `OR`.
    fn parse(text: &str) -> Option<Self> {
        let spaced = text.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        let parsed = Self::any(&mut rest)?;
        rest.is_empty().then_some(parsed)
    }

    fn any(rest: &mut &[&str]) -> Option<Self> {
        let mut parts = vec![Self::all(rest)?];
        while take(rest, "OR") {
            parts.push(Self::all(rest)?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Self::Any(parts) })
    }

    fn all(rest: &mut &[&str]) -> Option<Self> {
        let mut parts = vec![Self::one(rest)?];
        while take(rest, "AND") {
            parts.push(Self::one(rest)?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Self::All(parts) })
    }

    fn one(rest: &mut &[&str]) -> Option<Self> {
        if take(rest, "(") {
            let inner = Self::any(rest)?;
            return take(rest, ")").then_some(inner);
        }
        let (name, after) = rest.split_first()?;
        *rest = after;
        let mut licence = (*name).to_owned();
        if take(rest, "WITH") {
            let (exception, after) = rest.split_first()?;
            *rest = after;
            licence.push_str(" WITH ");
            licence.push_str(exception);
        }
        Some(Self::Licence(licence))
    }

    fn is_allowed(&self, allowed: &[String]) -> bool {
        match self {
            Self::Licence(name) => allowed.contains(name),
            Self::Any(parts) => parts.iter().any(|part| part.is_allowed(allowed)),
            Self::All(parts) => parts.iter().all(|part| part.is_allowed(allowed)),
        }
    }
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    let is_next = rest.first() == Some(&word);
    if is_next {
        *rest = &rest[1..];
    }
    is_next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(text: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<String> = allowed.iter().map(|&name| name.to_owned()).collect();
        Expression::parse(text).unwrap().is_allowed(&allowed)
    }

    #[test]
    fn one_of_several_is_enough_and_all_of_several_are_needed() {
        assert!(is_allowed("MIT/GPL-3.0", &["MIT"]));
        assert!(is_allowed("GPL-3.0 OR Apache-2.0 WITH LLVM-exception OR MIT", &["MIT"]));
        assert!(!is_allowed("MIT AND BSD-3-Clause", &["MIT"]));
        assert!(is_allowed("(MIT OR GPL-3.0) AND Unicode-3.0", &["MIT", "Unicode-3.0"]));
        assert!(!is_allowed("Apache-2.0 WITH LLVM-exception", &["Apache-2.0"]));
    }

    #[test]
    fn nonsense_is_not_a_licence() {
        for text in ["", "MIT OR", "(MIT", "MIT Apache-2.0"] {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
    }
}
