//! `init`.

use std::{path::PathBuf, sync::Arc};

use anyhow::Result;
use bearing_protocol::key::PublicKey;
use clap::Args;
use secrecy::SecretString;

use crate::{clock::SystemClock, files::read_text, init};

/// `init`.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where keys and the store will lie
    #[arg(long, value_name = "DIR", env = "BEARING_DATA_DIR")]
    data_dir: PathBuf,
    /// Where the private policy key goes: outside the data directory, best on another machine
    #[arg(long, value_name = "FILE")]
    policy_key_out: PathBuf,
    /// The address of agents and people, `https://HOST[:PORT]`
    #[arg(long, value_name = "URL")]
    public_url: String,
    /// An employee-side public key to pin (64 hex digits): a policy that collects more needs its signature too
    #[arg(long = "employee-key", value_name = "KEY", value_parser = public_key)]
    employee_keys: Vec<PublicKey>,
    /// Name of the first account
    #[arg(long, value_name = "NAME", default_value = "admin")]
    admin: String,
    /// A file with its password; without it one is made and shown once
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
}

fn public_key(text: &str) -> Result<PublicKey, String> {
    PublicKey::try_from(text.to_owned()).map_err(|error| error.to_string())
}

impl Init {
    pub(super) async fn run(self) -> Result<()> {
        let admin_password = match &self.admin_password_file {
            Some(path) => Some(SecretString::from(read_text(path)?.trim_end_matches(['\r', '\n']))),
            None => None,
        };
        let admin = self.admin.clone();
        let request = init::InitRequest {
            data_dir: self.data_dir.clone(),
            policy_key_out: self.policy_key_out.clone(),
            public_url: self.public_url,
            employee_keys: self.employee_keys,
            admin: self.admin,
            admin_password,
        };
        let made = init::init(request, Arc::new(SystemClock)).await?;
        super::print(&format!(
            "made {dir} for {server}\n\
             policy key {key}: private half in {out}. Take it off this machine: the server must not be able to read it.\n",
            dir = self.data_dir.display(),
            server = made.server,
            key = made.policy_key,
            out = self.policy_key_out.display(),
        ))?;
        if let Some(password) = made.password {
            super::print(&format!(
                "sign in as {admin} with the password (shown this once):\n  {}\n",
                password.as_str()
            ))?;
        }
        super::print(&format!("next: bearing-server serve --data-dir {}", self.data_dir.display()))
    }
}
