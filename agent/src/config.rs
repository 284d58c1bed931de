//! The agent's configuration file, `/etc/bearing/agent.toml`. It may be missing: the defaults suffice.
//!
//! Always: an unknown setting is an error; nothing here decides what is collected, that is signed policy.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{spool::SpoolLimits, state::TlsTrust};

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// Whose certificates count once the machine is enrolled: `pinned-ca` or `os-store`.
    pub tls: TlsTrust,
    /// Most MiB that wait to be sent.
    pub spool_mib: Option<u64>,
}

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ConfigError {
    #[error("cannot read configuration `{}`", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("configuration `{}` is larger than {MAX_CONFIG_BYTES} bytes", .path.display())]
    TooLarge { path: PathBuf },
    #[error("configuration `{}`", .path.display())]
    Syntax { path: PathBuf, source: toml::de::Error },
    #[error("configuration `{}`: `spool-mib` is 1 to {MAX_SPOOL_MIB}", .path.display())]
    Spool { path: PathBuf },
}

impl Config {
    /// Reads the file; the defaults where there is none.
    ///
    /// # Errors
    /// What is wrong with it, with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let fail = |source| ConfigError::Read { path: path.to_path_buf(), source };
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(fail(error)),
            Ok(found) if found.len() > MAX_CONFIG_BYTES => {
                return Err(ConfigError::TooLarge { path: path.to_path_buf() });
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(path).map_err(fail)?;
        let config: Self = toml::from_str(&text)
            .map_err(|source| ConfigError::Syntax { path: path.to_path_buf(), source })?;
        if config.spool_mib.is_some_and(|mib| !(1..=MAX_SPOOL_MIB).contains(&mib)) {
            return Err(ConfigError::Spool { path: path.to_path_buf() });
        }
        Ok(config)
    }

    /// The spool's limits.
    pub fn spool_limits(&self) -> SpoolLimits {
        let plain = SpoolLimits::default();
        SpoolLimits { bytes: self.spool_mib.map_or(plain.bytes, |mib| mib * 1024 * 1024), ..plain }
    }
}

const MAX_CONFIG_BYTES: u64 = 64 * 1024;
const MAX_SPOOL_MIB: u64 = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_means_defaults_and_a_typo_is_an_error_with_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("agent.toml");
        assert_eq!(Config::load(&path).unwrap(), Config::default());
        fs::write(&path, "tls = \"os-store\"\nspool-mib = 8\n").unwrap();
        let config = Config::load(&path).unwrap();
        assert_eq!((config.tls, config.spool_limits().bytes), (TlsTrust::OsStore, 8 << 20));
        fs::write(&path, "tls = \"os-store\"\nspoool-mib = 8\n").unwrap();
        let ConfigError::Syntax { source, .. } = Config::load(&path).unwrap_err() else { panic!() };
        assert!(source.to_string().contains("line 2"), "{source}");
        fs::write(&path, "spool-mib = 0\n").unwrap();
        assert!(matches!(Config::load(&path), Err(ConfigError::Spool { .. })));
    }
}
