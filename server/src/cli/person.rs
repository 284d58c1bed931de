//! `person export` and `person erase`.

use anyhow::{Result, bail};
use bearing_protocol::text::printable;
use clap::{Args, Subcommand};

use super::Installation;
use crate::{
    act::{self, ActError},
    app::App,
    auth::Actor,
    roster::person_id,
};

/// `person`.
#[derive(Debug, Args)]
pub(super) struct Person {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print what is kept about a person and the own devices, one JSON record a line
    Export(Named),
    /// Erase it: names, places, trips, sign-ins, and the values their devices disclosed. Signatures still verify
    Erase(Erase),
}

#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    installation: Installation,
    /// The person: its id, or its key in the roster
    person: String,
}

#[derive(Debug, Args)]
struct Erase {
    #[command(flatten)]
    named: Named,
    /// Do it: what is erased cannot be brought back
    #[arg(long)]
    yes: bool,
}

impl Named {
    async fn find(&self) -> Result<(App, String)> {
        let app = self.installation.open().await?;
        for id in [self.person.clone(), person_id(&app, &self.person)] {
            if app.store.person(&id).await?.is_some() {
                return Ok((app, id));
            }
        }
        bail!("there is no person `{}`: see `bearing-server roster list`", printable(&self.person, 80));
    }
}

impl Person {
    pub(super) async fn run(self) -> Result<()> {
        let actor = Actor::command_line();
        match self.what {
            What::Export(named) => {
                let (app, id) = named.find().await?;
                let out = |record: serde_json::Value| {
                    super::print(&record.to_string())
                        .map_err(|error| ActError::internal("cannot print", error))
                };
                Ok(act::export_person(&app, &actor, &id, out).await?)
            }
            What::Erase(erase) => {
                let (app, id) = erase.named.find().await?;
                if !erase.yes {
                    bail!("nothing was erased: what is erased cannot be brought back; say --yes");
                }
                let erased = act::erase_person(&app, &actor, &id).await?;
                super::print(&format!(
                    "erased: the values of {} messages of {} devices, {} trips, {} sign-ins; backups made before still hold them",
                    erased.messages,
                    erased.devices.len(),
                    erased.trips,
                    erased.sign_ins
                ))
            }
        }
    }
}
