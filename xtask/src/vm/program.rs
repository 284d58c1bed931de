//! An IP-KVM's own set-up program, run in the machine, and the agent beside it.
//!
//! The program is the caller's: none is kept here, since they belong to their makers. It runs unchanged with the shell
//! it asks for; what it needs of a board that is not there (`/proc/cviusb`, a chip's id) fails as it would elsewhere.

use super::plan::Step;
use super::{detect, guest, image_with, kernel, qemu};
use anyhow::Context;
use std::path::{Path, PathBuf};

const AT: &str = "rig/program";
/// What set-up programs call; busybox plays all of them.
const TOOLS: [&str; 24] = [
    "sh",
    "cat",
    "chmod",
    "cp",
    "cut",
    "echo",
    "env",
    "find",
    "grep",
    "head",
    "hostname",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "printf",
    "rm",
    "rmdir",
    "sed",
    "sha512sum",
    "sleep",
    "tr",
    "touch",
    "dirname",
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Start here; everything below its directory comes along
    #[arg(value_name = "FILE")]
    program: PathBuf,
    /// What it is started with
    arguments: Vec<String>,
    /// Empty files that are there when it starts (switches on its boot partition)
    #[arg(long = "touch", value_name = "PATH")]
    touched: Vec<String>,
    /// Files with a text that are there when it starts, as PATH=TEXT
    #[arg(long = "file", value_name = "PATH=TEXT")]
    files: Vec<String>,
    /// Take this finished agent
    #[arg(long, value_name = "FILE")]
    agent: PathBuf,
}

/// Boots, runs the program, and prints what the agent says.
///
/// # Errors
/// When the machine does not boot or no device appears.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let program = arguments.program.canonicalize().context("no such program")?;
    let directory = program.parent().context("a program without a directory")?;
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    below(directory, directory, &mut files)?;
    let name = program.file_name().and_then(|name| name.to_str()).context("a program without a name")?;
    let mut start = vec![format!("/{AT}/{name}")];
    start.extend(arguments.arguments.iter().cloned());
    let run = |name: &str, argv: Vec<String>| Step::Run { name: name.to_owned(), argv };
    let shell = |name: &str, script: &str| run(name, ["/bin/sh", "-c", script].map(str::to_owned).to_vec());
    let agent = |name: &str, words: &[&str]| {
        run(name, std::iter::once(&detect::AGENT).chain(words).map(|word| (*word).to_owned()).collect())
    };
    let steps = vec![
        shell("controller", &format!("insmod /{}/dummy_hcd.ko", guest::MODULES)),
        run("program", start),
        // A driver has every HID interface when each has its raw node.
        shell(
            "bound",
            "n=0; until ls -d /sys/bus/usb/devices/*:1.0/0003:*/hidraw || [ $n = 300 ]; do n=$((n+1)); usleep 100000; done",
        ),
        agent("tree", &["explain", "usb"]),
        agent("evaluate", &["evaluate", "--family", "kvm", "--format", "json"]),
    ];
    let kernel = kernel::fetch()?;
    let image = image_with(
        &kernel,
        steps,
        &[(arguments.agent.as_path(), detect::AGENT), (Path::new("/bin/bash"), "/bin/bash")],
        |image| {
            for tool in TOOLS.into_iter().chain(["insmod", "usleep"]) {
                image.link(&format!("bin/{tool}"), "busybox");
            }
            image.file("bin/modprobe", 0o755, b"#!/bin/sh\nexit 0\n");
            image.file("etc/profile", 0o644, b"");
            for (from, path) in &files {
                image.copy(from, &format!("{AT}/{path}"), 0o755)?;
            }
            for path in &arguments.touched {
                image.file(path.trim_start_matches('/'), 0o644, b"");
            }
            for file in &arguments.files {
                let (path, text) = file.split_once('=').context("--file wants PATH=TEXT")?;
                image.file(path.trim_start_matches('/'), 0o644, format!("{text}\n").as_bytes());
            }
            Ok(())
        },
    )?;
    let outputs = qemu::boot(&kernel.image, &image, &qemu::Hardware::default(), &mut |_, _, _| Ok(()))?;
    for step in ["program", "tree"] {
        let ran = outputs.get(step).with_context(|| format!("`{step}` did not run"))?;
        println!("--- {step} (exit {:?})", ran.code);
        print!("{}{}", String::from_utf8_lossy(&ran.stdout), ran.stderr);
    }
    println!("--- findings");
    for finding in detect::report(&outputs, "evaluate")?.findings {
        let verdict = detect::verdict(std::slice::from_ref(&finding));
        let rules: Vec<String> = verdict.rules.into_iter().collect();
        println!("{} ({}) {}: {}", finding.severity, rules.join(" "), finding.subject, finding.title);
    }
    Ok(())
}

fn below(root: &Path, directory: &Path, files: &mut Vec<(PathBuf, String)>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            below(root, &path, files)?;
        } else if let Some(name) = path.strip_prefix(root)?.to_str() {
            files.push((path.clone(), name.to_owned()));
        }
    }
    Ok(())
}
