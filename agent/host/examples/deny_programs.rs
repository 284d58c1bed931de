//! Tries to start a program before and after the process gave that up: `cargo run -p bearing-host --example deny_programs`.

#![allow(clippy::disallowed_methods, reason = "trying is what this example is for")]

use std::process::{Command, ExitCode};

use bearing_host::sandbox::confine_service;

fn main() -> ExitCode {
    let program = if cfg!(windows) { "C:\\windows\\system32\\hostname.exe" } else { "/bin/true" };
    let before = Command::new(program).output();
    let confinement = confine_service();
    let after = Command::new(program).output();
    println!("before: {}", if before.is_ok() { "started" } else { "refused" });
    println!("{}", confinement.describe());
    match after {
        Ok(_) => println!("after: started"),
        Err(error) => println!("after: refused ({error})"),
    }
    ExitCode::SUCCESS
}
