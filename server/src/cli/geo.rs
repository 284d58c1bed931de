//! `geo`: what the address tables say, how old they are, and whether a file can be plugged in.
//!
//! Always: an address that is looked up here is kept nowhere.

use std::{net::IpAddr, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use bearing_protocol::{Timestamp, clock::Clock as _, text::printable};
use clap::{Args, Subcommand, ValueEnum};

use super::Installation;
use crate::{
    clock::SystemClock,
    config::Config,
    geo::{
        Live, SourceStatus, age_days,
        builtin::builtin,
        database::{Database, MAX_DATABASE_BYTES, Role},
        is_public,
        list::{GoodRows, List, ListFormat, MAX_LIST_BYTES},
        list_content, read_at_most,
    },
};

/// From how many days on a table is called old.
const OLD_DAYS: u32 = 90;
/// Longest reason that is shown of one file, in characters.
const MAX_REASON_CHARS: usize = 2_000;

/// `geo`.
#[derive(Debug, Args)]
pub(super) struct Geo {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Country (two opinions), network and class of addresses
    Lookup(Lookup),
    /// The tables in use and their age; exit code 1 where a file cannot be used
    Status(Status),
    /// Whether a file can be plugged in, and what would be read of it
    Check(Check),
}

#[derive(Debug, Args)]
struct Lookup {
    /// The addresses
    #[arg(required = true, value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// The built-in tables alone
    #[arg(long)]
    builtin: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    installation: Installation,
}

#[derive(Debug, Args)]
struct Status {
    #[command(flatten)]
    installation: Installation,
}

#[derive(Debug, Args)]
struct Check {
    /// The file
    file: PathBuf,
    /// A database for this role; without it, every role is tried
    #[arg(long, value_name = "ROLE", conflicts_with = "format")]
    role: Option<RoleWord>,
    /// A list in this format; without it, a file that is no database is read as lines
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatWord>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleWord {
    Country,
    City,
    Asn,
    Anonymous,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum FormatWord {
    Lines,
    Csv,
    Tor,
    MispJson,
    MispCsv,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Country => Self::Country,
            RoleWord::City => Self::City,
            RoleWord::Asn => Self::Asn,
            RoleWord::Anonymous => Self::Anonymous,
        }
    }
}

impl From<FormatWord> for ListFormat {
    fn from(word: FormatWord) -> Self {
        match word {
            FormatWord::Lines => Self::Lines,
            FormatWord::Csv => Self::Csv,
            FormatWord::Tor => Self::Tor,
            FormatWord::MispJson => Self::MispJson,
            FormatWord::MispCsv => Self::MispCsv,
        }
    }
}

impl Geo {
    pub(super) fn run(self) -> Result<u8> {
        match self.what {
            What::Lookup(lookup) => lookup.run().map(|()| 0),
            What::Status(status) => status.run(),
            What::Check(check) => check.run(),
        }
    }
}

/// The tables of an installation, where there is one.
fn tables(installation: &Installation) -> Result<Live> {
    let config = Config::of_data_dir(&installation.data_dir)?;
    Ok(Live::load(&config.geo))
}

impl Lookup {
    fn run(self) -> Result<()> {
        let live = if self.builtin { Live::builtin() } else { tables(&self.installation)? };
        let geo = live.current();
        let mut answers = Vec::new();
        for text in &self.addresses {
            let address: IpAddr =
                text.parse().with_context(|| format!("`{}` is no address", printable(text, 60)))?;
            answers.push((address, geo.look_up(address)));
        }
        if self.json {
            let answers: Vec<_> = answers
                .iter()
                .map(|(address, seen)| {
                    serde_json::json!({
                        "address": address, "family": seen.family, "public": is_public(address.to_canonical()),
                        "country": seen.country, "alt_country": seen.alt_country, "asn": seen.asn,
                        "class": seen.class.as_str(),
                    })
                })
                .collect();
            let tables = geo.tables();
            return super::print(&serde_json::to_string_pretty(
                &serde_json::json!({ "answers": answers, "tables": tables }),
            )?);
        }
        let mut lines =
            vec![format!("{:<28} {:<8} {:<9} {:<12} class", "address", "country", "registry", "network")];
        for (address, seen) in &answers {
            let asn = seen.asn.map_or_else(|| "-".to_owned(), |asn| format!("AS{asn}"));
            let mut line = format!(
                "{:<28} {:<8} {:<9} {asn:<12} {}",
                address.to_string(),
                seen.country.as_deref().unwrap_or("-"),
                seen.alt_country.as_deref().unwrap_or("-"),
                seen.class.as_str()
            );
            if let Some(name) = seen.asn.and_then(|asn| builtin().network_name(asn)) {
                line.push_str(&format!("  {name}"));
            } else if !is_public(address.to_canonical()) {
                line.push_str("  not an address of the public Internet");
            }
            lines.push(line);
        }
        super::print(&lines.join("\n"))
    }
}

impl Status {
    fn run(self) -> Result<u8> {
        let live = tables(&self.installation)?;
        let now = SystemClock.now();
        let mut lines = vec!["Tables, in the order in which they are asked:".to_owned()];
        for table in live.current().tables() {
            lines.push(format!("  {:<44} {}", table.name, aged(&table.built, now)));
        }
        let files = live.status(now);
        if !files.is_empty() {
            lines.push("Files:".to_owned());
        }
        let wrong = files.iter().filter(|file| file.problem.is_some()).count();
        for file in files {
            lines.extend(described(&file));
        }
        super::print(&lines.join("\n"))?;
        Ok(u8::from(wrong > 0))
    }
}

/// A day, how long ago that is, and whether that is long.
fn aged(built: &str, now: Timestamp) -> String {
    match age_days(built, now) {
        Some(days) if days > OLD_DAYS => format!("{built}, {days} days old: OLD"),
        Some(days) => format!("{built}, {days} days old"),
        None => format!("{built}, age unknown"),
    }
}

fn described(file: &SourceStatus) -> Vec<String> {
    let mut lines = vec![format!("  {} ({})", file.path.display(), file.purpose)];
    if let Some(content) = &file.content {
        lines.push(format!("    in use: {content}"));
    }
    if let Some(problem) = &file.problem {
        let kept = if file.content.is_some() {
            "what was read before stays in use"
        } else {
            "nothing of it is in use"
        };
        lines.push(format!("    WRONG: {}; {kept}", printable(problem, MAX_REASON_CHARS)));
    }
    lines
}

/// What `doctor` says of the tables: a line each, and what is wrong.
pub(super) fn checks(config: &Config, now: Timestamp) -> Vec<(String, Option<String>)> {
    let live = Live::load(&config.geo);
    let mut checks: Vec<_> = live
        .current()
        .tables()
        .into_iter()
        .map(|table| (format!("address table {}: {}", table.name, aged(&table.built, now)), None))
        .collect();
    for file in live.status(now) {
        let what = format!("{} ({})", file.path.display(), file.purpose);
        checks.push((what, file.problem.map(|problem| printable(&problem, MAX_REASON_CHARS))));
    }
    checks
}

impl Check {
    fn run(self) -> Result<u8> {
        if let Some(format) = self.format {
            return self.list(format.into());
        }
        let bytes = self.bytes(MAX_DATABASE_BYTES)?;
        let roles = match self.role {
            Some(role) => vec![Role::from(role)],
            None => vec![Role::Country, Role::Asn, Role::Anonymous],
        };
        let mut lines = Vec::new();
        let mut problems = Vec::new();
        for role in roles {
            match Database::read(bytes.clone(), role) {
                Ok(database) => lines.push(format!(
                    "role {}: type `{}`, built {}, reads {}{}",
                    role.as_str(),
                    database.kind(),
                    aged(database.built(), SystemClock.now()),
                    database.fields(),
                    if database.is_ipv4_only() { "; IPv4 alone: it knows nothing of IPv6" } else { "" }
                )),
                Err(problem) => problems.push(format!("role {}: {problem}", role.as_str())),
            }
        }
        if !lines.is_empty() {
            super::print(&lines.join("\n"))?;
            return Ok(0);
        }
        if self.role.is_none() && is_text(&bytes) {
            return self.list(ListFormat::Lines);
        }
        bail!("`{}` cannot be plugged in:\n  {}", self.file.display(), problems.join("\n  "));
    }

    fn bytes(&self, limit: u64) -> Result<Vec<u8>> {
        read_at_most(&self.file, limit).with_context(|| format!("cannot use `{}`", self.file.display()))
    }

    fn list(&self, format: ListFormat) -> Result<u8> {
        let bytes = self.bytes(MAX_LIST_BYTES)?;
        let list = List::parse(&bytes, format, GoodRows::Keep)
            .with_context(|| format!("`{}` cannot be used as a list", self.file.display()))?;
        let mut lines = vec![list_content(&list)];
        for row in &list.bad_rows {
            lines.push(format!("  line {}: `{}`: {}", row.line, row.text, row.why));
        }
        if list.bad > list.bad_rows.len() {
            lines.push(format!("  and {} more", list.bad - list.bad_rows.len()));
        }
        if list.bad > 0 {
            lines.push("the file is refused as it is, unless `keep_good_rows = true`".to_owned());
        }
        super::print(&lines.join("\n"))?;
        Ok(u8::from(list.bad > 0))
    }
}

/// Whether bytes begin as text does.
fn is_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(4_096)).unwrap_or_default();
    !head.is_empty()
        && !head.contains(&0)
        && std::str::from_utf8(head).is_ok_and(|text| !text.contains('\u{1}'))
}
