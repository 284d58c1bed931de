//! `api-token create`, `list`, `revoke`: tokens for programs.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bearing_protocol::{id::TokenId, text::printable};
use bearing_store::{Role, Scope};
use clap::{Args, Subcommand};
use jiff::SignedDuration;

use super::Installation;
use crate::{
    act::{self, ApiTokenRequest},
    auth::Actor,
    files::create_secret,
};

/// `api-token`.
#[derive(Debug, Args)]
pub(super) struct ApiToken {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Create a token for a program; its secret is shown once
    Create(Create),
    /// List tokens, with role, scopes and end
    List(Installation),
    /// Withdraw one
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    installation: Installation,
    /// What it is for
    #[arg(long)]
    name: String,
    /// `viewer`, `auditor`, `analyst`, `admin`
    #[arg(long, value_parser = role)]
    role: Role,
    /// `all`, `read`, `roster:write`, `sign-ins:write`, `trips:write`, `scim`
    #[arg(long, value_delimiter = ',', value_parser = scope, required = true, value_name = "SCOPE,…")]
    scope: Vec<Scope>,
    /// For how long (`2h`, `2160h`)
    #[arg(long, value_name = "TIME", default_value = "2160h")]
    expires_in: SignedDuration,
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

fn role(word: &str) -> Result<Role, String> {
    Role::ALL
        .into_iter()
        .find(|role| role.as_str() == word)
        .ok_or_else(|| "want one of viewer, auditor, analyst, admin".to_owned())
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::of_word(word).ok_or_else(|| format!("want one of {}", Scope::ALL.map(Scope::as_str).join(", ")))
}

impl ApiToken {
    pub(super) async fn run(self) -> Result<()> {
        match self.what {
            What::Create(create) => create.run().await,
            What::List(installation) => list(&installation).await,
            What::Revoke(revoke) => {
                let app = revoke.installation.open().await?;
                act::revoke_api_token(&app, &Actor::command_line(), &revoke.id).await?;
                super::print(&format!("revoked {}", revoke.id))
            }
        }
    }
}

impl Create {
    async fn run(self) -> Result<()> {
        let app = self.installation.open().await?;
        let request = ApiTokenRequest {
            name: self.name,
            role: self.role,
            scopes: self.scope,
            expires_at: app.clock.now().checked_add(self.expires_in).context("--expires-in is too long")?,
        };
        let token = act::create_api_token(&app, &Actor::command_line(), request).await?;
        match &self.out {
            Some(path) => {
                create_secret(path, &format!("{}\n", token.reveal.as_str()))?;
                super::print(&format!("wrote token {} to {}", token.row.id, path.display()))
            }
            None => super::print(token.reveal.as_str()),
        }
    }
}

async fn list(installation: &Installation) -> Result<()> {
    let app = installation.open().await?;
    let now = app.clock.now();
    let mut lines: Vec<String> = Vec::new();
    for row in app.store.api_tokens().await? {
        let state = match row.revoked_at {
            Some(_) => "withdrawn",
            None if row.expires_at <= now => "expired",
            None => "usable",
        };
        let scopes: Vec<&str> = row.scopes.iter().map(|scope| scope.as_str()).collect();
        lines.push(format!(
            "{}  {state:<9}  {}  {}  until {:.0}  {}",
            row.id,
            row.role.as_str(),
            scopes.join(","),
            row.expires_at,
            printable(&row.name, 60),
        ));
    }
    if lines.is_empty() {
        lines.push("no tokens yet: `bearing-server api-token create`".to_owned());
    }
    super::print(&lines.join("\n"))
}
