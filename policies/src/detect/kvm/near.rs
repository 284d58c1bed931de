//! What is near on the network (KV-07): addresses the kernel knows already, and names that were announced to everybody.
//!
//! Always: nothing is asked of the network. An address range alone is little, a name alone may be anybody's joke; both
//! at one address are one device. One story for a product line.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use bearing_protocol::{
    coverage::Source,
    fact::{Facts, HeardName},
};

use super::{
    past::Known,
    piece::{Pieces, Seen, Weight},
    story::{Head, Story},
};
use crate::catalogue::kvm::KvmCatalogue;

/// A story for each product line that is near.
pub(super) fn neighbours(facts: &Facts, catalogue: &KvmCatalogue) -> Vec<Story> {
    let mut stories: BTreeMap<String, (Story, Weight)> = BTreeMap::new();
    for neighbour in &facts.network.neighbours {
        let Some(entry) = catalogue.oui(&neighbour.mac) else { continue };
        let Some(number) = catalogue.entries().iter().position(|known| known == entry) else { continue };
        let seen = Seen {
            source: Source::Neighbours,
            location: &neighbour.interface,
            field: "hardware address, first half",
            value: neighbour.mac.chars().take(8).collect(),
        };
        add(&mut stories, catalogue, number, Weight::AddressRange, seen);
    }
    for heard in &facts.network.heard {
        let Some((number, weight, told)) = named(heard, facts, catalogue) else { continue };
        let seen = Seen {
            source: Source::HeardNames,
            location: heard.interface.as_deref().unwrap_or("local network"),
            field: "name announced on the network",
            value: told,
        };
        add(&mut stories, catalogue, number, weight, seen);
    }
    stories.into_values().map(|(story, _)| story).collect()
}

/// Hardware addresses of neighbours that KV-07 takes for remote-control hardware: by their own range, or by a name that
/// agrees with a shared one.
pub(super) fn addresses(facts: &Facts, catalogue: &KvmCatalogue) -> BTreeSet<String> {
    let by_range = facts.network.neighbours.iter().filter(|found| catalogue.oui(&found.mac).is_some());
    let by_name = facts.network.heard.iter().filter_map(|heard| {
        let (number, weight, _) = named(heard, facts, catalogue)?;
        let address = heard.address.filter(|_| weight == Weight::NameAndAddress)?;
        macs(address, facts).find(|mac| catalogue.address_agrees(mac, number)).map(str::to_owned)
    });
    by_range.map(|found| found.mac.clone()).chain(by_name).collect()
}

/// The entry a heard name points at, how strongly, and the name as far as it is no unit's own.
fn named(heard: &HeardName, facts: &Facts, catalogue: &KvmCatalogue) -> Option<(usize, Weight, String)> {
    let name = heard.name.trim_end_matches('.').to_lowercase();
    let in_name = name.split_once("._").map(|(_, rest)| format!("_{}", rest.trim_end_matches(".local")));
    let services = heard.service.iter().cloned().chain(in_name);
    let service = services.into_iter().find_map(|service| {
        let service = service.trim_end_matches('.').trim_end_matches(".local").to_owned();
        Some((catalogue.service(&service)?, service))
    });
    let label = name.split('.').next().unwrap_or_default();
    let host = catalogue.host_name(label);
    let (number, weak, weight, told) = match (service, host) {
        (Some((number, service)), _) => (number, false, Weight::Service, service),
        (None, Some((number, weak))) => (number, weak, Weight::HostName, constant_part(label)),
        (None, None) => return None,
    };
    let agrees = heard
        .address
        .is_some_and(|address| macs(address, facts).any(|mac| catalogue.address_agrees(mac, number)));
    match (agrees, weak) {
        (true, _) => Some((number, Weight::NameAndAddress, told)),
        (false, true) => None,
        (false, false) => Some((number, weight, told)),
    }
}

/// `pikvm-1a2b3c` names one unit: `pikvm-…`.
fn constant_part(label: &str) -> String {
    label.split_once('-').map_or_else(|| label.to_owned(), |(start, _)| format!("{start}-…"))
}

fn macs(address: IpAddr, facts: &Facts) -> impl Iterator<Item = &str> {
    let here = facts.network.neighbours.iter().filter(move |neighbour| neighbour.address == address);
    here.map(|neighbour| neighbour.mac.as_str())
}

fn add(
    stories: &mut BTreeMap<String, (Story, Weight)>,
    catalogue: &KvmCatalogue,
    number: usize,
    weight: Weight,
    seen: Seen<'_>,
) {
    let Some(entry) = catalogue.entry(number) else { return };
    let label = &entry.label;
    let why = match weight {
        Weight::NameAndAddress => {
            format!(
                "{label} announces this name, and the address it came from is of its range: one device is both"
            )
        }
        Weight::Service => {
            format!("only {label} announces this; near on the network is not attached to this machine")
        }
        Weight::HostName => format!("a host name as {label} has it; anybody may take one"),
        _ => format!(
            "the address range of {}; near on the network is not attached to this machine",
            entry.name
        ),
    };
    let opening = match weight {
        Weight::NameAndAddress => format!("A neighbour on the network is {label} by name and address"),
        Weight::Service | Weight::HostName => format!("A neighbour on the network calls itself {label}"),
        _ => format!("A neighbour on the network has an address of {label}"),
    };
    let (story, strongest) = stories.entry(entry.family.clone()).or_insert_with(|| {
        let story = Story {
            subject: format!("network:{}", entry.family),
            head: Head::Said(opening.clone()),
            opening: opening.clone(),
            shape: format!("neighbour {}", entry.family),
            pieces: Pieces::new(catalogue),
            ids: None,
            port: None,
            known: Known::Present,
            device: None,
        };
        (story, weight)
    });
    if story.pieces.at(weight) {
        return;
    }
    let piece = story.pieces.add(weight, seen, why).of(number, 100);
    let points = piece.points;
    if points > story.pieces.scoring().points(*strongest) {
        *strongest = weight;
        story.opening = opening.clone();
        story.head = Head::Said(opening);
    }
}
