//! Many gadgets out of one description: a device of `tests/vm/devices`, its variants, and its forms with functions
//! switched off.
//!
//! Always: what is expected stands beside what is described; a form that nothing is expected of is an error.

use super::plan::{Device, Function};
use crate::place;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a device is in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Truth {
    /// Remote control: silence about it is a miss.
    Kvm,
    /// Honest, and built so much like remote control that a person has to look: expected to be told.
    LookAlike,
    /// Honest: anything at medium or more is a false alarm.
    Innocent,
}

/// What has to come out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    /// A severity, or `nothing`.
    pub severity: String,
    /// Rules that have to be among those that fire.
    #[serde(default)]
    pub rules: Vec<String>,
    /// A remark for people: why it is missed, or why it is found although honest.
    #[serde(default)]
    pub why: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    name: String,
    /// Fields of the device that are others here; an empty text takes the field away.
    #[serde(default)]
    change: toml::Table,
    /// Another inquiry string for all drives.
    #[serde(default)]
    inquiry: Option<String>,
    #[serde(default = "whole")]
    forms: Vec<Form>,
    severity: String,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    why: Option<String>,
    /// What has to come out of single forms.
    #[serde(default)]
    but: BTreeMap<Form, Expected>,
}

/// Which functions are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
enum Form {
    #[serde(rename = "whole")]
    Whole,
    #[serde(rename = "other order")]
    OtherOrder,
    #[serde(rename = "no drive")]
    NoDrive,
    #[serde(rename = "keyboard and absolute")]
    KeyboardAndAbsolute,
    #[serde(rename = "keyboard and relative")]
    KeyboardAndRelative,
    #[serde(rename = "keyboard only")]
    KeyboardOnly,
    #[serde(rename = "relative only")]
    RelativeOnly,
    #[serde(rename = "absolute only")]
    AbsoluteOnly,
}

fn whole() -> Vec<Form> {
    vec![Form::Whole]
}

impl Form {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::OtherOrder => "other order",
            Self::NoDrive => "no drive",
            Self::KeyboardAndAbsolute => "keyboard and absolute",
            Self::KeyboardAndRelative => "keyboard and relative",
            Self::KeyboardOnly => "keyboard only",
            Self::RelativeOnly => "relative only",
            Self::AbsoluteOnly => "absolute only",
        }
    }

    /// Switches functions off; says nothing about a form that would be empty.
    fn apply(self, functions: &mut Vec<Function>) {
        let keep_roles: &[&str] = match self {
            Self::Whole => return,
            Self::OtherOrder => return functions.reverse(),
            Self::NoDrive => {
                return functions.retain(|function| !matches!(function, Function::MassStorage { .. }));
            }
            Self::KeyboardAndAbsolute => &["keyboard", "absolute"],
            Self::KeyboardAndRelative => &["keyboard", "relative"],
            Self::KeyboardOnly => &["keyboard"],
            Self::RelativeOnly => &["relative"],
            Self::AbsoluteOnly => &["absolute"],
        };
        functions.retain(
            |function| matches!(function, Function::Hid { role, .. } if keep_roles.contains(&role.as_str())),
        );
    }
}

/// One gadget to plug in, and what has to come of it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub device: Device,
    pub truth: Truth,
    /// The description's `about`.
    pub about: String,
    /// Variant and form, for people.
    pub form: String,
    pub expected: Expected,
}

/// All cases of all descriptions that have variants, by file name.
///
/// # Errors
/// Names the file and what is wrong with it.
pub(crate) fn all() -> anyhow::Result<Vec<Case>> {
    let mut paths: Vec<_> = std::fs::read_dir(super::dir().join("devices"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    paths.sort();
    let mut cases = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml")) {
        let text = std::fs::read_to_string(path)?;
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        cases.extend(parse(name, &text).with_context(|| format!("in `{}`", path.display()))?);
    }
    Ok(cases)
}

/// The plain device of a description.
pub(crate) fn plain(text: &str) -> anyhow::Result<Device> {
    let mut table: toml::Table = toml::from_str(text)?;
    table.remove("truth");
    table.remove("variant");
    device(table)
}

fn parse(name: &str, text: &str) -> anyhow::Result<Vec<Case>> {
    let mut table: toml::Table = toml::from_str(text)?;
    let Some(variants) = table.remove("variant") else { return Ok(Vec::new()) };
    let truth: Truth = table.remove("truth").context("it does not say its `truth`")?.try_into()?;
    let variants: Vec<Variant> = variants.try_into()?;
    let mut cases = Vec::new();
    for variant in variants {
        let mut changed = table.clone();
        for (key, value) in &variant.change {
            if value.as_str() == Some("") {
                changed.remove(key);
            } else {
                changed.insert(key.clone(), value.clone());
            }
        }
        for form in &variant.forms {
            let mut device =
                device(changed.clone()).with_context(|| format!("variant `{}`", variant.name))?;
            form.apply(&mut device.functions);
            if device.functions.is_empty() {
                bail!("variant `{}` has nothing left in form `{}`", variant.name, form.as_str());
            }
            if let Some(inquiry) = &variant.inquiry {
                set_inquiry(&mut device.functions, inquiry);
            }
            let words = if variant.forms.len() == 1 && *form == Form::Whole {
                variant.name.clone()
            } else {
                format!("{}, {}", variant.name, form.as_str())
            };
            device.name = format!("{name}: {words}");
            let own = Expected {
                severity: variant.severity.clone(),
                rules: variant.rules.clone(),
                why: variant.why.clone(),
            };
            cases.push(Case {
                about: device.about.clone(),
                expected: variant.but.get(form).cloned().unwrap_or(own),
                form: words,
                truth,
                device,
            });
        }
        if let Some(form) = variant.but.keys().find(|form| !variant.forms.contains(form)) {
            bail!("variant `{}` expects something of `{}`, which it has not", variant.name, form.as_str());
        }
    }
    Ok(cases)
}

fn set_inquiry(functions: &mut [Function], text: &str) {
    for function in functions {
        if let Function::MassStorage { inquiry, inquiry_cdrom, .. } = function {
            *inquiry = Some(text.to_owned());
            *inquiry_cdrom = Some(text.to_owned());
        }
    }
}

fn device(table: toml::Table) -> anyhow::Result<Device> {
    let mut device: Device = table.try_into()?;
    for function in &mut device.functions {
        if let Function::Hid { report_descriptor, .. } = function
            && let Some((product, role)) = report_descriptor.split_once('/')
        {
            *report_descriptor = catalogue(product, "report_descriptor", "role", role)?;
        }
    }
    Ok(device)
}

/// The bytes that the catalogue holds in a product's list, by the value of one field.
pub(crate) fn catalogue(product: &str, list: &str, field: &str, value: &str) -> anyhow::Result<String> {
    let path = place::root().join(format!("policies/catalogue/kvm/{product}.toml"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let table: toml::Table = toml::from_str(&text)?;
    table
        .get(list)
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .find(|entry| entry.get(field).and_then(toml::Value::as_str) == Some(value))
        .and_then(|entry| entry.get("hex")?.as_str().map(str::to_owned))
        .with_context(|| format!("`{}` has no {list} with {field} `{value}` and bytes", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        attached_by = "gadget"
        about = "A thing"
        sources = []
        speed = "high"
        vendor_id = 1
        product_id = 2
        usb_version = 0x0200
        device_version = 1
        serial = "7"
        attributes = 0x80
        max_power_ma = 250
        truth = "kvm"
        [[function]]
        kind = "hid"
        role = "keyboard"
        subclass = 1
        protocol = 1
        report_length = 8
        report_descriptor = "00"
        [[function]]
        kind = "mass-storage"
        cdrom = true
        [[variant]]
        name = "as sold"
        forms = ["whole", "keyboard only"]
        severity = "high"
        [variant.but."keyboard only"]
        severity = "nothing"
        why = "it is too little"
        [[variant]]
        name = "renamed"
        change = { vendor_id = 3, serial = "" }
        severity = "low"
    "#;

    #[test]
    fn variants_and_forms_come_of_one_description() {
        let cases = parse("thing", TEXT).unwrap();
        let names: Vec<&str> = cases.iter().map(|case| case.device.name.as_str()).collect();
        assert_eq!(names, ["thing: as sold, whole", "thing: as sold, keyboard only", "thing: renamed"]);
        assert_eq!(cases[0].device.functions.len(), 2);
        assert_eq!(cases[1].device.functions.len(), 1);
        assert_eq!(cases[1].expected.severity, "nothing");
        assert_eq!((cases[2].device.vendor_id, cases[2].device.serial.as_deref()), (3, None));
    }

    #[test]
    fn a_form_that_leaves_nothing_is_an_error() {
        let text = TEXT.replace(
            "\"keyboard only\"]\n        severity = \"high\"",
            "\"relative only\"]\n        severity = \"high\"",
        );
        assert!(parse("thing", &text).is_err());
    }

    #[test]
    fn every_description_of_the_rig_reads() {
        assert!(all().unwrap().len() > 20);
    }
}
