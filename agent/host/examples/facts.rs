//! Prints what one collection reads, as JSON: `cargo run -p bearing-host --example facts -- [--sysroot DIR]`.
//! `--watch SECONDS` collects, watches for so long, collects again and prints that.

use std::{error::Error, path::Path, sync::Arc, thread, time::Duration};

use bearing_host::{
    Collection, Root,
    clock::SystemClock,
    collect, collect_remembering,
    process_watch::{Timing, watch},
};
use bearing_protocol::plan::Plan;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Root::live(),
        ["--sysroot", directory] => Root::sysroot(Path::new(directory))?,
        ["--watch", seconds] => return watched(Duration::from_secs(seconds.parse()?)),
        _ => return Err("usage: facts [--sysroot DIR | --watch SECONDS]".into()),
    };
    let facts = collect(&root, &Collection::everything(Plan::default()), &SystemClock);
    println!("{}", serde_json::to_string_pretty(&facts)?);
    Ok(())
}

fn watched(duration: Duration) -> Result<(), Box<dyn Error>> {
    let memory = watch(Arc::new(SystemClock), Timing::default())?;
    let everything = Collection::everything(Plan::default());
    collect_remembering(&Root::live(), &everything, &memory, &SystemClock);
    thread::sleep(duration);
    let facts = collect_remembering(&Root::live(), &everything, &memory, &SystemClock);
    println!("{}", serde_json::to_string_pretty(&facts)?);
    Ok(())
}
