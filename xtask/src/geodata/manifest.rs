//! What the packed tables were made from: `server/geodata/manifest.toml`.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const FILE: &str = "manifest.toml";
const HEAD: &str = "# What the tables beside this file were made from. Written by `cargo xtask geodata`.\n\n";

/// The manifest.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) country: Option<Entry>,
    pub(super) network: Option<Entry>,
    pub(super) world: Option<Entry>,
}

/// One table.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) built: String,
    pub(super) licence: String,
    pub(super) source: String,
    pub(super) source_sha256: String,
    pub(super) packed_sha256: String,
    pub(super) packed_bytes: usize,
}

impl Entry {
    /// What the bytes themselves tell.
    pub(super) fn of(source: &[u8], path: &Path, packed: &[u8]) -> Self {
        Self {
            source: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            source_sha256: hex::encode(Sha256::digest(source)),
            packed_sha256: hex::encode(Sha256::digest(packed)),
            packed_bytes: packed.len(),
            ..Self::default()
        }
    }
}

impl Manifest {
    /// The one that is there; an empty one where there is none.
    pub(super) fn read(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        toml::from_str(&text).with_context(|| format!("`{}` is no manifest", path.display()))
    }

    pub(super) fn write(&self, directory: &Path) -> anyhow::Result<()> {
        let path = directory.join(FILE);
        let text = format!("{HEAD}{}", toml::to_string(self)?);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
    }
}
