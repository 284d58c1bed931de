//! What a report shows that another device may have too.

use std::collections::BTreeSet;

use bearing_policies::{Policy, policy::SiteKind};
use bearing_protocol::{
    digest::Digest,
    payload::{
        HardwareItem, InventoryValue, MAX_FIRST_INSTALLS, ObservationPayload, PlaceItem, ReportReason,
    },
};
use bearing_store::{LinkKind, LinkSighting, NewBoot, NewLink, StoreError};

use super::{defaults::Defaults, gather, worker::worker};
use crate::{app::App, correlate::open::Stored};

/// Most values of one kind that are taken from one report.
const MAX_OF_KIND: usize = 64;
/// Most raw addresses that are held against the sites' networks.
const MAX_ADDRESSES: u32 = 4;
/// Least inventory items before an identical inventory says anything.
const MIN_INVENTORY: usize = 8;
/// Kinds that every report speaks about.
const ALWAYS: [LinkKind; 1] = [LinkKind::Address];

/// Everything in a report that ties devices together.
pub(in crate::correlate) async fn seen(
    app: &App,
    stored: &Stored,
    observation: Option<&ObservationPayload>,
    policy: Option<&Policy>,
) -> Result<LinkSighting, StoreError> {
    let now = stored.message.received_at;
    let items = items(stored);
    let gateway = items.iter().find_map(|item| match item {
        InventoryValue::Place(place) => place.gateway.as_deref(),
        _ => None,
    });
    let site = site(app, stored, observation, gateway, policy).await?;
    let mut values = Values::default();
    addresses(&mut values, observation, site.as_ref().map(|(_, kind)| *kind));
    let defaults = Defaults::of(app);
    let mut installs = Vec::new();
    for item in &items {
        add(&mut values, stored, item, &defaults);
        if let InventoryValue::FirstInstalls(first) = item {
            installs.clone_from(&first.names);
        }
    }
    installs.truncate(MAX_FIRST_INSTALLS);
    install_values(app, &mut values, &installs).await?;
    values.inventory(&items);
    let worker = worker(app, &stored.device.id).await?;
    let mut assessed: Vec<LinkKind> = ALWAYS.to_vec();
    if !items.is_empty() {
        // Policy lets the inventory out: what it lacks is not there.
        assessed.extend(LinkKind::ALL.into_iter().filter(|kind| *kind != LinkKind::Roster));
    }
    Ok(LinkSighting {
        device: stored.device.id.clone(),
        worker: worker.id,
        shared_place: worker.shared_place,
        shared_size: worker.shared_size,
        site: site.map(|(name, _)| name),
        at: now,
        values: values.list,
        assessed,
        boot: boot(app, stored).await?,
        installs,
    })
}

fn items(stored: &Stored) -> Vec<InventoryValue> {
    let open = |committed: &bearing_protocol::payload::CommittedItem| {
        stored.disclosures.open::<InventoryValue>(&committed.item).and_then(Result::ok)
    };
    stored.report.inventory.iter().filter_map(open).collect()
}

/// The site of the organisation that a report came from, by its network or its gateway.
async fn site(
    app: &App,
    stored: &Stored,
    observation: Option<&ObservationPayload>,
    gateway: Option<&str>,
    policy: Option<&Policy>,
) -> Result<Option<(String, SiteKind)>, StoreError> {
    let sites = policy.map(Policy::sites).unwrap_or_default();
    let named = |site: &bearing_policies::policy::Site| (site.name.clone(), site.kind);
    if let Some(site) =
        sites.iter().find(|site| site.gateways.iter().any(|own| Some(own.as_str()) == gateway))
    {
        return Ok(Some(named(site)));
    }
    if sites.iter().any(|site| !site.networks.is_empty()) {
        // The newest address is the one that this report, or a check-in since, came from.
        let raw = app.store.raw_addresses(&stored.device.id, MAX_ADDRESSES).await?;
        let address = raw.first().and_then(|raw| raw.address.parse::<std::net::IpAddr>().ok());
        let of = address
            .and_then(|ip| sites.iter().find(|site| site.networks.iter().any(|net| net.contains(&ip))));
        if let Some(site) = of {
            return Ok(Some(named(site)));
        }
    }
    let corporate = observation.is_some_and(|one| one.egress_class == "corporate");
    Ok(corporate.then(|| ("corporate network".to_owned(), SiteKind::Egress)))
}

fn addresses(values: &mut Values, observation: Option<&ObservationPayload>, site: Option<SiteKind>) {
    let Some(seen) = observation else { return };
    let detail = |class: &str| match site {
        Some(site) => format!("{class} {}", site.as_str()),
        None => class.to_owned(),
    };
    values.add(LinkKind::Address, &seen.address_digest, &detail(&seen.egress_class));
    if let Some(other) = &seen.other_family {
        values.add(LinkKind::Address, &other.address_digest, &detail(&other.egress_class));
    }
}

/// Values under construction.
#[derive(Default)]
struct Values {
    list: Vec<NewLink>,
    known: BTreeSet<(LinkKind, String)>,
}

impl Values {
    fn add(&mut self, kind: LinkKind, value: &str, detail: &str) {
        let of_kind = self.list.iter().filter(|link| link.kind == kind).count();
        if value.is_empty() || of_kind >= MAX_OF_KIND || !self.known.insert((kind, value.to_owned())) {
            return;
        }
        // Strangers share such an address, or it is a site's: alone it makes no work.
        let ties = kind != LinkKind::Address || gather::is_walked(detail);
        self.list.push(NewLink { kind, value: value.to_owned(), detail: detail.to_owned(), ties });
    }

    /// A value that is longer than a digest, or made of several parts.
    fn add_digest(&mut self, kind: LinkKind, parts: &[&str], detail: &str) {
        self.add(kind, &Digest::of(parts.join("\0").as_bytes()).short(), detail);
    }

    /// One digest of everything, where there is enough of it to be nobody else's.
    fn inventory(&mut self, items: &[InventoryValue]) {
        let has_serial = items.iter().any(|item| match item {
            InventoryValue::Usb(usb) => usb.serial.is_some(),
            InventoryValue::Display(display) => display.serial.is_some(),
            InventoryValue::Place(place) => !place.interfaces.is_empty(),
            InventoryValue::Hardware(hardware) => !hardware.disks.is_empty(),
            _ => false,
        });
        if items.len() < MIN_INVENTORY || !has_serial {
            return;
        }
        let mut lines: Vec<String> =
            items.iter().filter_map(|item| serde_json::to_string(item).ok()).collect();
        lines.sort_unstable();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        self.add_digest(LinkKind::Inventory, &lines, "");
    }
}

fn add(values: &mut Values, stored: &Stored, item: &InventoryValue, defaults: &Defaults) {
    match item {
        InventoryValue::Place(place) => place_values(values, place),
        InventoryValue::Usb(usb) => {
            // A root hub's serial is the address of its controller: equal in every machine of one model.
            let root_hub = usb.id.starts_with("1d6b:") || usb.path.starts_with("usb");
            if let Some(serial) = usb.serial.as_ref().filter(|serial| !root_hub && defaults.is_serial(serial))
            {
                values.add_digest(LinkKind::UsbSerial, &[&usb.id, serial], &usb.id);
            }
        }
        InventoryValue::Display(display) => {
            let serial = display.serial.as_ref().filter(|serial| defaults.is_serial(serial));
            if let (Some(id), Some(serial)) = (&display.id, serial) {
                values.add_digest(LinkKind::DisplaySerial, &[id, serial], id);
            }
        }
        InventoryValue::Software(software) => {
            let approved = is_approved(stored, &software.product);
            for name in &software.answers_to {
                let kind = name.split(' ').next().unwrap_or_default();
                let end = if approved { " approved" } else { "" };
                let detail = format!("{} {kind}{end}", software.product);
                values.add_digest(LinkKind::Account, &[&software.product, name], &detail);
            }
        }
        InventoryValue::Hardware(hardware) => hardware_values(values, hardware),
        InventoryValue::FirstInstalls(_) => {} // counted against the fleet's, see `install_values`
    }
}

fn place_values(values: &mut Values, place: &PlaceItem) {
    if let Some(gateway) = &place.gateway {
        values.add(LinkKind::Gateway, gateway, "");
    }
    let lists = [
        (LinkKind::Interface, &place.interfaces),
        (LinkKind::Neighbour, &place.neighbours),
        (LinkKind::Kvm, &place.kvm_neighbours),
    ];
    for (kind, list) in lists {
        for value in list {
            values.add(kind, value, "");
        }
    }
}

fn hardware_values(values: &mut Values, hardware: &HardwareItem) {
    let single = [
        (LinkKind::System, &hardware.system),
        (LinkKind::Board, &hardware.board),
        (LinkKind::Panel, &hardware.panel),
    ];
    for (kind, value) in single {
        values.add(kind, value.as_deref().unwrap_or_default(), "");
    }
    for (kind, list) in [(LinkKind::Disk, &hardware.disks), (LinkKind::Nic, &hardware.interfaces)] {
        for value in list {
            values.add(kind, value, "");
        }
    }
}

/// The order of what was installed first, without what many of the fleet have: an onboarding script is no sign.
async fn install_values(app: &App, values: &mut Values, installs: &[String]) -> Result<(), StoreError> {
    if installs.len() < MIN_INSTALLS {
        return Ok(());
    }
    let hosts = app.store.install_hosts().await?;
    if hosts < MIN_BASELINE_HOSTS {
        return Ok(()); // no fleet to hold it against
    }
    let counts = app.store.install_counts(installs).await?;
    let is_own = |count: &u64| count.saturating_mul(BASELINE_PART) < hosts;
    let own: Vec<&str> = installs
        .iter()
        .zip(&counts)
        .filter(|(_, count)| is_own(count))
        .map(|(name, _)| name.as_str())
        .take(COMPARED_INSTALLS)
        .collect();
    if own.len() >= MIN_INSTALLS {
        values.add_digest(LinkKind::Installs, &own, "");
    }
    Ok(())
}

/// From how many devices on there is a baseline.
const MIN_BASELINE_HOSTS: u64 = 20;
/// What more than one in so many has is the fleet's own.
const BASELINE_PART: u64 = 5;
/// Least names before their order says anything.
const MIN_INSTALLS: usize = 5;
/// How many of them are compared.
const COMPARED_INSTALLS: usize = 20;

/// Whether policy approves what was found of a product on this device.
fn is_approved(stored: &Stored, product: &str) -> bool {
    let mut of_product = stored
        .report
        .findings
        .iter()
        .filter(|finding| finding.product.as_deref() == Some(product))
        .peekable();
    of_product.peek().is_some() && of_product.all(|finding| finding.approval.is_some())
}

/// The boot id of a message that was verified when it came.
fn boot_id_of(message: &bearing_store::StoredMessage) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&message.envelope.body_unverified().ok()?).ok()?;
    body.get("boot_id")?.as_str().map(str::to_owned)
}

/// The machine's start, where this is the first report of one. Its instant is the server's, to the minute.
async fn boot(app: &App, stored: &Stored) -> Result<Option<NewBoot>, StoreError> {
    let report = &stored.report;
    if report.reason != ReportReason::Start || report.boot_id.is_none() {
        return Ok(None);
    }
    let earlier = app.store.messages(&stored.device.id, Some(report.sequence), 2).await?;
    let stopped =
        earlier.iter().any(|message| message.kind == bearing_store::MessageKind::Checkin { stopping: true });
    if earlier.iter().filter_map(boot_id_of).any(|id| Some(id) == report.boot_id) {
        return Ok(None); // the agent was started again, not the machine
    }
    let to_the_minute = jiff::TimestampRound::new().smallest(jiff::Unit::Minute).mode(jiff::RoundMode::Trunc);
    let at = stored.message.received_at.round(to_the_minute).ok();
    Ok(at.map(|at| NewBoot { at, after_power_loss: !earlier.is_empty() && !stopped }))
}
