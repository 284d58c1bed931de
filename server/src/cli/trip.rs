//! `trip list`, `announce`, `approve`, `decline`.

use anyhow::Result;
use bearing_protocol::{id::DeviceId, text::printable};
use bearing_store::{PageRequest, TripFilter, TripState, days_at};
use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::Installation;
use crate::{
    act::{self, TripRequest},
    auth::Actor,
};

/// Most characters of a reason in a line.
const MAX_SHOWN: usize = 80;

/// `trip`.
#[derive(Debug, Args)]
pub(super) struct Trip {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List trips, latest announced first
    List(List),
    /// Announce a trip for a device
    Announce(Announce),
    /// Approve a trip
    Approve(Decide),
    /// Decline a trip: it allows nothing
    Decline(Decide),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    installation: Installation,
    /// Also those that are over
    #[arg(long)]
    all: bool,
    /// Only of this device
    #[arg(long, value_name = "ID")]
    device: Option<DeviceId>,
}

#[derive(Debug, Args)]
struct Announce {
    #[command(flatten)]
    installation: Installation,
    /// For which device (`dev_…`)
    device: DeviceId,
    /// Where to, ISO 3166-1 alpha-2
    #[arg(long, value_delimiter = ',', required = true, value_name = "COUNTRY,…")]
    to: Vec<String>,
    /// First day
    #[arg(long, value_name = "DAY")]
    from: Date,
    /// Last day
    #[arg(long, value_name = "DAY")]
    until: Date,
}

#[derive(Debug, Args)]
struct Decide {
    #[command(flatten)]
    installation: Installation,
    /// The trip, as `trip list` shows it
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
}

impl Trip {
    pub(super) async fn run(self) -> Result<()> {
        match self.what {
            What::List(list) => list.run().await,
            What::Announce(announce) => announce.run().await,
            What::Approve(decide) => decide.run(TripState::Approved).await,
            What::Decline(decide) => decide.run(TripState::Declined).await,
        }
    }
}

impl List {
    async fn run(self) -> Result<()> {
        let app = self.installation.open().await?;
        let not_before = (!self.all).then(|| days_at(app.clock.now()).0);
        let filter = TripFilter { device: self.device, state: None, not_before };
        let mut page = PageRequest::default();
        let mut lines = Vec::new();
        loop {
            let found = app.store.trips(&filter, &page).await?;
            lines.extend(found.items.iter().map(|trip| {
                let decided = trip.decided_by.as_ref().map_or_else(String::new, |by| {
                    let reason = trip.reason.as_deref().unwrap_or_default();
                    format!("  by {} {}", printable(by, MAX_SHOWN), printable(reason, MAX_SHOWN))
                });
                format!(
                    "{}  {:<9}  {}  {} to {}  {}  announced by {}{}",
                    trip.id,
                    trip.state.as_str(),
                    trip.device,
                    trip.from,
                    trip.until,
                    trip.countries.join(","),
                    printable(&trip.announced_by, MAX_SHOWN),
                    decided.trim_end(),
                )
            }));
            match found.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        if lines.is_empty() {
            lines.push(
                "no trips: `bearing-server trip announce`, or `bearing-agent trip` on a device".to_owned(),
            );
        }
        super::print(&lines.join("\n"))
    }
}

impl Announce {
    async fn run(self) -> Result<()> {
        let app = self.installation.open().await?;
        let request =
            TripRequest { device: self.device, countries: self.to, from: self.from, until: self.until };
        let trip = act::announce_trip(&app, &Actor::command_line(), request).await?;
        super::print(&format!("announced trip {}", trip.id))
    }
}

impl Decide {
    async fn run(self, state: TripState) -> Result<()> {
        let app = self.installation.open().await?;
        let trip = act::decide_trip(&app, &Actor::command_line(), &self.id, state, &self.reason).await?;
        super::print(&format!("{} trip {}", trip.state.as_str(), trip.id))
    }
}
