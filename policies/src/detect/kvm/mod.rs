//! Remote-control hardware: an IP-KVM, whatever it calls itself (KV-01 … KV-09).
//!
//! Always: judged by what survives a disguise: report descriptors by bytes and by meaning, fixed fields of the
//! kernel's gadget code, what else the device does, the display it pretends to be. Strings only ever add. All pieces
//! on one physical device are one finding, and a display that points at the same hardware joins it. Whatever was
//! not read is absent and never counts as innocent or guilty.
//! Never here: timing of input, probing of the network.

mod descriptor;
mod display;
mod function;
mod identity;
mod machine;
mod near;
mod past;
mod piece;
mod severity;
mod story;
mod title;
mod view;

use bearing_protocol::{
    coverage::Source,
    fact::{Facts, MachineKind, UsbSpeed},
    outcome::Outcome,
    severity::Severity,
    text::truncate,
};

pub use display::DisplayView;
pub use past::{Known, port_of};
pub use piece::{Heuristic, Kind, Piece, Pieces, Weight};
pub use story::{Head, Story, Told};
pub use view::{HidView, InterfaceView, View, triplet_text};

use super::{Context, Draft};
use crate::{
    catalogue::kvm::{ContextKind, KvmCatalogue, Standing},
    policy::{DeviceScope, Scope},
};

/// What an evaluation of the hardware came to.
#[derive(Clone, Debug, Default)]
pub struct KvmEvaluation {
    /// Findings, gravest first.
    pub findings: Vec<Draft>,
    /// The same with what approvals and people need beside them.
    pub told: Vec<Told>,
    /// Rules whose facts were read and do not settle them, with the reason.
    pub notes: Vec<(&'static str, Outcome, String)>,
}

/// Judges the hardware in `facts`.
pub fn evaluate_kvm(facts: &Facts, catalogue: &KvmCatalogue) -> KvmEvaluation {
    let views = View::all(facts);
    let mut usb = past::united(views.iter().map(|view| usb_story(view, facts, catalogue)).collect());
    let displays = display_stories(facts, catalogue);
    let mut rest = Vec::new();
    for story in displays {
        match partner(&usb, &story).and_then(|index| usb.get_mut(index)) {
            Some(partner) => partner.join(story),
            None => rest.push(story),
        }
    }
    usb.extend(rest);
    usb.extend(machine::management_controller(facts, catalogue));
    usb.extend(machine::shut_and_silent(facts, catalogue));
    usb.extend(near::neighbours(facts, catalogue));
    usb.sort_by_key(|story| (std::cmp::Reverse(story.severity()), std::cmp::Reverse(story.score())));
    let told: Vec<Told> = usb.into_iter().filter_map(|story| story.told(catalogue)).collect();
    KvmEvaluation {
        findings: told.iter().map(|told| told.draft.clone()).collect(),
        told,
        notes: notes(facts, &views),
    }
}

/// The detector: evaluates and reports.
/// Hardware addresses of neighbours that KV-07 takes for remote-control hardware.
pub fn near_addresses(facts: &Facts) -> std::collections::BTreeSet<String> {
    near::addresses(facts, KvmCatalogue::shared())
}

pub(super) fn detect(context: &mut Context<'_>) {
    let evaluation = evaluate_kvm(context.facts, KvmCatalogue::shared());
    for (rule, outcome, reason) in evaluation.notes {
        context.settle(rule, outcome, reason);
    }
    let asked = OFF_BY_DEFAULT.parse().is_ok_and(|rule| context.policy.opts_into(rule));
    if !asked {
        context.settle(
            OFF_BY_DEFAULT,
            Outcome::NotChecked,
            "off by default: policy has to name it in `opt_in`",
        );
    }
    for told in evaluation.told {
        if told.draft.rule == OFF_BY_DEFAULT && !asked {
            continue;
        }
        let scope = Scope { device: told.device, ..Scope::default() };
        context.report_story(told.draft, &[scope], told.disproof);
    }
}

/// Everything about one device.
pub fn usb_story(view: &View<'_>, facts: &Facts, catalogue: &KvmCatalogue) -> Story {
    let mut pieces = Pieces::new(catalogue);
    let kind = facts.machine.kind;
    let virtual_machine = kind == MachineKind::Vm || facts.machine.hypervisor.is_some();
    identity::identity(view, catalogue, kind, &mut pieces);
    descriptor::descriptor(view, catalogue, virtual_machine, &mut pieces);
    function::function(view, catalogue, &mut pieces);
    usb_network_card(view, catalogue, &mut pieces);
    desk_switch(view, catalogue, &mut pieces);
    weigh_context(view, facts, catalogue, &mut pieces);
    let kind = if view.usb.is_some() { "USB device" } else { "HID device" };
    let known =
        Known::of(view.usb.and_then(|usb| usb.provenance.as_deref()), view.usb.and_then(|usb| usb.last_seen));
    let verb = if known.is_present() { "calls itself" } else { "called itself" };
    let port = port_of(&view.location).to_owned();
    let ids = (view.vendor_id, view.product_id);
    Story {
        subject: view.subject.clone(),
        opening: format!("{kind} {port} {verb} {}", view.calls_itself()),
        head: Head::Device(noun(view, &port)),
        shape: view.shape(),
        pieces,
        device: Some(DeviceScope {
            vendor_id: ids.0,
            product_id: ids.1,
            serial: view.usb.and_then(|usb| usb.serial.clone()),
            port: port.clone(),
            descriptor_digest: view.digest(),
        }),
        ids: Some(ids),
        port: view.usb.is_some().then_some(port),
        known,
    }
}

/// `Dell Multimedia Pro Keyboard 413c:2011 at 1-1`.
fn noun(view: &View<'_>, port: &str) -> String {
    let said = view.calls_itself();
    let ids = format!("{:04x}:{:04x}", view.vendor_id, view.product_id);
    let name = said.strip_suffix(&format!(" ({ids})")).unwrap_or_default();
    let name = truncate(name, MAX_TITLE_NAME_BYTES);
    if name.is_empty() { format!("USB device {ids} at {port}") } else { format!("{name} {ids} at {port}") }
}

/// A switch on the desk points at positions too: where the ids are a known one's, the finding says so.
fn desk_switch(view: &View<'_>, catalogue: &KvmCatalogue, pieces: &mut Pieces) {
    let mut identities = catalogue.identities(view.vendor_id, view.product_id);
    let Some(switch) = identities.find(|identity| identity.standing == Standing::Switch) else { return };
    let name = catalogue.label(switch.entry);
    for piece in &mut pieces.0 {
        if piece.heuristic == Heuristic::KeyboardWithAbsolutePointer {
            piece.evidence.why = format!(
                "{}; its ids are those of {name}, a switch between computers on one desk, which is built so (ids can be \
                 copied)",
                piece.evidence.why
            );
            piece.phrase = format!("{}, as the desk switch does whose ids it has ({name})", piece.phrase);
        }
    }
}

/// Pieces that say nothing here: a server's own controller, technology that people need.
fn weigh_context(view: &View<'_>, facts: &Facts, catalogue: &KvmCatalogue, pieces: &mut Pieces) {
    let server = facts.machine.kind == MachineKind::Server || facts.machine.bmc == Some(true);
    let server_room = pieces
        .0
        .iter()
        .any(|p| matches!(p.heuristic, Heuristic::ManagementController | Heuristic::EnterpriseKvm));
    let scoring = catalogue.scoring();
    let table = &scoring.context;
    let mut silent: Vec<Heuristic> = Vec::new();
    if server && server_room {
        silent.extend(&table.silent_on_server);
    }
    let names: Vec<&str> = view
        .usb
        .into_iter()
        .flat_map(|usb| [usb.manufacturer.as_deref(), usb.product.as_deref()])
        .chain(view.hids.iter().map(|hid| hid.device.name.as_deref()))
        .flatten()
        .collect();
    let assistive = catalogue
        .context(view.vendor_id, view.product_id, &names)
        .filter(|(kind, _)| *kind == ContextKind::Assistive);
    if let Some((_, name)) = assistive {
        // A name on the list is no pass: only what its being a keyboard with a pointer would say falls silent, and
        // only on a device that is nothing else. Such aids are microcontrollers at full speed; a drive, a KVM's own
        // marks or descriptors, or the speed of a whole computer still count.
        let own = &table.silent_on_assistive;
        let more = pieces.0.iter().any(|p| p.points >= table.more && !own.contains(&p.heuristic))
            || pieces.points(Heuristic::ShippedDescriptor) >= table.more
            || view.speed().is_some_and(|speed| speed >= UsbSpeed::High);
        if !more {
            silent.extend(own);
        }
        for piece in &mut pieces.0 {
            if silent.contains(&piece.heuristic) {
                piece.evidence.why = format!("{}; on the reviewed list: {name}", piece.evidence.why);
            }
        }
    }
    for piece in pieces.0.iter_mut().filter(|piece| silent.contains(&piece.heuristic)) {
        piece.points = 0;
        if piece.kind != Kind::Enterprise {
            piece.phrase.clear();
        }
    }
}

/// A network card of a KVM's own address range, on the device itself.
fn usb_network_card(view: &View<'_>, catalogue: &KvmCatalogue, pieces: &mut Pieces) {
    for card in &view.network {
        let Some(entry) = card.mac.as_deref().and_then(|mac| catalogue.oui(mac)) else { continue };
        let seen = piece::Seen {
            source: Source::Interfaces,
            location: &card.name,
            field: "hardware address",
            value: "first half only".to_owned(),
        };
        pieces.add(
            Weight::OwnNetworkCard,
            seen,
            format!("the network card on this device has an address of {}", entry.label),
        );
    }
}

/// Everything about each display.
pub fn display_stories(facts: &Facts, catalogue: &KvmCatalogue) -> Vec<Story> {
    let views = DisplayView::all(facts);
    let in_use = facts
        .displays
        .iter()
        .filter(|d| display::is_present(d) && d.enabled != Some(false))
        .filter(|d| d.connected == Some(true) || !d.edid.is_empty())
        .count();
    views
        .iter()
        .map(|view| {
            let own = usize::from(display::is_present(view.display) && view.display.enabled != Some(false));
            let mut pieces = Pieces::new(catalogue);
            display::display(view, in_use.saturating_sub(own), facts, catalogue, &mut pieces);
            let known = Known::of(view.display.provenance.as_deref(), view.display.last_seen);
            let verb = if known.is_present() { "calls itself" } else { "called itself" };
            let connector = port_of(&view.display.connector);
            Story {
                subject: format!("display:{}", view.display.connector),
                opening: format!("Display {connector} {verb} {}", view.calls_itself()),
                head: Head::Display(format!("Display {connector} ({})", view.calls_itself())),
                shape: view.edid.shape_sha256.clone(),
                pieces,
                ids: None,
                port: None,
                known,
                device: None,
            }
        })
        .collect()
}

/// The USB story that a display's evidence belongs to: both have to point at remote control.
fn partner(usb: &[Story], display: &Story) -> Option<usize> {
    let enough = |story: &Story| story.severity().is_some_and(|severity| severity >= Severity::Medium);
    let server_room = |story: &Story| story.pieces.kind_points(Kind::Enterprise) > 0;
    if !enough(display) {
        return None;
    }
    usb.iter()
        .enumerate()
        .filter(|(_, story)| enough(story) && story.known.is_witnessed() && display.known.is_witnessed())
        .filter(|(_, story)| server_room(story) == server_room(display))
        .max_by_key(|(index, story)| (story.severity(), story.score(), std::cmp::Reverse(*index)))
        .map(|(index, _)| index)
}

/// Rules whose facts are there and do not settle them.
fn notes(facts: &Facts, views: &[View<'_>]) -> Vec<(&'static str, Outcome, String)> {
    let mut notes = Vec::new();
    let unread: usize = views
        .iter()
        .map(|view| {
            let hid = view.interfaces.iter().filter(|i| i.triplet.0 == 3).count();
            hid.saturating_sub(view.hids.len())
        })
        .sum();
    // What ends early may hide what follows: read as far as it goes, and never a pass.
    let cut = views.iter().flat_map(|view| &view.hids).filter(|hid| hid.error.is_some()).count();
    if unread + cut > 0 {
        let reason =
            format!("{} HID interface(s) whose report descriptor could not be read to its end", unread + cut);
        notes.push(("KV-03", Outcome::Unknown, reason));
    }
    let raw = views
        .iter()
        .filter(|v| v.usb.is_some() && v.is_input())
        .filter(|v| v.descriptors.is_none() || v.descriptor_error.is_some())
        .count();
    if raw > 0 {
        let reason = format!("{raw} input device(s) whose raw descriptors could not be read");
        notes.push(("KV-04", Outcome::Unknown, reason));
    }
    let broken = facts
        .displays
        .iter()
        .filter(|d| match d.edid.as_slice() {
            [] => d.connected == Some(true),
            edid => bearing_descriptors::edid::parse(edid).is_err(),
        })
        .count();
    if broken > 0 {
        notes.push(("KV-02", Outcome::Unknown, format!("{broken} display(s) whose EDID cannot be read")));
    }
    if let Some(version) = &facts.machine.management_engine {
        let reason = format!(
            "Intel's management engine is there ({version}); whether its remote control is provisioned cannot be told \
             from here"
        );
        notes.push(("KV-09", Outcome::Unknown, reason));
    } else if matches!(facts.machine.kind, MachineKind::Laptop | MachineKind::Desktop) {
        let reason = "Intel's management engine does not show here: whether its remote control is in use was not checked";
        notes.push(("KV-09", Outcome::NotChecked, reason.to_owned()));
    }
    if facts.machine.kind != MachineKind::Laptop {
        let reason = format!("a {} machine has no lid to shut", facts.machine.kind.as_str());
        notes.push(("KV-08", Outcome::NotApplicable, reason));
    } else if facts.presence.is_none() {
        notes.push(("KV-08", Outcome::NotChecked, "no days were counted yet".to_owned()));
    }
    notes
}

/// Comes near to watching presence: applied only where policy opts in.
const OFF_BY_DEFAULT: &str = "KV-08";
/// Longest name of a device in a title.
const MAX_TITLE_NAME_BYTES: usize = 60;

#[cfg(test)]
mod case_tests;

#[cfg(test)]
mod form_tests;

#[cfg(test)]
mod catalogue_tests;

#[cfg(test)]
mod gadget_form;

#[cfg(test)]
mod mutation_tests;

#[cfg(test)]
mod past_tests;
