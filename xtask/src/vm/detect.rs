//! The gadget test: every description of `tests/vm/devices` in all its forms on a real kernel, and the agent inside.
//!
//! One boot. As many devices as the kernel has HID functions for hang on the machine side by side; what the agent says
//! is told apart by the place each hangs on. It also looks before and after, so that a finding which was there all
//! along cannot pass for a detection. The same facts are then judged as Windows and macOS would show them
//! (`policies/src/measure/os_view`), and all of it becomes `docs/detection-kvm.md`.

use super::description::{self, Case, Truth};
use super::plan::{AttachedBy, Device, Function, Outputs, Step};
use super::{displays, gadget, image, kernel, qemu, table};
use crate::{ci, place, run};
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(crate) const AGENT: &str = "/bin/bearing-agent";
/// Redirected ports of the machine, and with it the devices on ports at a time.
const PORTS: usize = 3;
/// What the emulator brings itself: present from the start.
const EMULATED: [&str; 4] = [
    "usb-tablet,bus=xhci.0",
    "usb-mouse,bus=xhci.0",
    "usb-hub,bus=xhci.0,port=7",
    "usb-kbd,bus=xhci.0,port=7.1",
];

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Write docs/detection-kvm.md anew instead of comparing it
    #[arg(long)]
    write: bool,
    /// Take this finished agent instead of building it
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
    /// Only descriptions whose name begins so; compares no table
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Judge what the last boot gave instead of booting
    #[arg(long)]
    again: bool,
}

impl Arguments {
    /// Only these devices.
    pub(crate) fn only(names: &[&str]) -> Self {
        Self { only: names.iter().map(|name| (*name).to_owned()).collect(), ..Self::default() }
    }
}

#[derive(Deserialize)]
pub(crate) struct Report {
    pub findings: Vec<Finding>,
}

#[derive(Deserialize)]
pub(crate) struct Finding {
    rule: String,
    pub subject: String,
    pub severity: String,
    pub title: String,
    evidence: Vec<Evidence>,
}

#[derive(Deserialize)]
struct Evidence {
    rule: Option<String>,
}

/// What one look at one device came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// `None`: nothing found.
    pub severity: Option<String>,
    pub rules: BTreeSet<String>,
    pub title: Option<String>,
}

/// A case with all that came of it.
pub(crate) struct Row {
    pub truth: Truth,
    pub about: String,
    pub form: String,
    pub why: Option<String>,
    /// By view, in the order of [`VIEWS`].
    pub views: Vec<Verdict>,
}

/// The views' names on the wire.
pub(crate) const VIEWS: [&str; 4] = ["linux", "windows-hub", "windows", "macos"];

#[derive(Serialize)]
struct Question<'a> {
    facts: serde_json::Value,
    devices: Vec<Asked<'a>>,
}

#[derive(Serialize)]
struct Asked<'a> {
    name: &'a str,
    place: &'a str,
    on_laptop: bool,
}

#[derive(Deserialize)]
struct Answer {
    name: String,
    view: Option<String>,
    severity: Option<String>,
    rules: BTreeSet<String>,
    title: Option<String>,
}

/// Boots once, compares with what is expected, and with the page that is committed.
///
/// # Errors
/// When the machine does not boot; names each device and form that came out otherwise than expected.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let some = !arguments.only.is_empty();
    let begins = |name: &str| !some || arguments.only.iter().any(|only| name.starts_with(only.as_str()));
    let cases: Vec<Case> = description::all()?.into_iter().filter(|case| begins(&case.device.name)).collect();
    let displays: Vec<displays::Display> =
        displays::all()?.into_iter().filter(|display| begins(&display.name)).collect();
    let batches = batches(&cases);
    let kernel = kernel::fetch()?;
    let recorded = place::target().join("vm/detection.json");
    let outputs = if arguments.again {
        serde_json::from_slice(&std::fs::read(&recorded).context("nothing was recorded yet")?)?
    } else {
        let outputs = boot(arguments.agent.as_deref(), &kernel, &batches, &displays)?;
        if !some {
            std::fs::write(&recorded, serde_json::to_vec(&outputs)?)?;
        }
        outputs
    };

    let mut wrong = quiet(&outputs)?;
    let seen = seen_inside(&outputs, &batches, &displays, &mut wrong)?;
    let answers = ask(&outputs, &batches, &displays)?;
    let mut rows = Vec::new();
    for case in &cases {
        let row = Row {
            truth: case.truth,
            about: case.about.clone(),
            form: case.form.clone(),
            why: case.expected.why.clone(),
            views: views(&answers, &case.device.name)?,
        };
        wrong.extend(compare(&case.device.name, &case.expected, &row));
        rows.push(row);
    }
    for display in &displays {
        let row = Row {
            truth: display.truth,
            about: display.about.clone(),
            form: "display".to_owned(),
            why: display.expected.why.clone(),
            views: views(&answers, &display.name)?,
        };
        wrong.extend(compare(&display.name, &display.expected, &row));
        rows.push(row);
    }
    // A recorded agent may be older than the rules.
    if !arguments.again {
        wrong.extend(disagreements(&batches, &seen, &answers));
    }
    if !wrong.is_empty() {
        bail!("{} of {} came out otherwise:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    }
    println!("{} devices and forms, {} displays: all as expected", cases.len(), displays.len());
    if some {
        return Ok(());
    }
    table::keep(&rows, &kernel.release, arguments.write)
}

fn boot(
    agent: Option<&Path>,
    kernel: &kernel::Kernel,
    batches: &[Vec<&Case>],
    displays: &[displays::Display],
) -> anyhow::Result<Outputs> {
    let agent = match agent {
        Some(agent) => agent.to_path_buf(),
        None => {
            run::run(ci::cargo().args(["build", "--quiet", "--locked", "-p", "bearing-agent"]))?;
            place::target().join("debug/bearing-agent")
        }
    };
    let edids: Vec<(String, Vec<u8>)> =
        displays.iter().map(|display| (display.file(), display.bytes.clone())).collect();
    let steps = steps(batches, displays);
    let image = image(kernel, steps, &[(agent.as_path(), AGENT)], &edids)?;
    let hardware = qemu::Hardware { ports: PORTS, devices: EMULATED.to_vec(), ..qemu::Hardware::default() };
    qemu::boot(&kernel.image, &image, &hardware, &mut |_, _, _| Ok(()))
}

/// Puts as many devices side by side as the kernel can carry.
fn batches(cases: &[Case]) -> Vec<Vec<&Case>> {
    let mut batches: Vec<Vec<&Case>> = Vec::new();
    for case in cases {
        match batches.iter_mut().find(|batch| fits(batch, case)) {
            Some(batch) => batch.push(case),
            None => batches.push(vec![case]),
        }
    }
    batches
}

fn fits(batch: &[&Case], new: &Case) -> bool {
    let same = || batch.iter().filter(|case| case.device.attached_by == new.device.attached_by);
    match new.device.attached_by {
        AttachedBy::Gadget => {
            let hid = |device: &Device| {
                device.functions.iter().filter(|function| matches!(function, Function::Hid { .. })).count()
            };
            same().count() < gadget::CONTROLLERS
                && same().all(|case| case.device.speed == new.device.speed)
                && same().map(|case| hid(&case.device)).sum::<usize>() + hid(&new.device)
                    <= gadget::HID_FUNCTIONS
        }
        AttachedBy::Port => same().count() < PORTS,
        AttachedBy::Emulator => true,
        // Bluetooth devices are told apart by their ids alone.
        AttachedBy::Bluetooth => same().count() == 0,
    }
}

fn steps(batches: &[Vec<&Case>], displays: &[displays::Display]) -> Vec<Step> {
    let run = |name: String, words: &[&str]| Step::Run {
        name,
        argv: std::iter::once(AGENT).chain(words.iter().copied()).map(str::to_owned).collect(),
    };
    let evaluate = |name: &str| run(name.to_owned(), &["evaluate", "--family", "kvm", "--format", "json"]);
    let facts = |name: &str| run(format!("facts {name}"), &["facts", "--format", "json"]);
    let mut steps = vec![Step::Display("desk-monitor.bin".to_owned()), evaluate("before")];
    for (number, batch) in batches.iter().enumerate() {
        let name = batch_name(number);
        steps.push(Step::Plug(batch.iter().map(|case| case.device.clone()).collect()));
        steps.extend([evaluate(&name), facts(&name), Step::Unplug]);
    }
    for display in displays {
        steps.extend([Step::Display(display.file()), evaluate(&display.name), facts(&display.name)]);
    }
    steps.extend([Step::Display("desk-monitor.bin".to_owned()), evaluate("after")]);
    steps
}

fn batch_name(number: usize) -> String {
    format!("batch {number}")
}

pub(crate) fn report(outputs: &Outputs, name: &str) -> anyhow::Result<Report> {
    let ran = outputs.get(name).with_context(|| format!("the agent did not run `{name}`"))?;
    serde_json::from_slice(&ran.stdout)
        .with_context(|| format!("`{name}`: the agent printed no report\n{}", ran.stderr))
}

/// Before and after nothing is found.
fn quiet(outputs: &Outputs) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for name in ["before", "after"] {
        for finding in report(outputs, name)?.findings {
            wrong.push(format!("{name}: wanted nothing, got {}: {}", finding.severity, finding.title));
        }
    }
    Ok(wrong)
}

/// What the agent in the machine said of each device; findings about anything else are wrong.
fn seen_inside(
    outputs: &Outputs,
    batches: &[Vec<&Case>],
    displays: &[displays::Display],
    wrong: &mut Vec<String>,
) -> anyhow::Result<BTreeMap<String, Verdict>> {
    let mut seen = BTreeMap::new();
    for (number, batch) in batches.iter().enumerate() {
        let mut findings = report(outputs, &batch_name(number))?.findings;
        for case in batch {
            let subject = subject(&case.device, outputs)?;
            let own: Vec<Finding> = findings.extract_if(.., |finding| finding.subject == subject).collect();
            seen.insert(case.device.name.clone(), verdict(&own));
        }
        wrong.extend(findings.iter().map(|finding| {
            format!("{}: a finding about something else: {}", batch_name(number), finding.title)
        }));
    }
    for display in displays {
        seen.insert(display.name.clone(), verdict(&report(outputs, &display.name)?.findings));
    }
    Ok(seen)
}

fn place_of<'a>(device: &Device, outputs: &'a Outputs) -> anyhow::Result<&'a str> {
    outputs
        .places
        .get(&device.name)
        .map(String::as_str)
        .with_context(|| format!("`{}` was never plugged in", device.name))
}

fn subject(device: &Device, outputs: &Outputs) -> anyhow::Result<String> {
    let place = place_of(device, outputs)?;
    Ok(match device.attached_by {
        AttachedBy::Bluetooth => format!("hid:bluetooth-{:04x}:{:04x}", device.vendor_id, device.product_id),
        _ => format!("usb:{place}"),
    })
}

pub(crate) fn verdict(findings: &[Finding]) -> Verdict {
    // The agent reports the gravest first.
    let Some(worst) = findings.first() else { return Verdict::default() };
    let rules = findings.iter().flat_map(|finding| {
        let of_pieces = finding.evidence.iter().filter_map(|piece| piece.rule.clone());
        of_pieces.chain([finding.rule.clone()])
    });
    Verdict {
        severity: Some(worst.severity.clone()),
        rules: rules.collect(),
        title: Some(worst.title.clone()),
    }
}

/// Judges the facts that the agent read inside, as each system would show them.
fn ask(
    outputs: &Outputs,
    batches: &[Vec<&Case>],
    displays: &[displays::Display],
) -> anyhow::Result<Vec<Answer>> {
    let facts = |name: &str| -> anyhow::Result<serde_json::Value> {
        let name = format!("facts {name}");
        let ran = outputs.get(&name).with_context(|| format!("the agent did not run `{name}`"))?;
        serde_json::from_slice(&ran.stdout).with_context(|| format!("`{name}`: no facts\n{}", ran.stderr))
    };
    let mut questions = Vec::new();
    for (number, batch) in batches.iter().enumerate() {
        let devices = batch
            .iter()
            .map(|case| {
                Ok(Asked {
                    name: &case.device.name,
                    place: place_of(&case.device, outputs)?,
                    on_laptop: case.device.attached_by != AttachedBy::Emulator,
                })
            })
            .collect::<anyhow::Result<_>>()?;
        questions.push(Question { facts: facts(&batch_name(number))?, devices });
    }
    for display in displays {
        let devices = vec![Asked { name: &display.name, place: "", on_laptop: true }];
        questions.push(Question { facts: facts(&display.name)?, devices });
    }
    let dir = place::target().join("vm");
    let file = dir.join("detection-facts.json");
    std::fs::write(&file, serde_json::to_vec(&questions)?)?;
    views_program(&file)
}

fn views_program(file: &Path) -> anyhow::Result<Vec<Answer>> {
    let output = run::output(
        ci::cargo()
            .args(["run", "--quiet", "--locked", "-p", "bearing-policies", "--example", "os_views", "--"])
            .arg(file),
    )?;
    serde_json::from_str(&output).context("the views printed no answers")
}

fn answer(answers: &[Answer], name: &str, view: Option<&str>) -> Option<Verdict> {
    let found = answers.iter().find(|answer| answer.name == name && answer.view.as_deref() == view)?;
    Some(Verdict { severity: found.severity.clone(), rules: found.rules.clone(), title: found.title.clone() })
}

fn views(answers: &[Answer], name: &str) -> anyhow::Result<Vec<Verdict>> {
    VIEWS
        .iter()
        .map(|view| {
            answer(answers, name, Some(view)).with_context(|| format!("`{name}` was not judged as {view}"))
        })
        .collect()
}

/// What is otherwise than expected, in words.
fn compare(name: &str, expected: &description::Expected, row: &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(linux) = row.views.first() else { return wrong };
    if linux.severity.as_deref().unwrap_or("nothing") != expected.severity
        || !expected.rules.iter().all(|rule| linux.rules.contains(rule))
    {
        wrong.push(format!(
            "{name}: wanted {} ({}), got {}",
            expected.severity,
            expected.rules.join(" "),
            shown(linux)
        ));
    }
    wrong
}

fn shown(verdict: &Verdict) -> String {
    let rules: Vec<&str> = verdict.rules.iter().map(String::as_str).collect();
    format!(
        "{} ({}) {}",
        verdict.severity.as_deref().unwrap_or("nothing"),
        rules.join(" "),
        verdict.title.as_deref().unwrap_or_default()
    )
}

/// What the agent said inside is what its facts say outside. Devices built alike are one cause to the agent, which
/// then reports them once: they are compared together.
fn disagreements(
    batches: &[Vec<&Case>],
    seen: &BTreeMap<String, Verdict>,
    answers: &[Answer],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for batch in batches {
        let mut kin: BTreeMap<Vec<String>, Vec<&str>> = BTreeMap::new();
        for case in batch {
            kin.entry(shape(&case.device)).or_default().push(&case.device.name);
        }
        for names in kin.values() {
            let inside = together(names.iter().filter_map(|name| seen.get(*name).cloned()));
            let outside = together(names.iter().filter_map(|name| answer(answers, name, None)));
            if inside != outside {
                wrong.push(format!(
                    "{}: the agent said {}, its facts say {}",
                    names.join(" and "),
                    shown(&inside),
                    shown(&outside)
                ));
            }
        }
    }
    wrong
}

fn shape(device: &Device) -> Vec<String> {
    let mut shape: Vec<String> = device
        .functions
        .iter()
        .map(|function| match function {
            Function::Hid { report_descriptor, .. } => report_descriptor.clone(),
            Function::MassStorage { .. } => "drive".to_owned(),
            _ => "other".to_owned(),
        })
        .collect();
    shape.sort();
    shape
}

fn together(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    const ORDER: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
    let rank = |severity: &Option<String>| {
        severity.as_deref().and_then(|severity| ORDER.iter().position(|known| *known == severity))
    };
    verdicts.fold(Verdict::default(), |sum, one| Verdict {
        severity: if rank(&one.severity) > rank(&sum.severity) { one.severity } else { sum.severity },
        rules: sum.rules.into_iter().chain(one.rules).collect(),
        title: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::plan::Speed;
    use super::*;

    #[test]
    fn no_batch_needs_more_than_the_kernel_has() {
        let cases = description::all().unwrap();
        let batches = batches(&cases);
        assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), cases.len());
        for batch in &batches {
            let speeds: BTreeSet<bool> = batch
                .iter()
                .filter(|case| case.device.attached_by == AttachedBy::Gadget)
                .map(|case| case.device.speed == Speed::High)
                .collect();
            assert!(speeds.len() <= 1);
        }
    }
}
