//! GE-03: radios and location deliberately dark on a laptop.
//!
//! Always: one switch is a habit; only several together are worth a look. A machine without Wi-Fi has nothing to darken.

use bearing_protocol::{
    coverage::Source,
    fact::{InterfaceKind, MachineKind, RadioKind},
    outcome::Outcome,
    severity::{Confidence, Severity},
};

use crate::detect::{Context, Draft, evidence};

pub(super) fn report(context: &mut Context<'_>) {
    let facts = context.facts;
    match facts.machine.kind {
        MachineKind::Laptop => {}
        MachineKind::Unknown => {
            context.settle("GE-03", Outcome::Unknown, "what kind of machine this is, is not known");
            return;
        }
        kind => {
            let reason = format!("a {} stays where it is; only a laptop's radios tell", kind.as_str());
            context.settle("GE-03", Outcome::NotApplicable, reason);
            return;
        }
    }
    let of = |kind: RadioKind| facts.radios.switches.iter().filter(move |switch| switch.kind == kind);
    let wifi: Vec<_> = of(RadioKind::Wifi).collect();
    if wifi.is_empty() {
        let has_card = facts.network.interfaces.iter().any(|found| found.kind == InterfaceKind::Wifi);
        let (outcome, reason) = if has_card {
            (Outcome::Unknown, "there is a Wi-Fi card and no switch that tells whether it is off")
        } else {
            (Outcome::NotApplicable, "this laptop has no Wi-Fi")
        };
        context.settle("GE-03", outcome, reason);
        return;
    }
    let is_off =
        |switch: &&bearing_protocol::fact::RadioSwitch| switch.off_by_setting || switch.off_by_hardware;
    if !wifi.iter().all(is_off) {
        return;
    }
    let bluetooth: Vec<_> = of(RadioKind::Bluetooth).collect();
    let bluetooth_off = !bluetooth.is_empty() && bluetooth.iter().all(is_off);
    let location = facts.radios.location.as_ref().filter(|location| !location.on);
    let mut pieces = vec![evidence(
        Source::Radios,
        "rfkill",
        "Wi-Fi",
        how(&wifi),
        "no access point nearby can tell where the machine is",
    )];
    if bluetooth_off {
        let why = "every radio is dark, as in airplane mode";
        pieces.push(evidence(Source::Radios, "rfkill", "Bluetooth", how(&bluetooth), why));
    }
    if let Some(location) = location {
        let why = "somebody switched off that the system tells where it is";
        pieces.push(evidence(Source::Radios, location.file.clone(), "location service", "off", why));
    }
    let severity = match (bluetooth_off, location.is_some()) {
        (true, true) => Severity::Medium,
        (false, true) => Severity::Low,
        (true, false) => Severity::Informational,
        (false, false) => return,
    };
    context.report(Draft {
        rule: "GE-03",
        severity: Some(severity),
        confidence: Confidence::Low,
        title: if severity == Severity::Informational {
            "Every radio of this laptop is switched off".into()
        } else {
            "Radios and location are switched off on this laptop".into()
        },
        subject: "place:radios".into(),
        product: None,
        cause: "radios dark".into(),
        evidence: pieces,
    });
}

fn how(switches: &[&bearing_protocol::fact::RadioSwitch]) -> &'static str {
    if switches.iter().any(|switch| switch.off_by_setting) {
        "off by setting"
    } else {
        "off by key or firmware"
    }
}
