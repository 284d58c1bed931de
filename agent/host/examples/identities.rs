//! Measures the identity pass on a machine that is built for it: 1,000 processes, 3,000 packages, 300 units, the
//! marks of 400 tools: `cargo run --release -p bearing-host --example identities`.
//!
//! What no package owns is 20 programs of 4 MiB, half of them compressible noise, half with strings; the other 300
//! programs are a distribution's.

use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use bearing_host::{Collection, Memory, Root, clock::SystemClock, collect_remembering};
use bearing_protocol::{
    coverage::Source,
    plan::{Marker, Plan},
};

const PROCESSES: u32 = 1_000;
const PACKAGES: u32 = 3_000;
const UNITS: u32 = 300;
const TOOLS: u32 = 400;
const PACKAGED_PROGRAMS: u32 = 300;
const PORTABLE_PROGRAMS: u32 = 20;
const PROGRAM_BYTES: usize = 4 * 1024 * 1024;
const FILES_PER_PACKAGE: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    build(directory.path())?;
    let root = Root::sysroot(directory.path())?;
    let before: BTreeSet<Source> =
        [Source::Os, Source::Boot, Source::Users, Source::Processes, Source::Units, Source::Autostart].into();
    let with: BTreeSet<Source> = before.iter().copied().chain([Source::Executables]).collect();
    let run = |sources: &BTreeSet<Source>, memory: &Memory| {
        let collection = Collection { sources: sources.clone(), plan: plan() };
        let begun = Instant::now();
        let facts = collect_remembering(&root, &collection, memory, &SystemClock);
        let taken = begun.elapsed();
        let line = facts.coverage.iter().find(|line| line.source == Source::Executables);
        (taken, line.map(|line| line.detail.clone()).unwrap_or_default())
    };
    let baseline = least(|| run(&before, &Memory::default()).0);
    let cold = least(|| run(&with, &Memory::default()).0);
    let memory = Memory::default();
    let (_, detail) = run(&with, &memory);
    let cached = least(|| run(&with, &memory).0);
    println!("{detail}");
    println!("what stands before it: {baseline:?}");
    println!("identity pass, cold:   {:?}", cold.saturating_sub(baseline));
    println!("identity pass, cached: {:?}", cached.saturating_sub(baseline));
    Ok(())
}

/// The least of some runs: what the machine does besides only adds.
fn least(run: impl Fn() -> Duration) -> Duration {
    (0..7).map(|_| run()).min().unwrap_or_default()
}

fn plan() -> Plan {
    let marker = |number: u32, text: String| Marker { product: format!("tool-{number}"), text };
    let markers = (0..TOOLS).flat_map(|number| {
        [
            marker(number, format!("com.example.tool{number}.host")),
            marker(number, format!("relay{number}.example.com")),
            marker(number, format!("Tool{number}Service")),
        ]
    });
    Plan { markers: markers.collect(), packages: vec!["package-7".to_owned()], ..Plan::default() }
}

fn build(root: &Path) -> Result<(), Box<dyn Error>> {
    let write = |path: &str, bytes: &[u8]| -> Result<(), Box<dyn Error>> {
        let place = root.join(path);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(fs::write(place, bytes)?)
    };
    for number in 0..PACKAGES {
        let mut list: String = (0..FILES_PER_PACKAGE)
            .map(|file| format!("/usr/share/package-{number}/some/file-{file}.txt\n"))
            .collect();
        if number < PACKAGED_PROGRAMS {
            list.push_str(&format!("/usr/bin/program-{number}\n"));
            write(&format!("usr/bin/program-{number}"), b"\x7fELF")?;
        }
        write(&format!("var/lib/dpkg/info/package-{number}.list"), list.as_bytes())?;
    }
    write("var/lib/dpkg/status", b"Package: a\n")?;
    let own = fs::read(std::env::current_exe()?)?;
    for number in 0..PORTABLE_PROGRAMS {
        let mut program: Vec<u8> = own.iter().copied().cycle().take(PROGRAM_BYTES).collect();
        program.extend(number.to_le_bytes());
        write(&format!("opt/portable/program-{number}"), &program)?;
    }
    for number in 0..PROCESSES {
        let pid = number + 1;
        let path = match number % 50 {
            0 => format!("/opt/portable/program-{}", (number / 50) % PORTABLE_PROGRAMS),
            _ => format!("/usr/bin/program-{}", number % PACKAGED_PROGRAMS),
        };
        let stat = format!("{pid} (program) S 1 {pid} {pid} 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 {pid} 0 0");
        write(&format!("proc/{pid}/stat"), stat.as_bytes())?;
        write(&format!("proc/{pid}/cmdline"), path.as_bytes())?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(&path, root.join(format!("proc/{pid}/exe")))?;
    }
    for number in 0..UNITS {
        let unit = format!("[Service]\nExecStart=/usr/bin/program-{}\n", number % PACKAGED_PROGRAMS);
        write(&format!("usr/lib/systemd/system/unit-{number}.service"), unit.as_bytes())?;
    }
    Ok(())
}
