//! `[geo]` of the configuration: what an administrator plugs in.

use std::path::PathBuf;

use bearing_policies::place::EgressClass;
use serde::Deserialize;

use super::{database::Role, list::ListFormat};

/// `[geo]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GeoConfig {
    /// How often files are looked at for changes, in seconds.
    pub reload_seconds: u32,
    /// Databases (MMDB).
    pub databases: Vec<DatabaseConfig>,
    /// Lists.
    pub lists: Vec<ListConfig>,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// The file. Replace it by renaming a finished one over it.
    pub path: PathBuf,
    /// What it is asked for.
    pub role: Role,
    /// Which of several is asked first: the highest.
    #[serde(default)]
    pub priority: i32,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListConfig {
    /// The file. Replace it by renaming a finished one over it.
    pub path: PathBuf,
    /// What is in it.
    pub class: EgressClass,
    /// How it is written.
    #[serde(default)]
    pub format: ListFormat,
    /// Whether good rows are kept where others are none.
    #[serde(default)]
    pub keep_good_rows: bool,
}

impl Default for GeoConfig {
    fn default() -> Self {
        Self { reload_seconds: 30, databases: Vec::new(), lists: Vec::new() }
    }
}

impl GeoConfig {
    /// What no single field can tell.
    ///
    /// # Errors
    /// What does not make sense.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.reload_seconds == 0 {
            return Err("`geo.reload_seconds` of 0 would look at files all the time");
        }
        if self.lists.iter().any(|list| list.class == EgressClass::Unknown) {
            return Err("a list of class `unknown` says nothing");
        }
        Ok(())
    }
}
