//! One command that installs what the tests need and runs them all.

use crate::{ci, fuzz, package, place, real_tools, run, steps::Steps, tools, vm, windows};
use std::process::Command;

/// What the tests need of Debian; what is there is left alone.
const PACKAGES: [&str; 10] = [
    "build-essential",
    "curl",
    "qemu-system-x86",
    "busybox-static",
    "kmod",
    "qemu-utils",
    "mmdebstrap",
    "e2fsprogs",
    "chromium",
    "chromium-driver",
];

/// The devices that are plugged in here: those without a network card. The kernel (6.1) leaves a controller's directory broken once a
/// second gadget brings a network card to it, and the boot with all of them then ends; `cargo xtask vm gadget` tries all.
const GADGETS: [&str; 14] = [
    "pikvm",
    "jetkvm",
    "tinypilot",
    "dell",
    "logitech",
    "hp-dongle",
    "deskhop",
    "flipmouse",
    "fabi",
    "lipsync",
    "ch9329",
    "barcode",
    "holtek",
    "apple",
];

/// How long each parser is fuzzed here; `cargo xtask fuzz` takes its time.
const FUZZ_SECONDS: u32 = 5;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Leave out what needs the virtual machine
    #[arg(long)]
    no_vm: bool,
    /// Leave out the checks that `cargo xtask ci` runs
    #[arg(long)]
    no_checks: bool,
}

/// Installs, checks and tests; the last line says how many passed and failed.
///
/// # Errors
/// When anything failed.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    steps.run("what the tests need", || tools::debian(&PACKAGES));
    if !arguments.no_checks {
        ci::check(&mut steps);
    }
    steps.count("tests", || counted(&mut workspace_tests()));
    steps.count("examples in documentation", || {
        counted(ci::cargo().args(["test", "--workspace", "--doc", "--locked", "--no-fail-fast"]))
    });
    steps.count("fuzzing", || fuzz::every(FUZZ_SECONDS, &[]));
    steps.run("real tools", || real_tools::main(&real_tools::Arguments::default()));
    steps.run("packages", || package::test(&vm::packages::stripped_binaries(None)?));
    windows::step(&mut steps, &place::target().join("debug/bearing-server"));
    if !arguments.no_vm {
        steps.run("gadgets in the machine", || vm::detect::main(&vm::detect::Arguments::only(&GADGETS)));
        steps.run("packages in the machine", || vm::packages::main(None));
    }
    steps.finish()
}

fn workspace_tests() -> Command {
    let mut command = ci::cargo();
    if run::is_installed("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--color", "never"]);
    } else {
        command.args(["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]);
    }
    command
}

/// Runs tests and reads their counts; a run that fails without a failed test counts as one.
fn counted(command: &mut Command) -> anyhow::Result<(u64, u64)> {
    let (succeeded, text) = run::tee(command)?;
    let (passed, failed) = counts(&text);
    Ok((passed, if succeeded { failed } else { failed.max(1) }))
}

/// The sum of all closing lines of cargo's own runner and of nextest.
fn counts(text: &str) -> (u64, u64) {
    let mut sum = (0, 0);
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("test result:") || line.starts_with("Summary ["))
    {
        let words: Vec<&str> = line.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
        let before = |what: &str| {
            words
                .windows(2)
                .filter(|pair| pair[1] == what)
                .filter_map(|pair| pair[0].parse::<u64>().ok())
                .sum::<u64>()
        };
        sum.0 += before("passed");
        sum.1 += before("failed") + before("exec_failed");
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_both_runners_are_read() {
        let cargo = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured\ntest result: FAILED. 3 passed; 2 failed; 0 ignored\n";
        assert_eq!(counts(cargo), (15, 2));
        let nextest = "     Summary [   0.123s] 7 tests run: 6 passed (1 slow), 1 failed, 2 skipped\n";
        assert_eq!(counts(nextest), (6, 1));
    }

    #[test]
    fn what_tests_print_is_not_counted() {
        assert_eq!(counts("expected 5 passed, 0 failed\n"), (0, 0));
    }
}
