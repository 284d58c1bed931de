//! `catalogue learn`: what genuine devices of the organisation's own fleet look like, for a person to review.
//!
//! Always: only machines that are let in, not simulated and without an open finding about hardware teach; digests of
//! report descriptors are keyed; a file says that nobody reviewed it, and the catalogue refuses it until somebody has.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use bearing_policies::catalogue::kvm::{
    KvmCatalogue,
    learn::{Keying, Member, Refusal, Threshold, learn},
};
use bearing_protocol::{
    commitment::Disclosures,
    fact::Facts,
    key::KeySet,
    payload::{InventoryValue, ReportPayload, UsbItem},
    rule::Family,
    text::printable,
};
use bearing_store::{DeviceFilter, DeviceRow, DeviceState, FindingStatus, MAX_PAGE, PageRequest};
use clap::Args;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::super::Installation;
use crate::{app::App, hardware::usb_facts};

#[derive(Debug, Args)]
pub(super) struct Learn {
    #[command(flatten)]
    installation: Installation,
    /// Only machines of this group
    #[arg(long)]
    group: Option<String>,
    /// On how many machines a device must have been seen
    #[arg(long, default_value_t = Threshold::default().machines)]
    machines: usize,
    /// Write a file for each device into DIR; without it: say what would be written
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Learn {
    pub(super) async fn run(&self) -> Result<u8> {
        let app = self.installation.open().await?;
        let fleet = self.fleet(&app).await?;
        let keyed = |digest: &str| hmac(app.tenant_key.as_ref(), digest);
        let keying = Keying { id: &app.tenant_key_id, keyed: &keyed };
        let members = fleet.iter().map(|(device, facts)| Member { device, facts });
        let threshold = Threshold { machines: self.machines };
        let learned = learn(members, KvmCatalogue::shared(), Some(keying), threshold);
        let mut lines = vec![format!("{} machines teach", fleet.len())];
        for proposal in &learned.proposals {
            let name = proposal.product.as_deref().map(|name| printable(name, 60)).unwrap_or_default();
            let ids = format!("{:04x}:{:04x}", proposal.vendor_id, proposal.product_id);
            lines.push(format!("+ {ids} {name}, on {} machines", proposal.seen_on));
            if let Some(directory) = &self.out {
                fs::create_dir_all(directory)
                    .with_context(|| format!("cannot make `{}`", directory.display()))?;
                let path = directory.join(format!("{}.toml", proposal.id()));
                fs::write(&path, proposal.to_toml())
                    .with_context(|| format!("cannot write `{}`", path.display()))?;
                lines.push(format!("    {}", path.display()));
            }
        }
        for ((vendor, product), why) in &learned.refused {
            let why = match why {
                Refusal::Evidence(severity) => format!("shows evidence of remote control ({severity})"),
                Refusal::TooFew(machines) => format!("seen on {machines} of {} machines", self.machines),
                Refusal::Unread => "its report descriptors were never read".to_owned(),
            };
            lines.push(format!("- {vendor:04x}:{product:04x} {why}"));
        }
        if !learned.proposals.is_empty() {
            lines.push(
                "Review each, set `reviewed = true`, and put it into `catalogue/kvm/genuine`.".to_owned(),
            );
        }
        super::super::print(&lines.join("\n"))?;
        Ok(0)
    }

    /// Machines that may teach, with their USB devices as the last report had them.
    async fn fleet(&self, app: &App) -> Result<Vec<(String, Facts)>> {
        let filter = DeviceFilter { group: self.group.clone(), ..DeviceFilter::default() };
        let mut fleet = Vec::new();
        let mut page = PageRequest { after: None, limit: MAX_PAGE };
        loop {
            let found = app.store.devices(&filter, &page).await?;
            for device in found.items {
                if teaches(app, &device).await? {
                    let items = inventory(app, &device).await?;
                    if !items.is_empty() {
                        fleet.push((device.id.to_string(), usb_facts(&items)));
                    }
                }
            }
            if found.next.is_none() {
                return Ok(fleet);
            }
            page.after = found.next;
        }
    }
}

async fn teaches(app: &App, device: &DeviceRow) -> Result<bool> {
    if device.state != DeviceState::Active || device.simulated {
        return Ok(false);
    }
    let stands = |status| matches!(status, FindingStatus::Open | FindingStatus::InReview);
    let findings = app.store.device_findings(&device.id).await?;
    Ok(!findings.iter().any(|row| row.finding.family == Family::Kvm && stands(row.status)))
}

async fn inventory(app: &App, device: &DeviceRow) -> Result<Vec<UsbItem>> {
    let Some(message) = app.store.last_report(&device.id).await? else { return Ok(Vec::new()) };
    // Verified again under the device's key: what is learned is what was signed.
    let Ok(report) = message.envelope.open::<ReportPayload>(&KeySet::single(device.public_key)) else {
        return Ok(Vec::new());
    };
    let values = Disclosures::index(message.disclosures);
    let usb = report.inventory.iter().filter_map(|item| match values.open::<InventoryValue>(&item.item) {
        Some(Ok(InventoryValue::Usb(item))) if item.provenance.is_none() => Some(item),
        _ => None,
    });
    Ok(usb.collect())
}

fn hmac(key: &[u8], text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
