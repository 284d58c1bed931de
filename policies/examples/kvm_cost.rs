//! What the hardware rules cost: 64 USB devices and 1,000 displays, with today's catalogue and 10,000 devices more.
//! `cargo run --release -p bearing-policies --example kvm_cost`

use std::time::Instant;

use bearing_policies::{case::Case, catalogue::kvm::KvmCatalogue, detect::kvm::evaluate_kvm, embedded};
use bearing_protocol::fact::Facts;

/// Devices and displays of the machine that is judged.
const DEVICES: usize = 64;
const DISPLAYS: usize = 1_000;
const ROUNDS: u32 = 20;

fn main() {
    let started = Instant::now();
    let catalogue = KvmCatalogue::embedded();
    println!("compiling the catalogue: {:.2} ms", started.elapsed().as_secs_f64() * 1e3);
    let Some(facts) = machine() else {
        eprintln!("the built-in case cannot be read");
        return;
    };
    let large = KvmCatalogue::embedded_with(10_000);
    let base = cost(&facts, &catalogue);
    let with_more = cost(&facts, &large);
    println!("{DEVICES} USB devices and {DISPLAYS} displays: {base:.2} ms");
    println!("with 10,000 devices more: {with_more:.2} ms ({:.2} times)", with_more / base);
}

fn cost(facts: &Facts, catalogue: &KvmCatalogue) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let found = evaluate_kvm(facts, catalogue).findings.len();
        best = best.min(started.elapsed().as_secs_f64() * 1e3);
        assert!(found > 0, "the machine has a KVM");
    }
    best
}

fn machine() -> Option<Facts> {
    let path = "cases/KV-02/hit-display-and-usb-are-one.toml";
    let (path, text) = embedded::CASES.iter().find(|(known, _)| *known == path)?;
    let mut facts = Case::parse(path, text).ok()?.facts().ok()?;
    let (device, hid, drive) = (facts.usb.clone(), facts.hid.clone(), facts.storage.clone());
    let display = facts.displays.clone();
    for index in 1..DEVICES {
        let place = format!("1-1.{index}");
        facts.usb.extend(device.iter().cloned().map(|mut one| {
            one.path.clone_from(&place);
            one
        }));
        facts.hid.extend(hid.iter().cloned().map(|mut one| {
            one.usb_path = Some(place.clone());
            one
        }));
        facts.storage.extend(drive.iter().cloned().map(|mut one| {
            one.usb_path = Some(place.clone());
            one
        }));
    }
    for index in 1..DISPLAYS {
        facts.displays.extend(display.iter().cloned().map(|mut one| {
            one.connector = format!("card0-DP-{index}");
            // Another week of manufacture: a display of its own.
            if let Some(byte) = one.edid.get_mut(16) {
                *byte = u8::try_from(index % 50).unwrap_or(0);
            }
            one
        }));
    }
    Some(facts)
}
