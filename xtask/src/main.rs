//! What builds, checks, demonstrates and measures the project: `cargo xtask`.
//!
//! Always: a step that fails ends the command with its name and a non-zero exit; what a command
//! installs or skips is printed. Nothing here is part of the product.
//! Inside the test machine the same program is the first process, see [`vm::guest`].

#![allow(clippy::disallowed_methods, reason = "starting other programs is what this tool is for")]

mod place;
mod run;
mod vm;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, checks, demonstrates and measures Bearing")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// The virtual machine with real USB gadgets
    Vm(vm::Arguments),
}

fn main() -> anyhow::Result<()> {
    if vm::guest::is_first_process() {
        vm::guest::main();
    }
    match Arguments::parse().task {
        Task::Vm(arguments) => vm::main(&arguments),
    }
}
