//! Writes the fleet's sysroots below a directory, to be evaluated by hand.

use std::path::PathBuf;

use anyhow::Result;
use bearing_tests::fleet::stories::STORIES;
use clap::Parser;

#[derive(Parser)]
#[command(about = "Writes the sysroots of the simulated fleet")]
struct Arguments {
    /// Where to write them.
    directory: PathBuf,
    /// Sysroots captured from real gadgets.
    #[arg(long, default_value = "captures")]
    captures: PathBuf,
    /// Boot time of the made-up machines, Unix seconds.
    #[arg(long, default_value_t = 1_764_000_000)]
    boot_seconds: i64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    for story in STORIES {
        let directory = arguments.directory.join(story.hostname);
        story.build(&directory, &arguments.captures, arguments.boot_seconds)?;
        println!("{} {:?}", directory.display(), story.plot);
    }
    Ok(())
}
