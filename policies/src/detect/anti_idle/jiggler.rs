//! AI-01: software that moves the pointer where nobody does, and units sold for it.

use bearing_protocol::{
    coverage::Source,
    fact::Process,
    finding::Evidence,
    severity::{Confidence, Severity},
};

use super::file_name;
use crate::{
    catalogue::kvm::anti_idle::{AntiIdle, Program, Purpose},
    detect::{Context, Draft, evidence},
};

/// How many arguments of a process are looked at for a script's name.
const SCRIPT_ARGUMENTS: usize = 4;

pub(super) fn report(context: &mut Context<'_>, known: &AntiIdle) {
    let mut found: Vec<(&Program, bool, Vec<Evidence>)> = Vec::new();
    let mut note = |program, running, piece| match found.iter_mut().find(|(known, ..)| *known == program) {
        Some((_, runs, pieces)) => {
            *runs |= running;
            pieces.push(piece);
        }
        None => found.push((program, running, vec![piece])),
    };
    for process in context.facts.processes.iter().filter(|process| !process.kernel_thread) {
        if let Some((program, name)) = of_process(process, known) {
            let piece = evidence(
                Source::Processes,
                format!("process {}", process.pid),
                "program",
                name,
                "moves the pointer or presses keys while nobody does",
            );
            note(program, true, piece);
        }
    }
    for package in &context.facts.packages {
        if let Some(program) = fakes(known.package(&package.name)) {
            let piece = evidence(Source::Packages, &package.name, "package", &package.name, "is installed");
            note(program, false, piece);
        }
    }
    for start in &context.facts.autostart {
        let command = start.command.as_deref().unwrap_or_default();
        let words = command.split_whitespace().take(SCRIPT_ARGUMENTS);
        let hit = words
            .map(file_name)
            .find_map(|name| Some((fakes(known.program(name)).or_else(|| fakes(known.script(name)))?, name)));
        if let Some((program, name)) = hit {
            let piece =
                evidence(Source::Autostart, file_name(&start.path), "command", name, "starts at sign-in");
            note(program, false, piece);
        }
    }
    let drafts: Vec<Draft> = found
        .into_iter()
        .map(|(program, running, evidence)| Draft {
            rule: "AI-01",
            severity: Some(if running { Severity::Medium } else { Severity::Low }),
            confidence: if running { Confidence::High } else { Confidence::Medium },
            title: format!(
                "{} {}, which makes the machine look attended",
                program.name,
                if running { "is running" } else { "is installed" }
            ),
            subject: format!("program:{}", program.id),
            product: Some(program.id.clone()),
            cause: "jiggler".to_owned(),
            evidence,
        })
        .collect();
    for draft in drafts {
        context.report(draft);
    }
    units(context, known);
}

fn units(context: &mut Context<'_>, known: &AntiIdle) {
    let units: Vec<Draft> = context
        .facts
        .usb
        .iter()
        .filter_map(|usb| Some((usb, known.unit(usb.vendor_id, usb.product_id)?)))
        .map(|(usb, name)| {
            let ids = format!("{:04x}:{:04x}", usb.vendor_id, usb.product_id);
            Draft {
                rule: "AI-01",
                severity: Some(Severity::Medium),
                confidence: Confidence::Medium,
                title: format!("{name} {ids} at {} moves the pointer by itself", usb.path),
                subject: format!("usb:{}", usb.path),
                product: None,
                cause: format!("jiggler unit {ids}"),
                evidence: vec![evidence(
                    Source::Usb,
                    &usb.path,
                    "idVendor and idProduct",
                    ids,
                    "is sold as a jiggler",
                )],
            }
        })
        .collect();
    for draft in units {
        context.report(draft);
    }
}

/// The jiggler that a process runs: by the file it runs, or by the script its interpreter was given.
fn of_process<'a>(process: &Process, known: &'a AntiIdle) -> Option<(&'a Program, String)> {
    let executable = process.executable.as_deref().map(file_name);
    if let Some(program) = executable.and_then(|name| fakes(known.program(name))) {
        return Some((program, executable.unwrap_or_default().to_owned()));
    }
    let arguments = process.arguments.iter().take(SCRIPT_ARGUMENTS).map(|argument| file_name(argument));
    arguments.enumerate().find_map(|(at, name)| {
        // An argument is the program's own name, or a script; a word that a person typed is neither.
        let script = || (at > 0).then(|| fakes(known.script(name))).flatten();
        let named = || (at == 0 && executable.is_none()).then(|| fakes(known.program(name))).flatten();
        Some((named().or_else(script)?, name.to_owned()))
    })
}

fn fakes(program: Option<&Program>) -> Option<&Program> {
    program.filter(|program| program.purpose == Purpose::FakesInput)
}
