//! What an evaluation's reading costs at the very least: the bare reads of exactly the paths it asked for.
//!
//! `replay record FILE` collects once and writes down every path; `replay replay FILE` touches each as
//! often as it stands there, with the system's own calls and nothing else. Of a file it reads at most
//! [`MAX_BYTES`]: less than the agent may, so that the comparison flatters nobody.

use std::{
    error::Error,
    fs::{self, File},
    io::{Read as _, Write as _},
    path::Path,
    sync::Arc,
};

use bearing_host::{
    Collection, Root,
    clock::SystemClock,
    collect,
    root::{Access, Journal},
};
use bearing_protocol::plan::Plan;

/// Bytes read of one file.
const MAX_BYTES: u64 = 1024 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["record", file] => record(Path::new(file)),
        ["replay", file] => replay(Path::new(file)),
        _ => Err("usage: replay record|replay FILE".into()),
    }
}

fn record(to: &Path) -> Result<(), Box<dyn Error>> {
    let journal = Arc::new(Journal::default());
    let root = Root::live().with_journal(Arc::clone(&journal));
    collect(&root, &Collection::everything(Plan::default()), &SystemClock);
    let mut file = File::create(to)?;
    for (access, path) in journal.entries() {
        let letter = match access {
            Access::File => 'f',
            Access::Directory => 'd',
            Access::Link => 'l',
            Access::Status => 's',
        };
        // A path with a line break cannot be written down on one line; there are none on ordinary machines.
        if let Some(path) = path.to_str().filter(|path| !path.contains('\n')) {
            writeln!(file, "{letter} {path}")?;
        }
    }
    Ok(())
}

fn replay(from: &Path) -> Result<(), Box<dyn Error>> {
    let mut buffer = Vec::new();
    for line in fs::read_to_string(from)?.lines() {
        let Some((access, path)) = line.split_once(' ') else { continue };
        // What has gone since, or may not be read, costs its failed call here as it does there.
        match access {
            "f" => {
                buffer.clear();
                if let Ok(file) = File::open(path) {
                    let _ = file.take(MAX_BYTES).read_to_end(&mut buffer);
                }
            }
            "d" => drop(fs::read_dir(path).map(Iterator::count)),
            "l" => drop(fs::read_link(path)),
            _ => drop(fs::symlink_metadata(path)),
        }
    }
    Ok(())
}
