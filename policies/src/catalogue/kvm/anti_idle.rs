//! Programs and units that keep a machine awake or pretend that somebody is there, from `catalogue/kvm/anti-idle`.
//!
//! Always: whole names only; a unit without a verified source is kept and never convicts.

use std::collections::HashMap;

use serde::Deserialize;

use super::form::Trust;
use crate::source_text::{self, Problem};

/// What a program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Moves the pointer or presses keys.
    FakesInput,
    /// Asks the system not to sleep.
    StaysAwake,
}

/// A program, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its id in findings.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it does.
    pub purpose: Purpose,
}

/// Everything that is known of staying awake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AntiIdle {
    programs: Vec<Program>,
    by_program: HashMap<String, usize>,
    by_script: HashMap<String, usize>,
    by_package: HashMap<String, usize>,
    units: HashMap<(u16, u16), String>,
    ordinary: Vec<String>,
    media: Vec<String>,
    builders: Vec<String>,
    /// Hours from which an inhibitor is for days.
    pub hours: u32,
}

impl AntiIdle {
    /// The program of this file name.
    pub fn program(&self, name: &str) -> Option<&Program> {
        let name = name.to_lowercase();
        self.by_program.get(name.strip_suffix(".exe").unwrap_or(&name)).and_then(|at| self.programs.get(*at))
    }

    /// The program that this script is.
    pub fn script(&self, name: &str) -> Option<&Program> {
        self.by_script.get(&name.to_lowercase()).and_then(|at| self.programs.get(*at))
    }

    /// The program of this package.
    pub fn package(&self, name: &str) -> Option<&Program> {
        self.by_package.get(&name.to_lowercase()).and_then(|at| self.programs.get(*at))
    }

    /// The unit that does nothing but move a pointer.
    pub fn unit(&self, vendor_id: u16, product_id: u16) -> Option<&str> {
        self.units.get(&(vendor_id, product_id)).map(String::as_str)
    }

    /// Whether an inhibitor's holder is part of the system.
    pub fn is_ordinary(&self, who: &str) -> bool {
        has(&self.ordinary, who)
    }

    /// Whether it plays media or is in a call.
    pub fn is_media(&self, who: &str) -> bool {
        has(&self.media, who)
    }

    /// Whether a program of this name builds for others.
    pub fn is_builder(&self, name: &str) -> bool {
        has(&self.builders, name)
    }

    /// Adds a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn add(&mut self, file: &str, text: &str) -> Result<(), Problem> {
        let form: Form = source_text::parse(file, text)?;
        for program in form.program {
            let at = self.programs.len();
            if self.programs.iter().any(|known| known.id == program.id) {
                return Err(Problem::of(file, format!("program `{}` is there twice", program.id)));
            }
            if program.sources.is_empty() {
                return Err(Problem::of(file, format!("program `{}` names no source", program.id)));
            }
            let lists = [
                (program.programs, &mut self.by_program),
                (program.scripts, &mut self.by_script),
                (program.packages, &mut self.by_package),
            ];
            for (names, map) in lists {
                for name in names {
                    if name != name.to_lowercase() || name.contains(['*', '/']) {
                        return Err(Problem::of(file, format!("`{name}` is no whole name in lower case")));
                    }
                    map.insert(name, at);
                }
            }
            self.programs.push(Program { id: program.id, name: program.name, purpose: program.kind });
        }
        for unit in form.usb {
            let id = |text: &str| {
                u16::from_str_radix(text, 16)
                    .map_err(|_| Problem::of(file, format!("`{text}` is not four hex digits")))
            };
            let ids = (id(&unit.vendor_id)?, id(&unit.product_id)?);
            if unit.confidence != Trust::Unverified {
                self.units.insert(ids, unit.name);
            }
        }
        if let Some(ordinary) = form.ordinary {
            self.ordinary.extend(ordinary.holders);
            self.media.extend(ordinary.media);
            self.builders.extend(ordinary.builders);
        }
        if let Some(limits) = form.limits {
            self.hours = limits.hours;
        }
        Ok(())
    }
}

/// Whether one of `list` is the whole of `text`, or a whole word of it.
fn has(list: &[String], text: &str) -> bool {
    let text = text.to_lowercase();
    let word = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '@' | '_'));
    list.iter().any(|known| *known == text || text.split(word).any(|part| part == known))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default)]
    program: Vec<ProgramForm>,
    #[serde(default)]
    usb: Vec<UnitForm>,
    ordinary: Option<OrdinaryForm>,
    limits: Option<LimitForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramForm {
    id: String,
    name: String,
    kind: Purpose,
    #[serde(default)]
    programs: Vec<String>,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    scripts: Vec<String>,
    sources: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitForm {
    name: String,
    vendor_id: String,
    product_id: String,
    confidence: Trust,
    #[allow(dead_code, reason = "for people who review the list")]
    sources: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrdinaryForm {
    holders: Vec<String>,
    media: Vec<String>,
    builders: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitForm {
    hours: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unverified_unit_is_kept_from_convicting() {
        let text = "[[usb]]\nname = \"A jiggler\"\nvendor_id = \"1234\"\nproduct_id = \"5678\"\nconfidence = \"unverified\"\nsources = []\n";
        let mut known = AntiIdle::default();
        known.add("x.toml", text).unwrap();
        assert_eq!(known.unit(0x1234, 0x5678), None);
        known.add("x.toml", &text.replace("unverified", "source-code")).unwrap();
        assert_eq!(known.unit(0x1234, 0x5678), Some("A jiggler"));
    }

    #[test]
    fn words_are_whole() {
        let list = vec!["gdm".to_owned(), "obs".to_owned()];
        assert!(has(&list, "GDM") && has(&list, "GDM session"));
        assert!(!has(&list, "gdmx") && !has(&list, "observer"));
    }
}
