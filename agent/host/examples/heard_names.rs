//! Listens for names announced on the local network and prints what was heard: a look at the source by hand.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program for people")]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bearing_host::{Collection, Memory, Root, clock::SystemClock, collect_remembering, heard_names};
use bearing_protocol::{coverage::Source, plan::Plan};

fn main() -> std::io::Result<()> {
    let clock = Arc::new(SystemClock);
    let mut memory = Memory::default();
    heard_names::listen(&mut memory, clock.clone())?;
    let collection = Collection { sources: BTreeSet::from([Source::HeardNames]), plan: Plan::default() };
    for _ in 0..SECONDS {
        let facts = collect_remembering(&Root::live(), &collection, &memory, &*clock);
        for line in facts.coverage.iter().filter(|line| line.source == Source::HeardNames) {
            println!("{} {}: {:?}", line.status, line.detail, facts.network.heard);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

const SECONDS: u32 = 5;
