//! Devices that are gone, devices that changed, and approvals of one device.

use bearing_protocol::{
    Timestamp,
    digest::Digest,
    fact::{Display, Facts},
    finding::Finding,
    severity::{Confidence, Severity},
};

use super::{evaluate_kvm, usb_story, view::View};
use crate::{Catalogue, Policy, case::Case, catalogue::kvm::KvmCatalogue, detect::Draft, embedded, evaluate};

const WHEN: &str = "2026-11-22T02:10:00Z";

fn facts(path: &str) -> Facts {
    let (path, text) = embedded::CASES.iter().find(|(known, _)| *known == path).unwrap();
    Case::parse(path, text).unwrap().facts().unwrap()
}

fn findings(facts: &Facts) -> Vec<Draft> {
    evaluate_kvm(facts, KvmCatalogue::shared()).findings
}

/// The same machine after its device is gone.
fn gone(mut facts: Facts, how: &str) -> Facts {
    let place = format!("1-1@{WHEN}");
    for device in facts.usb.iter_mut().filter(|device| device.path == "1-1") {
        device.path.clone_from(&place);
        device.provenance = Some(how.into());
        device.last_seen = Some(WHEN.parse().unwrap());
    }
    let here = |path: &mut Option<String>| {
        if path.as_deref() == Some("1-1") {
            *path = Some(place.clone());
        }
    };
    facts.hid.iter_mut().for_each(|hid| here(&mut hid.usb_path));
    facts.storage.iter_mut().for_each(|drive| here(&mut drive.usb_path));
    facts
}

fn merged(mut one: Facts, other: Facts) -> Facts {
    one.usb.extend(other.usb);
    one.hid.extend(other.hid);
    one.storage.extend(other.storage);
    one
}

#[test]
fn a_unit_that_was_there_at_night_is_found_as_surely_in_the_morning() {
    let there = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
    let present = findings(&there);
    let past = findings(&gone(there, "journal"));
    assert_eq!(past.len(), 1);
    assert_eq!((past[0].severity, past[0].confidence), (present[0].severity, present[0].confidence));
    assert_eq!(past[0].cause, present[0].cause);
    let title = &past[0].title;
    assert!(title.contains(" at 1-1 was an IP-KVM in disguise (JetKVM)"), "{title}");
    assert!(title.contains(WHEN) && !title.contains('@'), "{title}");
}

#[test]
fn a_copied_listing_shows_what_was_there() {
    let mut listed = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
    let live = findings(&listed);
    listed.usb[0].provenance = Some("collection".into());
    let found = findings(&listed);
    assert_eq!((&found[0].title, found[0].confidence), (&live[0].title, live[0].confidence));
}

#[test]
fn what_a_system_merely_remembers_is_less_sure() {
    for how in ["udev-database", "usbguard", "kernel-log", "registry", "setupapi"] {
        let found = findings(&gone(facts("cases/KV-01/hit-pikvm-default.toml"), how));
        assert_eq!(found[0].confidence, Confidence::Low, "{how}");
        assert!(found[0].title.contains(&format!("as {how} remembers")), "{}", found[0].title);
        assert!(found[0].title.contains(" was "), "{}", found[0].title);
    }
}

#[test]
fn a_unit_that_changes_its_name_is_one_story_with_both_names() {
    let before = gone(facts("cases/KV-01/hit-jetkvm-default.toml"), "journal");
    let now = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
    let found = findings(&merged(now.clone(), before));
    assert_eq!(found.len(), 1, "{:?}", found.iter().map(|f| &f.title).collect::<Vec<_>>());
    assert_eq!(found[0].subject, "usb:1-1");
    assert!(
        found[0].evidence.iter().any(|e| e.value.contains("JetKVM") && e.why.contains(WHEN)),
        "{:?}",
        found[0]
    );
    assert!(found[0].evidence.len() > findings(&now)[0].evidence.len());
}

#[test]
fn another_port_or_another_build_is_another_story() {
    let before = gone(facts("cases/KV-01/hit-pikvm-default.toml"), "journal");
    let mut honest = facts("cases/KV-01/miss-honest-dell.toml");
    let found = findings(&merged(honest.clone(), before.clone()));
    assert_eq!(found.len(), 1);
    assert!(found[0].title.contains("was"), "{}", found[0].title);
    honest.usb[0].path = "2-3".into();
    assert_eq!(findings(&merged(honest, before)).len(), 1);
}

#[test]
fn an_honest_keyboard_that_was_unplugged_is_no_finding() {
    for how in ["journal", "registry"] {
        assert!(findings(&gone(facts("cases/KV-01/miss-honest-dell.toml"), how)).is_empty());
    }
}

#[test]
fn a_past_display_is_told_in_the_past_and_never_the_only_one_in_use() {
    let mut pikvm = facts("cases/KV-02/hit-pikvm-edid.toml");
    let remember = |display: &mut Display| {
        display.connected = Some(false);
        display.provenance = Some("journal".into());
        display.last_seen = WHEN.parse::<Timestamp>().ok();
    };
    pikvm.displays.iter_mut().for_each(remember);
    let found = findings(&pikvm);
    assert_eq!(found[0].severity, Some(Severity::Critical));
    assert!(found[0].title.contains("was the display that PiKVM ships, last seen"), "{}", found[0].title);
    let mut capture = facts("cases/KV-06/hit-capture-only-display.toml");
    capture.displays.iter_mut().for_each(remember);
    assert!(findings(&capture).is_empty());
}

fn approved(facts: &Facts, policy: &str) -> Vec<Finding> {
    let policy = Policy::from_toml(policy).unwrap();
    let now = "2026-11-22T10:00:00Z".parse().unwrap();
    evaluate(facts, &Catalogue::embedded(), &policy, now)
        .findings
        .into_iter()
        .filter(|f| f.rule.as_str().starts_with("KV"))
        .collect()
}

fn approval(fields: &str) -> String {
    format!(
        "name = \"lab\"\nversion = 1\n[[approval]]\nproduct = \"jetkvm\"\nowner = \"lab\"\nreason = \"bench\"\nexpires = \"2027-01-01\"\n{fields}"
    )
}

fn digest_of(facts: &Facts) -> Digest {
    View::all(facts).iter().find(|view| view.location == "1-1").unwrap().digest().unwrap()
}

#[test]
fn an_approval_covers_the_one_device_it_names() {
    let there = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
    let serial = there.usb[0].serial.clone().unwrap();
    let digest = digest_of(&there);
    let device = |port: &str, serial: &str, digest: Digest| {
        approval(&format!(
            "device = {{ vendor_id = \"413c\", product_id = \"2011\", serial = \"{serial}\", port = \"{port}\", \
             descriptor_digest = \"{digest}\" }}\n"
        ))
    };
    let covered = |facts: &Facts, policy: &str| approved(facts, policy)[0].approval.is_some();
    assert!(covered(&there, &device("1-1", &serial, digest)));
    assert!(!covered(&there, &device("1-2", &serial, digest)));
    assert!(!covered(&there, &device("1-1", "another", digest)));
    assert!(!covered(&there, &device("1-1", &serial, Digest::of(b"another build"))));
    assert!(!covered(&there, &approval("")), "a product alone covers no device that can be plugged in");
    let hashed = device("1-1", &serial, digest).replace(
        &format!("serial = \"{serial}\""),
        &format!("serial_sha256 = \"{}\"", Digest::of(serial.as_bytes())),
    );
    assert!(covered(&there, &hashed));
    // The digest that the finding shows is the one that approves.
    let shown = approved(&there, &device("1-1", &serial, digest));
    assert!(shown[0].evidence.iter().any(|e| e.value == digest.to_string()));
}

#[test]
fn a_second_unit_of_the_same_build_is_not_approved_with_the_first() {
    let one = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
    let serial = one.usb[0].serial.clone().unwrap();
    let policy = approval(&format!(
        "device = {{ vendor_id = \"413c\", product_id = \"2011\", serial = \"{serial}\", port = \"1-1\", descriptor_digest = \
         \"{}\" }}\n",
        digest_of(&one)
    ));
    let mut two = one.clone();
    two.usb[0].path = "1-2".into();
    two.hid.iter_mut().for_each(|hid| hid.usb_path = Some("1-2".into()));
    two.storage.iter_mut().for_each(|drive| drive.usb_path = Some("1-2".into()));
    assert!(approved(&one, &policy)[0].approval.is_some());
    let both = approved(&merged(one, two), &policy);
    assert!(both.iter().any(|finding| finding.approval.is_none()), "{both:?}");
}

#[test]
fn an_approval_of_hardware_without_a_device_is_refused_and_says_how() {
    let text = approval("rule = \"KV-03\"\n");
    let error = Policy::from_toml(&text).unwrap_err().to_string();
    assert!(error.contains("descriptor_digest") && error.contains("explain usb"), "{error}");
    for rule in ["KV-02", "KV-06", "KV-07", "KV-09"] {
        assert!(Policy::from_toml(&approval(&format!("rule = \"{rule}\"\n"))).is_ok(), "{rule}");
    }
    let bad = approval(
        "device = { vendor_id = \"413\", product_id = \"2011\", port = \"1-1\", descriptor_digest = \"sha256:00\" }\n",
    );
    assert!(Policy::from_toml(&bad).is_err());
}

#[test]
fn displays_and_neighbours_are_approved_by_product() {
    let shown = approved(&facts("cases/KV-02/hit-acer-disguise.toml"), &approval(""));
    assert!(shown[0].approval.is_some());
    let near = approved(&facts("cases/KV-07/hit-jetkvm-neighbour.toml"), &approval(""));
    assert!(near[0].approval.is_some());
}

#[test]
fn the_disproof_is_about_this_device() {
    let there = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
    let finding = &approved(&there, "name = \"x\"\nversion = 1\n")[0];
    assert!(finding.disproof.contains("port 1-1"), "{}", finding.disproof);
    assert!(finding.disproof.contains("open the drive"), "{}", finding.disproof);
    let catalogue = KvmCatalogue::shared();
    let views = View::all(&there);
    assert!(usb_story(&views[0], &there, catalogue).told(catalogue).unwrap().disproof.is_some());
}
