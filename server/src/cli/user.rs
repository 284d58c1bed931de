//! `user add`, `list`, `reset-password`, `disable`, `enable`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use bearing_protocol::text::printable;
use bearing_store::{Role, UserRow};
use clap::{Args, Subcommand, ValueEnum};
use secrecy::{ExposeSecret as _, SecretString};

use super::Installation;
use crate::{
    act::{self, UserRequest},
    app::App,
    auth::{Actor, hash_password},
    files::read_text,
};

/// `user`.
#[derive(Debug, Args)]
pub(super) struct User {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add an account
    Add(Add),
    /// List accounts
    List(Installation),
    /// Set another password; sessions end
    ResetPassword(Reset),
    /// Let an account sign in no more; sessions end
    Disable(Named),
    /// Let it sign in again
    Enable(Named),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    Viewer,
    Auditor,
    Analyst,
    Admin,
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    named: Named,
    /// What it may do
    #[arg(long, value_enum, default_value = "viewer")]
    role: Word,
    /// A file with the password
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
}

#[derive(Debug, Args)]
struct Reset {
    #[command(flatten)]
    named: Named,
    /// A file with the password
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
}

#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    installation: Installation,
    /// Sign-in name
    name: String,
}

impl From<Word> for Role {
    fn from(word: Word) -> Self {
        match word {
            Word::Viewer => Self::Viewer,
            Word::Auditor => Self::Auditor,
            Word::Analyst => Self::Analyst,
            Word::Admin => Self::Admin,
        }
    }
}

fn password(path: &std::path::Path) -> Result<SecretString> {
    Ok(SecretString::from(read_text(path)?.trim_end_matches(['\r', '\n'])))
}

impl Named {
    async fn find(&self) -> Result<(App, UserRow)> {
        let app = self.installation.open().await?;
        let Some(user) = app.store.user_by_name(&self.name.to_lowercase()).await? else {
            bail!("there is no account `{}`: see `bearing-server user list`", printable(&self.name, 80));
        };
        Ok((app, user))
    }
}

impl User {
    pub(super) async fn run(self) -> Result<()> {
        let actor = Actor::command_line();
        match self.what {
            What::Add(add) => {
                let app = add.named.installation.open().await?;
                let password = password(&add.password_file)?;
                let request = UserRequest { name: add.named.name, role: add.role.into(), password };
                let user = act::create_user(&app, &actor, request).await?;
                super::print(&format!("added {} ({})", user.name, user.role.as_str()))
            }
            What::List(installation) => list(&installation).await,
            What::ResetPassword(reset) => {
                let (app, user) = reset.named.find().await?;
                let hash = hash_password(password(&reset.password_file)?.expose_secret()).await?;
                act::note(&app, actor.name(), "user.reset_password", &user.name, serde_json::json!({}))
                    .await?;
                app.store.update_user(&UserRow { password_hash: hash, ..user.clone() }).await?;
                super::print(&format!("{} has another password", user.name))
            }
            What::Disable(named) => set_disabled(&named, &actor, true).await,
            What::Enable(named) => set_disabled(&named, &actor, false).await,
        }
    }
}

async fn set_disabled(named: &Named, actor: &Actor, disabled: bool) -> Result<()> {
    let (app, user) = named.find().await?;
    act::set_user_disabled(&app, actor, &user.id, disabled).await.context("the account stays as it is")?;
    super::print(&format!("{} may {}", user.name, if disabled { "sign in no more" } else { "sign in again" }))
}

async fn list(installation: &Installation) -> Result<()> {
    let app = installation.open().await?;
    let lines: Vec<_> = app
        .store
        .users()
        .await?
        .iter()
        .map(|user| {
            let last = user.last_sign_in.map_or_else(|| "never".to_owned(), |at| format!("{at:.0}"));
            let state = if user.disabled { "  DISABLED" } else { "" };
            format!("{:<24} {:<8} last sign-in {last}{state}", user.name, user.role.as_str())
        })
        .collect();
    super::print(&lines.join("\n"))
}
