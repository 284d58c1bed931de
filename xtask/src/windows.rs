//! The Windows agent from this machine: built by mingw, packed by wixl, run by Wine.
//!
//! Always: the program that runs is the program that was built; what Wine lacks of Windows (`bcryptprimitives.dll`) is
//! made here and lies beside it in the test alone.

mod build;
mod msi;
mod prefix;
mod scenario;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use build::Library;
use clap::Subcommand;

use crate::steps::Steps;

/// What the build, the package and the test need of Debian.
const PACKAGES: [&str; 6] = ["gcc-mingw-w64-x86-64", "wine", "wine64", "wixl", "msitools", "osslsigncode"];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build bearing-agent.exe, small
    Build,
    /// Build, pack and sign the MSI with a certificate made for the test
    Msi,
    /// Run the real program and the real MSI under Wine, against a real server
    Test {
        /// A server that is built already; without it one is built
        #[arg(long, value_name = "FILE")]
        server: Option<PathBuf>,
    },
}

/// # Errors
/// Names the step that failed.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    crate::tools::debian(&PACKAGES)?;
    let library = Library::find()?.with_context(|| NO_LIBRARY)?;
    match &arguments.task {
        Task::Build => println!("{}", library.agent(build::SHIPPED)?.display()),
        Task::Msi => println!("{}", msi::signed(&library.agent(build::SHIPPED)?)?.display()),
        Task::Test { server: Some(server) } => scenario::run(library, server)?,
        Task::Test { server: None } => scenario::run(library, &scenario::server()?)?,
    }
    Ok(())
}

/// The test as a step of all tests, against a server that is built already.
pub(crate) fn step(steps: &mut Steps, server: &Path) {
    match Library::find() {
        Ok(None) => steps.not_checked(STEP, NO_LIBRARY),
        Ok(Some(library)) => steps.run(STEP, || {
            crate::tools::debian(&PACKAGES)?;
            println!("built by {library}");
            scenario::run(library, server)
        }),
        Err(error) => steps.run(STEP, || Err(error)),
    }
}

const STEP: &str = "Windows under Wine";
const NO_LIBRARY: &str =
    "no standard library for x86_64-pc-windows-gnu: neither rustup nor Debian has it here";
