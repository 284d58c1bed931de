//! The command line: one file per command.
//!
//! Always: a command works on the data directory itself, also while the server runs; a secret is read from a
//! file and shown once, never taken as an argument. Exit codes: 0 done, 1 something does not hold, 2 could not.

mod anchor;
mod api_token;
mod audit;
mod backup;
mod case;
mod catalogue;
mod config;
mod device;
mod doctor;
mod evaluate;
mod evaluation;
mod evidence;
mod geo;
mod init;
mod person;
mod policy;
mod policy_diff;
mod policy_sign;
mod release;
mod roster;
mod serve;
mod signin;
mod token;
mod trip;
mod user;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};

use crate::{app::App, clock::SystemClock, installation};

/// Verifies what agents sign, keeps it, and shows what it says
#[derive(Debug, Parser)]
#[command(name = "bearing-server", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a data directory: identity, keys, CA, first account
    Init(init::Init),
    /// Run the server
    Serve(serve::Serve),
    /// Answer signed nonces at a known point, so that round trips to it are believed
    Anchor(anchor::Anchor),
    /// Sign-in logs: import
    SignIns(signin::SignIns),
    /// Enrolment tokens: create, list, revoke
    Token(token::Token),
    /// Trips: list, announce, approve, decline
    Trip(trip::Trip),
    /// The roster: who should be where, from CSV; import, list, show, remove, export, template
    Roster(roster::Roster),
    /// What is kept about one person: export, erase
    Person(person::Person),
    /// Tokens for programs: create, list, revoke
    ApiToken(api_token::ApiToken),
    /// Devices: list, approve, revoke, restore, and where each is expected
    Device(device::Device),
    /// Accounts: add, list, reset a password, disable
    User(user::User),
    /// Site policy: check, keygen, sign, publish, diff
    Policy(policy::Policy),
    /// Signed lists of releases: sign, load, list
    Release(release::Release),
    /// The catalogue of tools and devices: check, list, show, diff, import, learn
    Catalogue(catalogue::Catalogue),
    /// What-if: the verdict for recorded cases, without a store
    Evaluate(evaluate::Evaluate),
    /// Cases: list, show, export
    Case(case::Case),
    /// Auditors' evaluations: create, list, watch
    Evaluation(evaluation::Evaluation),
    /// Signed bundles: export, verify offline
    Evidence(evidence::Evidence),
    /// The audit log: verify its chain
    Audit(audit::Audit),
    /// Write a consistent copy of the store while it is in use
    Backup(backup::Backup),
    /// Look at everything an installation needs and say what is wrong
    Doctor(doctor::Doctor),
    /// Address tables: look addresses up, show their age, check a file before it is plugged in
    Geo(geo::Geo),
    /// The configuration: check, schema
    Config(config::ConfigCommand),
}

/// Which installation a command works on.
#[derive(Debug, Args)]
pub(super) struct Installation {
    /// The data directory
    #[arg(long, value_name = "DIR", env = "BEARING_DATA_DIR", default_value = "/var/lib/bearing-server")]
    data_dir: PathBuf,
}

impl Installation {
    /// Reads it.
    fn load(&self) -> Result<installation::Installation> {
        Ok(installation::Installation::load(&self.data_dir)?)
    }

    /// Opens its store.
    pub(super) async fn open(&self) -> Result<App> {
        self.open_as(false).await
    }

    /// Opens its store, for a demonstration or not.
    async fn open_as(&self, demo: bool) -> Result<App> {
        let installation = self.load()?;
        let store = installation.open_store().await?;
        Ok(installation.app(store, Arc::new(SystemClock), demo))
    }
}

/// Prints lines on standard output.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("cannot write to standard output")
}

impl Cli {
    /// Whether the command is a long-running one that logs.
    pub fn is_service(&self) -> bool {
        match &self.command {
            Command::Serve(_) => true,
            Command::Anchor(anchor) => anchor.is_service(),
            _ => false,
        }
    }

    /// Does what was asked; the exit code.
    ///
    /// # Errors
    /// What stood in the way, in words for the one who asked.
    pub async fn run(self) -> Result<u8> {
        match self.command {
            Command::Init(init) => init.run().await.map(|()| 0),
            Command::Serve(serve) => serve.run().await.map(|()| 0),
            Command::Anchor(anchor) => anchor.run().await.map(|()| 0),
            Command::SignIns(sign_ins) => sign_ins.run().await,
            Command::Token(token) => token.run().await.map(|()| 0),
            Command::Trip(trip) => trip.run().await.map(|()| 0),
            Command::Person(person) => person.run().await.map(|()| 0),
            Command::Roster(roster) => roster.run().await,
            Command::ApiToken(token) => token.run().await.map(|()| 0),
            Command::Device(device) => device.run().await.map(|()| 0),
            Command::User(user) => user.run().await.map(|()| 0),
            Command::Policy(policy) => policy.run().await,
            Command::Release(release) => release.run().await.map(|()| 0),
            Command::Catalogue(catalogue) => catalogue.run().await,
            Command::Evaluate(evaluate) => evaluate.run().map(|()| 0),
            Command::Case(case) => case.run().await.map(|()| 0),
            Command::Evaluation(evaluation) => evaluation.run().await.map(|()| 0),
            Command::Evidence(evidence) => evidence.run().await,
            Command::Audit(audit) => audit.run().await,
            Command::Backup(backup) => backup.run().await.map(|()| 0),
            Command::Doctor(doctor) => doctor.run().await,
            Command::Geo(geo) => geo.run(),
            Command::Config(config) => config.run().map(|()| 0),
        }
    }
}
