//! Command lines of arbitrary processes through every software rule: SSH arguments, disguises, subcommands.
#![no_main]

use std::sync::OnceLock;

use bearing_policies::{Catalogue, Policy, evaluate};
use bearing_protocol::{
    Timestamp,
    coverage::{Coverage, Source, Status},
    fact::{Facts, Process},
};

static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut facts = Facts::default();
    for (at, line) in text.lines().take(8).enumerate() {
        let arguments: Vec<String> = line.split('\u{1}').map(str::to_owned).collect();
        let Some(first) = arguments.first().cloned() else { continue };
        facts.processes.push(Process {
            pid: u32::try_from(at + 2).unwrap_or(2),
            name: first.rsplit('/').next().unwrap_or_default().to_owned(),
            executable: Some(format!("/usr/bin/{}", first.rsplit('/').next().unwrap_or_default())),
            arguments,
            ..Process::default()
        });
    }
    facts.coverage.push(Coverage { source: Source::Processes, status: Status::Ok, detail: String::new() });
    let catalogue = CATALOGUE.get_or_init(Catalogue::embedded);
    let _ = evaluate(&facts, catalogue, &Policy::default(), Timestamp::UNIX_EPOCH);
});
