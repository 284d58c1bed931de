//! The tables that are compiled in.
//!
//! Always: what they were made from stands in `server/geodata/manifest.toml`, whose digests a test compares; they are
//! unpacked once, at the first look-up.

use std::{net::IpAddr, sync::LazyLock};

use bearing_policies::place::EgressClass;
use bearing_protocol::payload::TableAge;
use serde::Deserialize;
use tracing::error;

use super::{
    classes::{Classes, REVIEWED},
    country::normalise,
    packed::Ranges,
};

/// The packed tables.
const COUNTRY: &[u8] = include_bytes!("../../geodata/country.bin");
const NETWORK: &[u8] = include_bytes!("../../geodata/network.bin");
/// What they were made from.
const MANIFEST: &str = include_str!("../../geodata/manifest.toml");
/// The registry table: countries to which registries delegated addresses.
const REGISTRY: &str = "registries' delegations (iptocc 1.4.175)";
/// The crate carries no date of its data. It is made from the registries' statistics of the day, so the data is as old as
/// that version of the crate, or older.
const REGISTRY_PUBLISHED: &str = "2026-11-01";

/// What a table was made from.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The day the source was built.
    pub built: String,
    /// The source's licence.
    pub licence: String,
    /// The source file.
    pub source: String,
    /// Its SHA-256.
    pub source_sha256: String,
    /// The packed table's SHA-256.
    pub packed_sha256: String,
    /// Its size.
    pub packed_bytes: usize,
}

/// What all tables were made from.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Manifest {
    /// Countries.
    pub country: Entry,
    /// Networks.
    pub network: Entry,
    /// Shapes of countries.
    pub world: Entry,
}

/// The tables.
#[derive(Debug, Default)]
pub struct Builtin {
    countries: Ranges<[u8; 2]>,
    networks: Ranges<u32>,
    classes: Classes,
    manifest: Manifest,
}

static BUILTIN: LazyLock<Builtin> = LazyLock::new(|| {
    Builtin::read().unwrap_or_else(|problem| {
        // A test of this crate reads them: a binary in which this fails was changed after it was built.
        error!("the built-in address tables are damaged, nothing is known of any address: {problem}");
        Builtin::default()
    })
});

/// The built-in tables.
pub fn builtin() -> &'static Builtin {
    &BUILTIN
}

impl Builtin {
    fn read() -> Result<Self, String> {
        let country = |code: u32| {
            let letters = [(code >> 8) as u8, code as u8];
            let known = std::str::from_utf8(&letters).ok().and_then(normalise);
            known.and_then(|known| <[u8; 2]>::try_from(known.as_bytes()).ok()).unwrap_or_default()
        };
        Ok(Self {
            countries: Ranges::read(COUNTRY, country).map_err(|error| error.to_string())?,
            networks: Ranges::read(NETWORK, |number| number).map_err(|error| error.to_string())?,
            classes: Classes::read().map_err(|error| error.to_string())?,
            manifest: toml::from_str(MANIFEST).map_err(|error| error.to_string())?,
        })
    }

    /// The country of an address' user.
    pub fn country(&self, address: IpAddr) -> Option<String> {
        let letters = self.countries.get(address);
        (letters != [0; 2]).then(|| String::from_utf8_lossy(&letters).into_owned())
    }

    /// The country to which a registry delegated an address.
    pub fn registry_country(&self, address: IpAddr) -> Option<String> {
        iptocc::country_code(address).and_then(normalise)
    }

    /// The network that announces an address.
    pub fn network(&self, address: IpAddr) -> Option<u32> {
        Some(self.networks.get(address)).filter(|network| *network != 0)
    }

    /// The kind of a network.
    pub fn class(&self, network: u32) -> EgressClass {
        self.classes.class(network)
    }

    /// The name of a network, where its kind is known.
    pub fn network_name(&self, network: u32) -> Option<&str> {
        self.classes.name(network)
    }

    /// What they were made from.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Their names and dates; whether the country table and the network table are in use is for the caller to say.
    pub(super) fn ages(&self) -> [TableAge; 4] {
        let age = |name: &str, built: &str| TableAge { name: name.to_owned(), built: built.to_owned() };
        [
            age(&self.manifest.country.name, &self.manifest.country.built),
            age(REGISTRY, REGISTRY_PUBLISHED),
            age(&self.manifest.network.name, &self.manifest.network.built),
            age("classes of networks", REVIEWED),
        ]
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_tables_are_those_of_the_manifest() {
        let manifest: Manifest = toml::from_str(MANIFEST).unwrap();
        let world: &[u8] = include_bytes!("../../geodata/world.bin");
        for (entry, packed) in
            [(&manifest.country, COUNTRY), (&manifest.network, NETWORK), (&manifest.world, world)]
        {
            assert_eq!(entry.packed_sha256, hex::encode(Sha256::digest(packed)), "{}", entry.name);
            assert_eq!(entry.packed_bytes, packed.len(), "{}", entry.name);
            assert_eq!(entry.source_sha256.len(), 64, "{}", entry.name);
            assert!(!entry.licence.is_empty() && !entry.built.is_empty(), "{}", entry.name);
        }
    }

    #[test]
    fn the_tables_are_whole() {
        let tables = Builtin::read().unwrap();
        let (v4, v6) = tables.countries.boundaries();
        assert!(v4 > 250_000 && v6 > 250_000, "{v4} {v6}");
        let (v4, v6) = tables.networks.boundaries();
        assert!(v4 > 400_000 && v6 > 150_000, "{v4} {v6}");
    }

    #[test]
    fn the_date_of_the_registry_table_is_that_of_the_version_in_use() {
        let lock = include_str!("../../../Cargo.lock");
        let at = lock.find("name = \"iptocc\"").unwrap();
        let version = lock[at..].lines().nth(1).unwrap().split('"').nth(1).unwrap();
        assert!(
            REGISTRY.contains(&format!(" {version})")),
            "iptocc is {version} now: set REGISTRY and REGISTRY_PUBLISHED to its version and day of publication"
        );
    }
}
