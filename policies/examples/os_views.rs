//! Evaluates recorded facts as each operating system would show them, one JSON answer for one JSON question.
//! `cargo run -p bearing-policies --example os_views -- QUESTIONS.json`

use std::{collections::BTreeSet, process::ExitCode};

use bearing_policies::{
    catalogue::kvm::KvmCatalogue,
    detect::kvm::evaluate_kvm,
    measure::os_view::{OsView, as_seen, only, only_displays},
};
use bearing_protocol::{
    fact::{Facts, MachineKind},
    severity::Severity,
};
use serde::{Deserialize, Serialize};

/// A machine and the devices of it that are asked for.
#[derive(Deserialize)]
struct Question {
    facts: Facts,
    devices: Vec<Device>,
}

#[derive(Deserialize)]
struct Device {
    name: String,
    /// The kernel's name for its place; empty for the displays.
    place: String,
    /// Judge it as if it hung on a laptop, which the machine of the rig is not.
    on_laptop: bool,
}

#[derive(Serialize)]
struct Answer {
    name: String,
    /// `None`: as the machine itself saw it.
    view: Option<OsView>,
    /// `None` where nothing is found.
    severity: Option<&'static str>,
    rules: BTreeSet<String>,
    title: Option<String>,
}

fn main() -> ExitCode {
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn answer() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: os_views QUESTIONS.json")?;
    let questions: Vec<Question> = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let catalogue = KvmCatalogue::shared();
    let mut answers = Vec::new();
    for question in questions {
        for device in &question.devices {
            let mut part = if device.place.is_empty() {
                only_displays(&question.facts)
            } else {
                only(&question.facts, &device.place)
            };
            answers.push(judge(&device.name, None, &part, catalogue));
            if device.on_laptop {
                part.machine.kind = MachineKind::Laptop;
                part.machine.hypervisor = None;
            }
            for view in OsView::ALL {
                answers.push(judge(&device.name, Some(view), &as_seen(&part, view), catalogue));
            }
        }
    }
    println!("{}", serde_json::to_string(&answers)?);
    Ok(())
}

fn judge(name: &str, view: Option<OsView>, facts: &Facts, catalogue: &KvmCatalogue) -> Answer {
    let found = evaluate_kvm(facts, catalogue).findings;
    let worst = found.first();
    let rules = found.iter().flat_map(|draft| {
        let own = draft.evidence.iter().filter_map(|evidence| evidence.rule.map(|rule| rule.to_string()));
        own.chain([draft.rule.to_string()])
    });
    Answer {
        name: name.to_owned(),
        view,
        severity: worst.and_then(|draft| draft.severity).map(Severity::as_str),
        rules: rules.collect(),
        title: worst.map(|draft| draft.title.clone()),
    }
}
