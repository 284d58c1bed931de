//! `serve`.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Result;
use clap::Args;

use crate::{clock::SystemClock, config::Config, serve};

/// `serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "data_dir", required_unless_present = "data_dir")]
    config: Option<PathBuf>,
    /// The data directory, with its own configuration or the defaults
    #[arg(long, value_name = "DIR", env = "BEARING_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Listen here instead of where the configuration says (`127.0.0.1:0`: a free port, which is printed)
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Allow simulated devices
    #[arg(long)]
    demo: bool,
    /// Where simulated devices speak; they alone, and they say where they are
    #[arg(long, value_name = "ADDRESS", requires = "demo")]
    simulation_listen: Option<SocketAddr>,
}

impl Serve {
    pub(super) async fn run(self) -> Result<()> {
        let mut config = match (&self.config, &self.data_dir) {
            (Some(path), _) => Config::read(path)?,
            (None, Some(dir)) => Config::of_data_dir(dir)?,
            (None, None) => Config::default(),
        };
        config.listen = self.listen.unwrap_or(config.listen);
        config.demo |= self.demo;
        config.simulation_listen = self.simulation_listen.or(config.simulation_listen);
        Ok(serve::serve(config, self.config, Arc::new(SystemClock)).await?)
    }
}
