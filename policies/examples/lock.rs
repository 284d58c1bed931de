//! Writes `rules.lock` anew, and refuses where a rule changed without a higher version.

use std::{fs, path::Path, process::ExitCode};

use bearing_policies::check::DataFiles;

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock = match DataFiles::read(here) {
        Ok(files) => files.new_lock(),
        Err(error) => {
            eprintln!("cannot read {}: {error}", here.display());
            return ExitCode::FAILURE;
        }
    };
    match lock {
        Ok(lock) => match fs::write(here.join("rules.lock"), lock) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("cannot write rules.lock: {error}");
                ExitCode::FAILURE
            }
        },
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            ExitCode::FAILURE
        }
    }
}
