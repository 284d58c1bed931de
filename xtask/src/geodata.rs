//! Writes the server's tables of addresses and countries: `cargo xtask geodata`.
//!
//! Always: one source file in, one packed file out, and a line of `server/geodata/manifest.toml` that says what it
//! was made from (digest, build date, licence); a table whose source is not given stays as it is.

mod manifest;
mod pack;
mod ranges;
mod simplify;
mod world;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;

use crate::place;
use manifest::{Entry, Manifest};

/// Where the packed tables lie, from the root of the checkout.
const DIRECTORY: &str = "server/geodata";

#[derive(Args)]
pub(crate) struct Arguments {
    /// A country database (MMDB): country of the user of an address
    #[arg(long, value_name = "MMDB")]
    country: Option<PathBuf>,
    /// A network database (MMDB): which autonomous system announces an address
    #[arg(long, value_name = "MMDB")]
    asn: Option<PathBuf>,
    /// Shapes of countries (TopoJSON of the npm package world-atlas)
    #[arg(long, value_name = "JSON")]
    world: Option<PathBuf>,
    /// What the country and network databases are called in the manifest
    #[arg(long, default_value = "ip-location-db")]
    origin: String,
    /// Their licence
    #[arg(long, default_value = "PDDL-1.0")]
    licence: String,
    /// The year of the shapes' release
    #[arg(long, default_value = "2018")]
    world_built: String,
}

/// Packs what is given.
///
/// # Errors
/// Where a source cannot be read or holds nothing of what it is given for.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let directory = place::root().join(DIRECTORY);
    let mut manifest = Manifest::read(&directory)?;
    if let Some(path) = &arguments.country {
        let source = read(path)?;
        let table = ranges::country(&source).with_context(|| named(path))?;
        let packed = pack::ranges(&table)?;
        let entry = Entry {
            name: format!("{} user country", arguments.origin),
            built: table.built.clone(),
            licence: arguments.licence.clone(),
            ..Entry::of(&source, path, &packed)
        };
        write(&directory, "country.bin", &packed)?;
        report("country.bin", &table, packed.len());
        manifest.country = Some(entry);
    }
    if let Some(path) = &arguments.asn {
        let source = read(path)?;
        let table = ranges::network(&source).with_context(|| named(path))?;
        let packed = pack::ranges(&table)?;
        let entry = Entry {
            name: format!("{} origin network", arguments.origin),
            built: table.built.clone(),
            licence: arguments.licence.clone(),
            ..Entry::of(&source, path, &packed)
        };
        write(&directory, "network.bin", &packed)?;
        report("network.bin", &table, packed.len());
        manifest.network = Some(entry);
    }
    if let Some(path) = &arguments.world {
        let source = read(path)?;
        let packed = world::pack(&source).with_context(|| named(path))?;
        let entry = Entry {
            name: "Natural Earth 4.1, 1:50m".to_owned(),
            built: arguments.world_built.clone(),
            licence: "public domain".to_owned(),
            ..Entry::of(&source, path, &packed)
        };
        write(&directory, "world.bin", &packed)?;
        println!("world.bin: {} bytes", packed.len());
        manifest.world = Some(entry);
    }
    manifest.write(&directory)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| named(path))
}

fn named(path: &Path) -> String {
    format!("cannot use `{}`", path.display())
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = directory.join(name);
    fs::write(&path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
}

fn report(name: &str, table: &ranges::Table, bytes: usize) {
    println!(
        "{name}: {} + {} boundaries (IPv4 + IPv6), {} values, {} deeper than /64 rounded, {bytes} bytes",
        table.v4.len(),
        table.v6.len(),
        table.values().len(),
        table.rounded
    );
}
