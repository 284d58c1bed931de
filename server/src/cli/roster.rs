//! `roster import`, `list`, `show`, `remove`, `export`, `template`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bearing_protocol::text::printable;
use bearing_store::{MAX_PAGE, PageRequest, Person, PersonFilter};
use clap::{Args, Subcommand};

use super::Installation;
use crate::{
    act,
    app::App,
    auth::Actor,
    roster::{self, MAX_FILE_BYTES},
};

/// Most characters of a text in a line.
const MAX_SHOWN: usize = 80;

/// `roster`.
#[derive(Debug, Args)]
pub(super) struct Roster {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Take people from a CSV file; `template` prints its columns
    Import(Import),
    /// List people
    List(List),
    /// Show a person and its devices
    Show(One),
    /// Remove a person: names, devices and expectations go
    Remove(One),
    /// Print the roster as a file that can be imported again
    Export(Installation),
    /// Print the columns and an example
    Template,
}

#[derive(Debug, Args)]
struct Import {
    /// The roster, CSV
    file: PathBuf,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take the good rows where some are bad
    #[arg(long)]
    keep_good_rows: bool,
    /// Remove people who are not in the file
    #[arg(long)]
    remove_missing: bool,
    #[command(flatten)]
    installation: Installation,
}

#[derive(Debug, Args)]
struct List {
    /// Only those whose name, user name or key contains this
    #[arg(long)]
    search: Option<String>,
    #[command(flatten)]
    installation: Installation,
}

#[derive(Debug, Args)]
struct One {
    /// The key as imported, or the keyed id
    person: String,
    #[command(flatten)]
    installation: Installation,
}

impl Roster {
    /// 0 done, 1 rows were bad.
    pub(super) async fn run(self) -> Result<u8> {
        match self.what {
            What::Import(import) => import.run().await,
            What::List(list) => list.run().await,
            What::Show(one) => one.show().await,
            What::Remove(one) => one.remove().await,
            What::Export(installation) => {
                let app = installation.open().await?;
                super::print(roster::export(&everybody(&app, PersonFilter::default()).await?).trim_end())?;
                Ok(0)
            }
            What::Template => {
                super::print(roster::template().trim_end())?;
                Ok(0)
            }
        }
    }
}

async fn everybody(app: &App, filter: PersonFilter) -> Result<Vec<Person>> {
    let mut all = Vec::new();
    let mut page = PageRequest { after: None, limit: MAX_PAGE };
    loop {
        let some = app.store.people(&filter, &page).await?;
        all.extend(some.items);
        match some.next {
            Some(next) => page.after = Some(next),
            None => return Ok(all),
        }
    }
}

impl Import {
    async fn run(self) -> Result<u8> {
        let name = self.file.display().to_string();
        let size = std::fs::metadata(&self.file).with_context(|| format!("cannot read `{name}`"))?.len();
        anyhow::ensure!(size <= MAX_FILE_BYTES as u64, "`{name}` is larger than {MAX_FILE_BYTES} bytes");
        let bytes = std::fs::read(&self.file).with_context(|| format!("cannot read `{name}`"))?;
        let app = self.installation.open().await?;
        let read = roster::read(&app, &bytes).with_context(|| format!("`{name}`"))?;
        let mut lines: Vec<String> = read
            .bad
            .iter()
            .map(|row| format!("{name}:{}: `{}`: {}", row.line, row.column, row.problem))
            .collect();
        if read.bad_count > read.bad.len() {
            lines.push(format!("… and {} more rows", read.bad_count - read.bad.len()));
        }
        if read.bad_count > 0 && !self.keep_good_rows {
            lines.push(format!(
                "{} rows are bad: nothing was taken. `--keep-good-rows` takes the others.",
                read.bad_count
            ));
            super::print(&lines.join("\n"))?;
            return Ok(1);
        }
        anyhow::ensure!(
            !(self.remove_missing && read.bad_count > 0),
            "with bad rows nobody is removed: whoever stands on one would count as missing"
        );
        let plan = roster::plan(&app, &read.people, self.remove_missing).await?;
        lines.extend(plan.lines().iter().map(|line| printable(line, 400)));
        if !self.dry_run {
            act::import_roster(&app, &Actor::command_line(), &plan).await?;
        }
        lines.push(format!(
            "{}{} added, {} changed, {} removed, {} as they were",
            if self.dry_run { "dry run, nothing was changed: " } else { "" },
            plan.added.len(),
            plan.changed.len(),
            plan.removed.len(),
            plan.unchanged
        ));
        super::print(&lines.join("\n"))?;
        Ok(u8::from(read.bad_count > 0))
    }
}

impl List {
    async fn run(self) -> Result<u8> {
        let app = self.installation.open().await?;
        let filter = PersonFilter { search: self.search, ..PersonFilter::default() };
        let lines: Vec<String> = everybody(&app, filter)
            .await?
            .iter()
            .map(|person| {
                let name = person.names.display_name.as_deref().unwrap_or("-");
                format!(
                    "{}  {:<14} {:<28} {:<10} {} devices{}",
                    person.row.id,
                    printable(&person.names.key, MAX_SHOWN),
                    printable(name, MAX_SHOWN),
                    person.row.countries.join(" "),
                    person.devices.len(),
                    if person.row.active { "" } else { ", left" }
                )
            })
            .collect();
        super::print(&if lines.is_empty() { "nobody".to_owned() } else { lines.join("\n") })?;
        Ok(0)
    }
}

impl One {
    /// The person behind what was typed.
    async fn find(&self, app: &App) -> Result<Person> {
        let keyed = roster::person_id(app, &self.person);
        for id in [keyed.as_str(), self.person.as_str()] {
            if let Some(person) = app.store.person(id).await? {
                return Ok(person);
            }
        }
        anyhow::bail!("there is nobody with the key or id `{}`", printable(&self.person, MAX_SHOWN))
    }

    async fn show(self) -> Result<u8> {
        let app = self.installation.open().await?;
        let person = self.find(&app).await?;
        let devices = app.store.devices_of(&person.row.id).await?;
        let text =
            serde_json::to_string_pretty(&serde_json::json!({ "person": person, "enrolled": devices }))?;
        super::print(&text)?;
        Ok(0)
    }

    async fn remove(self) -> Result<u8> {
        let app = self.installation.open().await?;
        let person = self.find(&app).await?;
        act::remove_person(&app, &Actor::command_line(), &person.row.id).await?;
        super::print(&format!("{} is removed: names, devices and expectations", person.row.id))?;
        Ok(0)
    }
}
