//! A descriptor database of genuine devices, learned from an organisation's own fleet: proposals for a person to review.
//!
//! Always: a device that shows any evidence of remote control, on any machine, is never proposed, and neither are its
//! ids; no serial and no name of a machine is in what comes out; what comes out is marked as not reviewed, and the
//! catalogue refuses it until a person has changed that. Deterministic: the order of the fleet plays no part.
//! Never here: files, the tenant's key (the caller brings a function).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use bearing_protocol::{
    fact::{Facts, UsbSpeed},
    severity::Severity,
    text::printable,
};

use super::KvmCatalogue;
use crate::detect::kvm::{View, triplet_text, usb_story};

/// One machine of the fleet.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// What tells machines apart; never comes out.
    pub device: &'a str,
    /// What was read there.
    pub facts: &'a Facts,
}

/// How digests of report descriptors are keyed.
#[derive(Clone, Copy)]
pub struct Keying<'a> {
    /// The key's id, which comes out beside the digests.
    pub id: &'a str,
    /// HMAC under the tenant's key, of a digest in hex.
    pub keyed: &'a dyn Fn(&str) -> String,
}

/// What is asked of a device before it is proposed.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// On how many machines it must have been seen.
    pub machines: usize,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { machines: 3 }
    }
}

/// How one device (vendor and product id) is built, everywhere it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// idVendor.
    pub vendor_id: u16,
    /// idProduct.
    pub product_id: u16,
    /// iManufacturer, where all units say the same.
    pub manufacturer: Option<String>,
    /// iProduct, where all units say the same.
    pub product: Option<String>,
    /// On how many machines it was seen.
    pub seen_on: usize,
    /// The sets of descriptors seen, the most frequent first.
    pub sets: Vec<DescriptorSet>,
    /// The key its digests are under.
    pub key: Option<String>,
}

/// One way in which a device of these ids is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptorSet {
    /// On how many machines.
    pub seen_on: usize,
    /// How it is built.
    pub shape: Shape,
}

/// How a device is built: nothing of it belongs to one unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// Class triplets with blanks between.
    pub interfaces: String,
    /// Speed, where known.
    pub speed: Option<UsbSpeed>,
    /// bcdHID values, where the raw descriptors were read.
    pub hid_releases: BTreeSet<u16>,
    /// Whether it has a serial.
    pub serial_present: bool,
    /// bcdDevice.
    pub device_release: u16,
    /// bMaxPower, mA.
    pub max_power_ma: Option<u16>,
    /// Digests of its report descriptors (keyed where a key was given) with their meaning.
    pub descriptors: BTreeSet<(String, String)>,
    /// Whether every HID interface's report descriptor was read.
    pub complete: bool,
}

/// Why a device is not proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It shows evidence of remote control on some machine.
    Evidence(Severity),
    /// It was seen on fewer machines than asked for.
    TooFew(usize),
    /// No machine's report descriptors were read: nothing to compare with.
    Unread,
}

/// What a fleet shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Devices to review.
    pub proposals: Vec<Proposal>,
    /// Devices that are not proposed, by vendor and product id, and why.
    pub refused: Vec<((u16, u16), Refusal)>,
}

#[derive(Default)]
struct Gathered<'a> {
    machines: BTreeSet<&'a str>,
    shapes: BTreeMap<Shape, BTreeSet<&'a str>>,
    names: BTreeSet<(Option<String>, Option<String>)>,
    evidence: Option<Severity>,
}

/// Learns from `fleet` what genuine input devices look like.
pub fn learn<'a>(
    fleet: impl IntoIterator<Item = Member<'a>>,
    catalogue: &KvmCatalogue,
    key: Option<Keying<'_>>,
    threshold: Threshold,
) -> Learned {
    let mut gathered: BTreeMap<(u16, u16), Gathered<'a>> = BTreeMap::new();
    for member in fleet {
        for view in View::all(member.facts).iter().filter(|view| view.has_hid()) {
            let Some(usb) = view.usb else { continue };
            let of_ids = gathered.entry((view.vendor_id, view.product_id)).or_default();
            let story = usb_story(view, member.facts, catalogue);
            of_ids.evidence = of_ids.evidence.max(story.severity().filter(|s| *s >= Severity::Low));
            of_ids.machines.insert(member.device);
            of_ids.shapes.entry(shape(view, key)).or_default().insert(member.device);
            let said =
                |text: &Option<String>| text.as_deref().map(|text| printable(text.trim(), MAX_NAME_CHARS));
            of_ids.names.insert((said(&usb.manufacturer), said(&usb.product)));
        }
    }
    let mut learned = Learned::default();
    for (ids, of_ids) in gathered {
        match refusal(&of_ids, threshold) {
            Some(why) => learned.refused.push((ids, why)),
            None => learned.proposals.push(proposal(ids, of_ids, key)),
        }
    }
    learned
}

fn refusal(gathered: &Gathered<'_>, threshold: Threshold) -> Option<Refusal> {
    if let Some(severity) = gathered.evidence {
        return Some(Refusal::Evidence(severity));
    }
    if gathered.machines.len() < threshold.machines {
        return Some(Refusal::TooFew(gathered.machines.len()));
    }
    gathered.shapes.keys().all(|shape| shape.descriptors.is_empty()).then_some(Refusal::Unread)
}

fn proposal(
    (vendor_id, product_id): (u16, u16),
    gathered: Gathered<'_>,
    key: Option<Keying<'_>>,
) -> Proposal {
    let mut sets: Vec<DescriptorSet> = gathered
        .shapes
        .into_iter()
        .map(|(shape, machines)| DescriptorSet { seen_on: machines.len(), shape })
        .collect();
    sets.sort_by(|a, b| b.seen_on.cmp(&a.seen_on).then_with(|| a.shape.cmp(&b.shape)));
    let (manufacturer, product) = match (gathered.names.first(), gathered.names.len()) {
        (Some(names), 1) => names.clone(),
        _ => (None, None),
    };
    Proposal {
        vendor_id,
        product_id,
        manufacturer,
        product,
        seen_on: gathered.machines.len(),
        sets,
        key: key.map(|key| key.id.to_owned()),
    }
}

fn shape(view: &View<'_>, key: Option<Keying<'_>>) -> Shape {
    let digest = |plain: &str| {
        key.map_or_else(|| format!("sha256:{plain}"), |key| format!("hmac:{}", (key.keyed)(plain)))
    };
    let interfaces: Vec<String> = view.interfaces.iter().map(|i| triplet_text(i.triplet)).collect();
    let hid_interfaces = view.interfaces.iter().filter(|i| i.triplet.0 == 3).count();
    let readable =
        view.hids.iter().filter(|hid| hid.error.is_none() && !hid.device.report_descriptor.is_empty());
    let descriptors: BTreeSet<(String, String)> = readable
        .map(|hid| {
            let meaning = hid.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            (digest(&hid.parsed.sha256), meaning)
        })
        .collect();
    let read = view.hids.iter().filter(|hid| !hid.device.report_descriptor.is_empty()).count();
    let usb = view.usb;
    Shape {
        interfaces: interfaces.join(" "),
        speed: view.speed(),
        hid_releases: view.interfaces.iter().filter_map(|i| i.hid).map(|hid| hid.hid_release).collect(),
        serial_present: usb
            .and_then(|usb| usb.serial.as_deref())
            .is_some_and(|serial| !serial.trim().is_empty()),
        device_release: usb.map_or(0, |usb| usb.device_release),
        max_power_ma: usb.and_then(|usb| usb.max_power_ma),
        descriptors,
        complete: hid_interfaces > 0 && read >= hid_interfaces,
    }
}

impl Proposal {
    /// The file's name in `catalogue/kvm/genuine`, without ending.
    pub fn id(&self) -> String {
        format!("learned-{:04x}-{:04x}", self.vendor_id, self.product_id)
    }

    /// As an entry of the catalogue, with `reviewed = false`: a person reads it and changes that.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut line = |part: std::fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            let _ = text.write_fmt(part);
            text.push('\n');
        };
        let shapes = || self.sets.iter().map(|set| &set.shape);
        line(format_args!(
            "# Learned from {} machine(s). Read it, ask who bought these devices, then set",
            self.seen_on
        ));
        line(format_args!("# `reviewed = true`: until then the catalogue refuses this file."));
        for (number, set) in (1_usize..).zip(&self.sets) {
            let shape = &set.shape;
            let speed = shape.speed.map_or("speed unknown", UsbSpeed::describe);
            let serial = if shape.serial_present { "a serial" } else { "no serial" };
            line(format_args!(
                "# set {number}, on {} machine(s): {}, {speed}, {serial}, bcdDevice {:04x}",
                set.seen_on, shape.interfaces, shape.device_release
            ));
            for (_, meaning) in &shape.descriptors {
                line(format_args!("#   {}", printable(meaning, MAX_MEANING_CHARS)));
            }
        }
        let name = match (&self.manufacturer, &self.product) {
            (None, None) => format!("Device {:04x}:{:04x} of this fleet", self.vendor_id, self.product_id),
            (maker, product) => {
                [maker.as_deref(), product.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
        };
        line(format_args!("id = {}", quoted(&self.id())));
        line(format_args!("name = {}", quoted(&name)));
        line(format_args!("reviewed = false"));
        line(format_args!("seen_on = {}", self.seen_on));
        line(format_args!("vendor_id = \"{:04x}\"", self.vendor_id));
        line(format_args!("product_id = \"{:04x}\"", self.product_id));
        for (field, value) in [("manufacturer", &self.manufacturer), ("product", &self.product)] {
            if let Some(value) = value {
                line(format_args!("{field} = {}", quoted(value)));
            }
        }
        let serials: BTreeSet<bool> = shapes().map(|shape| shape.serial_present).collect();
        if let (Some(present), 1) = (serials.first(), serials.len()) {
            line(format_args!("serial_present = {present}"));
        }
        let speeds: BTreeSet<UsbSpeed> = shapes().filter_map(|shape| shape.speed).collect();
        line(format_args!("speeds = {}", list(speeds.into_iter().map(speed_word).map(quoted))));
        let interfaces: BTreeSet<&str> = shapes().map(|shape| shape.interfaces.as_str()).collect();
        line(format_args!("interfaces = {}", list(interfaces.into_iter().map(quoted))));
        let releases: BTreeSet<u16> = shapes().flat_map(|shape| shape.hid_releases.iter().copied()).collect();
        line(format_args!("hid_releases = {}", list(releases.into_iter().map(|r| format!("\"0x{r:04x}\"")))));
        let powers: BTreeSet<u16> = shapes().filter_map(|shape| shape.max_power_ma).collect();
        line(format_args!("max_power_ma = {}", list(powers.into_iter().map(|p| p.to_string()))));
        let bcd: BTreeSet<u16> = shapes().map(|shape| shape.device_release).collect();
        line(format_args!("device_releases = {}", list(bcd.into_iter().map(|r| format!("\"0x{r:04x}\"")))));
        line(format_args!("descriptors_complete = {}", shapes().all(|shape| shape.complete)));
        if let Some(key) = &self.key {
            line(format_args!("key = {}", quoted(key)));
        }
        line(format_args!("confidence = \"fleet\""));
        line(format_args!("sources = [\"own fleet, {} machine(s)\"]", self.seen_on));
        let descriptors: BTreeSet<&(String, String)> =
            shapes().flat_map(|shape| &shape.descriptors).collect();
        for (digest, meaning) in descriptors {
            line(format_args!(""));
            line(format_args!("[[report_descriptor]]"));
            line(format_args!("role = {}", quoted(&printable(meaning, MAX_MEANING_CHARS))));
            line(format_args!("digest = {}", quoted(digest)));
        }
        text
    }
}

/// The word of `speeds` in a genuine entry.
pub(crate) const fn speed_word(speed: UsbSpeed) -> &'static str {
    match speed {
        UsbSpeed::Low => "low",
        UsbSpeed::Full => "full",
        UsbSpeed::High => "high",
        UsbSpeed::Super => "super",
        UsbSpeed::SuperPlus => "super-plus",
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

const MAX_NAME_CHARS: usize = 120;
const MAX_MEANING_CHARS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Case, embedded};

    fn facts(path: &str) -> Facts {
        let (path, text) = embedded::CASES.iter().find(|(known, _)| *known == path).unwrap();
        Case::parse(path, text).unwrap().facts().unwrap()
    }

    fn fleet(facts: &[Facts]) -> Learned {
        let names: Vec<String> = (0..facts.len()).map(|n| format!("machine-{n}")).collect();
        let members = names.iter().zip(facts).map(|(device, facts)| Member { device, facts });
        learn(members, KvmCatalogue::shared(), None, Threshold::default())
    }

    fn reviewed(text: &str) -> KvmCatalogue {
        let text = text.replace("reviewed = false", "reviewed = true");
        let mut files = embedded::KVM.to_vec();
        files.push(("catalogue/kvm/genuine/learned.toml", &text));
        KvmCatalogue::compile(&files).unwrap()
    }

    #[test]
    fn a_keyboard_on_three_machines_is_proposed_and_used_once_reviewed() {
        let honest = facts("cases/KV-01/miss-honest-dell.toml");
        let learned = fleet(&[honest.clone(), honest.clone(), honest.clone()]);
        let proposal = learned.proposals.first().unwrap();
        assert_eq!((proposal.vendor_id, proposal.seen_on), (0x413c, 3));
        let text = proposal.to_toml();
        for serial in honest.usb.iter().filter_map(|usb| usb.serial.as_deref()) {
            assert!(!text.contains(serial), "{text}");
        }
        let mut files = embedded::KVM.to_vec();
        files.push(("catalogue/kvm/genuine/learned.toml", &text));
        let refused = KvmCatalogue::compile(&files).unwrap_err();
        assert!(refused[0].message.contains("reviewed"), "{}", refused[0]);
        let catalogue = reviewed(&text);
        assert!(catalogue.genuine(proposal.vendor_id, proposal.product_id).is_some());
    }

    #[test]
    fn a_reviewed_keyboard_is_no_contradiction_and_its_imitation_is() {
        let honest = facts("cases/KV-01/miss-honest-dell.toml");
        let learned = fleet(&[honest.clone(), honest.clone(), honest.clone()]);
        let catalogue = reviewed(&learned.proposals[0].to_toml());
        assert!(crate::detect::kvm::evaluate_kvm(&honest, &catalogue).findings.is_empty());
        let (vendor, product) = (learned.proposals[0].vendor_id, learned.proposals[0].product_id);
        let mut imitation = facts("cases/KV-04/hit-keyboard-only.toml");
        (imitation.usb[0].vendor_id, imitation.usb[0].product_id) = (vendor, product);
        let found = crate::detect::kvm::evaluate_kvm(&imitation, &catalogue).findings;
        assert!(found[0].evidence.iter().any(|e| e.field.contains("genuine")), "{found:?}");
    }

    #[test]
    fn one_disguised_unit_keeps_its_ids_out_of_the_database() {
        let honest = facts("cases/KV-01/miss-honest-dell.toml");
        let mut disguised = facts("cases/KV-03/hit-dell-named-pikvm.toml");
        (disguised.usb[0].vendor_id, disguised.usb[0].product_id) =
            (honest.usb[0].vendor_id, honest.usb[0].product_id);
        let learned = fleet(&[honest.clone(), honest.clone(), honest, disguised]);
        assert!(learned.proposals.is_empty());
        assert!(
            matches!(learned.refused[0].1, Refusal::Evidence(Severity::Critical)),
            "{:?}",
            learned.refused
        );
    }

    #[test]
    fn two_machines_are_too_few_and_unread_descriptors_say_nothing() {
        let honest = facts("cases/KV-01/miss-honest-dell.toml");
        assert_eq!(fleet(&[honest.clone(), honest.clone()]).refused[0].1, Refusal::TooFew(2));
        let mut unread = honest;
        unread.hid.clear();
        assert_eq!(fleet(&[unread.clone(), unread.clone(), unread]).refused[0].1, Refusal::Unread);
    }

    #[test]
    fn keyed_digests_do_not_show_the_plain_ones() {
        let honest = facts("cases/KV-01/miss-honest-dell.toml");
        let keyed = |plain: &str| format!("k{}", plain.len());
        let members = ["a", "b", "c"].map(|device| Member { device, facts: &honest });
        let key = Keying { id: "key-7", keyed: &keyed };
        let learned = learn(members, KvmCatalogue::shared(), Some(key), Threshold::default());
        let text = learned.proposals[0].to_toml();
        assert!(text.contains("digest = \"hmac:k64\"") && text.contains("key = \"key-7\""), "{text}");
        assert!(!text.contains("sha256:"), "{text}");
        reviewed(&text);
    }

    #[test]
    fn the_order_of_the_fleet_plays_no_part() {
        let honest = facts("cases/KV-01/miss-honest-dell.toml");
        let mut newer = honest.clone();
        newer.usb[0].device_release = 0x0301;
        let one = fleet(&[honest.clone(), newer.clone(), honest.clone()]);
        let other = fleet(&[newer, honest.clone(), honest]);
        assert_eq!(one, other);
        assert_eq!(one.proposals[0].sets.len(), 2);
        assert_eq!(one.proposals[0].sets[0].seen_on, 2);
    }
}
