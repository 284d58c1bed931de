//! The Windows agent from this machine: built by mingw, packed by wixl, run by Wine.
//!
//! Always: the program that runs is the program that was built; what Wine lacks of Windows (`bcryptprimitives.dll`) is
//! made here and lies beside it in the test alone.

mod build;
mod msi;
mod prefix;
mod scenario;

use clap::Subcommand;

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
    Test,
}

/// # Errors
/// Names the step that failed.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    crate::tools::debian(&PACKAGES)?;
    match arguments.task {
        Task::Build => println!("{}", build::agent(build::SHIPPED)?.display()),
        Task::Msi => println!("{}", msi::signed(&build::agent(build::SHIPPED)?)?.display()),
        Task::Test => scenario::run()?,
    }
    Ok(())
}
