//! The server's configuration: a TOML file whose every field has a default.
//!
//! Always: an unknown field is an error with its line; secrets stand in files of their own.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use serde::Deserialize;

use crate::{
    files::{FileError, read_text},
    geo::GeoConfig,
};

/// The commented reference, printed by `config schema`.
pub const REFERENCE: &str = include_str!("config.toml");
/// The configuration's name in a data directory.
pub const CONFIG_FILE: &str = "bearing.toml";

/// The configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where keys and the store lie.
    pub data_dir: PathBuf,
    /// Address of agents and people, TLS.
    pub listen: SocketAddr,
    /// Whether simulated devices are allowed.
    pub demo: bool,
    /// Second address, for simulated devices alone; needs `demo`.
    pub simulation_listen: Option<SocketAddr>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// A certificate of the organisation's own, instead of one by the server's CA.
    pub tls: Option<TlsFiles>,
    /// Limits.
    pub limits: Limits,
    /// When silence becomes a finding.
    pub silence: Silence,
    /// Who may read `/metrics`.
    pub metrics: Metrics,
    /// Address databases and lists that are plugged in.
    pub geo: GeoConfig,
}

/// Certificate chain and key, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The chain.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections.
    pub connections: usize,
    /// Requests of one source address in flight or failed; a message whose signature holds is given back.
    pub source_burst: u32,
    /// How many of those are given back each second.
    pub source_per_second: u32,
    /// Messages of one device at once.
    pub device_burst: u32,
    /// Messages of one device each second.
    pub device_per_second: u32,
    /// Largest size of the store in bytes; at the limit nothing more is taken, as on a full disk.
    pub store_bytes: Option<u64>,
}

/// When silence becomes a finding (AT-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Silence {
    /// Minutes after the promised message.
    pub grace_minutes: u32,
    /// The same for a device whose last message was a last word (it was shut down).
    pub stopped_grace_minutes: u32,
}

/// Who may read `/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// A listener of its own, plain HTTP, meant for loopback.
    pub listen: Option<SocketAddr>,
    /// A file with a bearer token: then `/metrics` answers on the main listener to who knows it.
    pub token_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("/var/lib/bearing-server"),
            listen: SocketAddr::from(([0, 0, 0, 0], 8443)),
            demo: false,
            simulation_listen: None,
            trusted_proxies: Vec::new(),
            tls: None,
            limits: Limits::default(),
            silence: Silence::default(),
            metrics: Metrics::default(),
            geo: GeoConfig::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            source_burst: 512,
            source_per_second: 20,
            device_burst: 600,
            device_per_second: 10,
            store_bytes: None,
        }
    }
}

impl Default for Silence {
    fn default() -> Self {
        Self { grace_minutes: 24 * 60, stopped_grace_minutes: 7 * 24 * 60 }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ConfigError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("configuration `{path}` cannot be used: {source}")]
    Syntax { path: String, source: toml::de::Error },
    #[error("configuration: {0}")]
    Sense(&'static str),
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(&read_text(path)?)
            .map_err(|source| ConfigError::Syntax { path: path.display().to_string(), source })?;
        config.check()?;
        Ok(config)
    }

    /// The configuration of a data directory: its `bearing.toml` where there is one, the defaults otherwise.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn of_data_dir(dir: &Path) -> Result<Self, ConfigError> {
        let path = dir.join(CONFIG_FILE);
        let config = if path.exists() { Self::read(&path)? } else { Self::default() };
        Ok(Self { data_dir: dir.to_owned(), ..config })
    }

    /// What no single field can tell.
    ///
    /// # Errors
    /// What does not make sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.simulation_listen.is_some() && !self.demo {
            return Err(ConfigError::Sense(
                "`simulation_listen` believes what it is told about addresses: it needs `demo = true`",
            ));
        }
        self.geo.check().map_err(ConfigError::Sense)?;
        let limits = &self.limits;
        if limits.connections == 0 || limits.source_burst == 0 || limits.device_burst == 0 {
            return Err(ConfigError::Sense("a limit of 0 lets nobody in"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_the_defaults() {
        let config: Config = toml::from_str(REFERENCE).unwrap();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error = toml::from_str::<Config>("lisen = \"0.0.0.0:1\"").unwrap_err().to_string();
        assert!(error.contains("lisen"), "{error}");
    }

    #[test]
    fn a_simulation_needs_a_demo() {
        let config: Config = toml::from_str("simulation_listen = \"127.0.0.1:0\"").unwrap();
        assert!(config.check().unwrap_err().to_string().contains("demo"));
    }
}
