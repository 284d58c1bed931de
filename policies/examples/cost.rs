//! What compiling and matching cost: the catalogue as it is, and ten times as large, on the same facts.

use std::time::{Duration, Instant};

use bearing_policies::{Catalogue, Policy, evaluate};
use bearing_protocol::{
    Timestamp,
    fact::{Executable, Facts, Owner, Package, Process, Unit},
};

fn main() {
    let facts = facts();
    let policy = Policy::default();
    let compile = best(5, || {
        Catalogue::embedded();
    });
    println!("compiling the embedded catalogue: {compile:?}");
    let plain = Catalogue::embedded();
    let large = Catalogue::embedded_times(10);
    let measure = |catalogue: &Catalogue| {
        best(20, || {
            evaluate(&facts, catalogue, &policy, Timestamp::UNIX_EPOCH);
        })
    };
    let (one, ten) = (measure(&plain), measure(&large));
    println!("matching {} facts: {one:?}", facts.packages.len() + facts.processes.len() + facts.units.len());
    println!(
        "the same with a catalogue ten times as large: {ten:?}, ratio {:.2}",
        ten.as_secs_f64() / one.as_secs_f64()
    );
}

fn best(times: usize, mut work: impl FnMut()) -> Duration {
    (0..times)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn facts() -> Facts {
    let mut facts = Facts::default();
    facts.os.family = "linux".into();
    for number in 0..3_000 {
        facts.packages.push(Package { name: format!("lib-package{number}"), ..Package::default() });
    }
    for number in 0..1_000 {
        facts.processes.push(Process {
            pid: number,
            executable: Some(format!("/usr/bin/program{number}")),
            arguments: vec![format!("program{number}"), "--verbose".into()],
            ..Process::default()
        });
        facts.executables.push(Executable {
            path: format!("/usr/bin/program{number}"),
            pids: vec![number],
            owner: Owner::Package(format!("lib-package{number}")),
            ..Executable::default()
        });
        if number < 300 {
            facts.units.push(Unit {
                name: format!("unit{number}.service"),
                program: Some(format!("/usr/bin/program{number}")),
                ..Unit::default()
            });
        }
    }
    facts
}
