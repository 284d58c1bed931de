//! `device list`, `approve`, `revoke`, `restore` and `expect`.

use anyhow::{Context as _, Result, bail};
use bearing_protocol::{id::DeviceId, text::printable};
use bearing_store::{DeviceFilter, DeviceRow, DeviceState, MAX_PAGE, PageRequest};
use clap::{Args, Subcommand};

use super::Installation;
use crate::{act, app::App, auth::Actor};

/// `device`.
#[derive(Debug, Args)]
pub(super) struct Device {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List devices
    List(List),
    /// Let a pending device in
    Approve(Named),
    /// Refuse a device's reports from now on; its history stays
    Revoke(Named),
    /// Take a revoked device's reports again
    Restore(Named),
    /// Say in which countries a device is expected, and in which group it is
    Expect(Expect),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    installation: Installation,
    /// Print JSON, one device a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    installation: Installation,
    /// The device: its id (`dev_…`), or its host name where only one has it
    device: String,
}

#[derive(Debug, Args)]
struct Expect {
    #[command(flatten)]
    named: Named,
    /// A country, ISO 3166-1 alpha-2; may be given several times, none takes the expectation back
    #[arg(long = "country", value_name = "COUNTRY")]
    countries: Vec<String>,
    /// Its group; without it the group stays
    #[arg(long)]
    group: Option<String>,
}

impl Device {
    pub(super) async fn run(&self) -> Result<()> {
        let actor = Actor::command_line();
        match &self.what {
            What::List(list) => list.run().await,
            What::Approve(named) => {
                let (app, device) = named.find().await?;
                act::approve_device(&app, &actor, &device.id).await?;
                super::print(&format!("{} may report now", device.id))
            }
            What::Revoke(named) => {
                let (app, device) = named.find().await?;
                act::revoke_device(&app, &actor, &device.id).await?;
                super::print(&format!("reports of {} are refused from now on", device.id))
            }
            What::Restore(named) => {
                let (app, device) = named.find().await?;
                act::restore_device(&app, &actor, &device.id).await?;
                super::print(&format!("{} may report again", device.id))
            }
            What::Expect(expect) => {
                let (app, device) = expect.named.find().await?;
                let group = expect.group.as_deref().unwrap_or(&device.group);
                act::set_device_place(&app, &actor, &device.id, group, &expect.countries).await?;
                let countries = expect.countries.join(", ");
                let where_to = if countries.is_empty() { "nowhere in particular" } else { &countries };
                super::print(&format!(
                    "{} in group {} is expected in: {where_to}",
                    device.id,
                    printable(group, 60)
                ))
            }
        }
    }
}

impl Named {
    async fn find(&self) -> Result<(App, DeviceRow)> {
        let app = self.installation.open().await?;
        if let Ok(id) = self.device.parse::<DeviceId>() {
            let device =
                app.store.device(&id).await?.with_context(|| format!("there is no device `{id}`"))?;
            return Ok((app, device));
        }
        let named: Vec<_> = all(&app, Some(&self.device)).await?;
        let mut exact = named.into_iter().filter(|device| device.hostname == self.device);
        let name = printable(&self.device, 100);
        match (exact.next(), exact.next()) {
            (Some(device), None) => Ok((app, device)),
            (None, _) => bail!("no device has the host name `{name}`: see `bearing-server device list`"),
            (Some(_), Some(_)) => bail!("several devices have the host name `{name}`: name one by its id"),
        }
    }
}

impl List {
    async fn run(&self) -> Result<()> {
        let app = self.installation.open().await?;
        let devices = all(&app, None).await?;
        if devices.is_empty() && !self.json {
            return super::print(
                "no devices yet: `bearing-server token create`, then `bearing-agent enroll` on a machine",
            );
        }
        for device in devices {
            let line = if self.json { serde_json::to_string(&device)? } else { as_line(&device) };
            super::print(&line)?;
        }
        Ok(())
    }
}

async fn all(app: &App, search: Option<&str>) -> Result<Vec<DeviceRow>> {
    let filter = DeviceFilter { search: search.map(str::to_owned), ..DeviceFilter::default() };
    let mut page = PageRequest { after: None, limit: MAX_PAGE };
    let mut devices = Vec::new();
    loop {
        let part = app.store.devices(&filter, &page).await?;
        devices.extend(part.items);
        match part.next {
            Some(next) => page.after = Some(next),
            None => return Ok(devices),
        }
    }
}

fn as_line(device: &DeviceRow) -> String {
    let state = match device.state {
        DeviceState::Pending => "pending",
        DeviceState::Active => "active",
        DeviceState::Revoked => "revoked",
    };
    let seen = device.last_seen.map_or_else(|| "never heard".to_owned(), |at| format!("heard {at:.0}"));
    let simulated = if device.simulated { "  simulated" } else { "" };
    format!(
        "{}  {:<20} {:<14} {state:<8} {seen}  expected in {}{simulated}",
        device.id,
        printable(&device.hostname, 20),
        printable(&device.group, 14),
        if device.expected_countries.is_empty() {
            "–".to_owned()
        } else {
            device.expected_countries.join(",")
        },
    )
}
