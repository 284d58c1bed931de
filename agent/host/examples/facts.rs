//! Prints what one collection reads, as JSON: `cargo run -p bearing-host --example facts -- [--sysroot DIR]`.

use std::{error::Error, path::Path};

use bearing_host::{Collection, Root, clock::SystemClock, collect};
use bearing_protocol::plan::Plan;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Root::live(),
        ["--sysroot", directory] => Root::sysroot(Path::new(directory))?,
        _ => return Err("usage: facts [--sysroot DIR]".into()),
    };
    let facts = collect(&root, &Collection::everything(Plan::default()), &SystemClock);
    println!("{}", serde_json::to_string_pretty(&facts)?);
    Ok(())
}
