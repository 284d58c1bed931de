//! `token create`, `list`, `revoke`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bearing_protocol::{id::TokenId, text::printable};
use clap::{Args, Subcommand};
use jiff::SignedDuration;

use super::Installation;
use crate::{
    act::{self, EnrolmentTokenRequest},
    auth::Actor,
    files::create_secret,
};

/// `token`.
#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Create a token; its secret is shown once
    Create(Create),
    /// List tokens, with their last use
    List(Installation),
    /// Revoke one: nobody enrols with it any more
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    installation: Installation,
    /// Group of devices that enrol with it
    #[arg(long, default_value = "default")]
    group: String,
    /// How many devices may
    #[arg(long, value_name = "N", default_value = "1")]
    max_uses: u32,
    /// For how long (`2h`, `168h`)
    #[arg(long, value_name = "TIME", default_value = "168h")]
    expires_in: SignedDuration,
    /// An administrator must approve each device
    #[arg(long)]
    needs_approval: bool,
    /// Its devices are simulated; the server takes it with --demo alone
    #[arg(long)]
    simulated: bool,
    /// Write it to this file, which nobody else can read, instead of showing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Revoke {
    #[command(flatten)]
    installation: Installation,
    /// The token (`tok_…`, its first part)
    id: TokenId,
}

impl Token {
    pub(super) async fn run(self) -> Result<()> {
        match self.what {
            What::Create(create) => create.run().await,
            What::List(installation) => list(&installation).await,
            What::Revoke(revoke) => {
                let app = revoke.installation.open().await?;
                act::revoke_enrolment_token(&app, &Actor::command_line(), &revoke.id).await?;
                super::print(&format!("revoked {}", revoke.id))
            }
        }
    }
}

impl Create {
    async fn run(self) -> Result<()> {
        let app = self.installation.open_as(self.simulated).await?;
        let request = EnrolmentTokenRequest {
            group: self.group,
            max_uses: self.max_uses,
            expires_at: app.clock.now().checked_add(self.expires_in).context("--expires-in is too long")?,
            needs_approval: self.needs_approval,
            simulated: self.simulated,
        };
        let token = act::create_enrolment_token(&app, &Actor::command_line(), request).await?;
        match &self.out {
            Some(path) => {
                create_secret(path, &format!("{}\n", token.reveal().as_str()))?;
                super::print(&format!("wrote token {} to {}", token.id, path.display()))
            }
            None => super::print(token.reveal().as_str()),
        }
    }
}

async fn list(installation: &Installation) -> Result<()> {
    let app = installation.open().await?;
    let now = app.clock.now();
    let mut lines = Vec::new();
    for row in app.store.tokens().await? {
        let token = &row.token;
        let state = match row.revoked_at {
            Some(_) => "revoked",
            None if token.expires_at <= now => "expired",
            None if row.uses >= token.max_uses => "used up",
            None => "open",
        };
        let last = row.last_use.map_or_else(
            || "never used".to_owned(),
            |(at, device, host)| format!("last used {at:.0} by {device} ({})", printable(&host, 60)),
        );
        lines.push(format!(
            "{}  {state:<8} {} of {} uses  group {}  until {:.0}  {last}{}",
            token.id,
            row.uses,
            token.max_uses,
            printable(&token.group, 60),
            token.expires_at,
            if token.simulated { "  SIMULATED" } else { "" },
        ));
    }
    if lines.is_empty() {
        lines.push("no tokens yet: `bearing-server token create`".to_owned());
    }
    super::print(&lines.join("\n"))
}
