//! What builds, checks, demonstrates and measures the project: `cargo xtask`.
//!
//! Always: a step that fails ends the command with its name and a non-zero exit; what a command
//! installs or skips is printed. Nothing here is part of the product.
//! Inside the test machine the same program is the first process, see [`vm::guest`].

#![allow(clippy::disallowed_methods, reason = "starting other programs is what this tool is for")]

mod bench;
mod catalogue;
mod ci;
mod demo;
mod deps;
mod fuzz;
mod gen_files;
mod geodata;
mod licences;
mod metadata;
mod package;
mod place;
mod real_tools;
mod release;
mod repository;
mod run;
mod sbom;
mod steps;
mod test;
mod tools;
mod unused;
mod vm;
mod windows;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, checks, demonstrates and measures Bearing")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Show the product at work on this machine, from a clean checkout
    Demo(demo::Arguments),
    /// Measure agent and server, write docs/benchmarks.md
    Bench(bench::Arguments),
    /// Write anew what is generated and committed
    Gen,
    /// Write tools of the catalogue from collections of facts, once
    Catalogue(catalogue::Arguments),
    /// Pack the server's tables of addresses and countries from their sources
    Geodata(geodata::Arguments),
    /// Everything that can be checked without running: format, lints, docs, edges, licences, spelling
    Ci,
    /// Install what the tests need and run them all
    Test(test::Arguments),
    /// Check the edges between the crates
    Deps,
    /// Fuzz every parser for a while, from a kept corpus
    Fuzz(fuzz::Arguments),
    /// Packages of agent and server (deb, rpm, Arch, apk), their repositories, parts lists and digests
    Package(package::Arguments),
    /// The list of a release's binaries, to be signed offline
    Release(release::Arguments),
    /// Real remote-access tools, installed and started for the agent to look at
    RealTools(real_tools::Arguments),
    /// The virtual machine with real USB gadgets
    Vm(vm::Arguments),
    /// The Windows agent: built, packed as an MSI, run under Wine
    Windows(windows::Arguments),
}

fn main() -> anyhow::Result<()> {
    if vm::guest::is_first_process() {
        vm::guest::main();
    }
    match Arguments::parse().task {
        Task::Demo(arguments) => demo::main(&arguments),
        Task::Bench(arguments) => bench::main(&arguments),
        Task::Gen => gen_files::main(),
        Task::Catalogue(arguments) => catalogue::main(&arguments),
        Task::Geodata(arguments) => geodata::main(&arguments),
        Task::Ci => ci::main(),
        Task::Test(arguments) => test::main(&arguments),
        Task::Deps => deps::check(&metadata::read()?),
        Task::Fuzz(arguments) => fuzz::main(&arguments),
        Task::Package(arguments) => package::main(&arguments),
        Task::Release(arguments) => release::main(&arguments),
        Task::RealTools(arguments) => real_tools::main(&arguments),
        Task::Vm(arguments) => vm::main(&arguments),
        Task::Windows(arguments) => windows::main(&arguments),
    }
}
