//! PO-07: Secure Boot is off, or the system does not update itself.

use bearing_protocol::{
    coverage::Source,
    fact::MachineKind,
    outcome::Outcome,
    severity::{Confidence, Severity},
};

use super::is_container;
use crate::detect::{Context, Draft, evidence};

const RULE: &str = "PO-07";

pub(super) fn report(context: &mut Context<'_>) {
    let mut unknown = Vec::new();
    if is_container(&context.facts.machine) {
        unknown.push("a container cannot see how the machine below it booted");
    } else {
        unknown.extend(secure_boot(context));
    }
    unknown.extend(updates(context));
    if !unknown.is_empty() {
        context.settle(RULE, Outcome::Unknown, unknown.join("; "));
    }
}

/// Reports Secure Boot, or says why it cannot be told.
fn secure_boot(context: &mut Context<'_>) -> Option<&'static str> {
    let Some(state) = context.facts.posture.secure_boot else { return Some("Secure Boot could not be read") };
    let is_virtual = context.facts.machine.kind == MachineKind::Vm;
    let (value, why) = match (state.uefi, state.enabled, state.setup_mode) {
        (false, ..) if is_virtual => return Some("this virtual machine boots without UEFI"),
        (false, ..) => ("booted without UEFI", "without UEFI nothing checks what is started"),
        (true, _, Some(true)) => ("set-up mode", "in set-up mode anybody can enrol boot keys"),
        (true, Some(false), _) => ("off", "an altered boot loader or kernel would start unnoticed"),
        (true, Some(true), _) => return None,
        (true, None, _) => return Some("the firmware does not tell whether Secure Boot is on"),
    };
    context.report(Draft {
        rule: RULE,
        severity: Some(if is_virtual { Severity::Low } else { Severity::High }),
        confidence: Confidence::High,
        title: "Secure Boot does not protect this machine".into(),
        subject: "boot:secure-boot".into(),
        product: None,
        cause: "secure-boot".into(),
        evidence: vec![evidence(Source::SecureBoot, "firmware", "secure boot", value, why)],
    });
    None
}

/// Reports automatic updates, or says why they cannot be told.
fn updates(context: &mut Context<'_>) -> Option<&'static str> {
    let updates = context.facts.posture.updates.as_ref();
    let Some(updates) = updates else { return Some("automatic updates could not be read") };
    match updates.enabled {
        Some(true) => None,
        None => Some("files do not tell whether the system updates itself"),
        Some(false) => {
            let mechanism = updates.mechanism.clone().unwrap_or_else(|| "automatic updates".into());
            let why = "known holes stay open until somebody thinks of them";
            let piece = evidence(Source::Updates, mechanism, "state", "off", why);
            context.report(Draft {
                rule: RULE,
                severity: Some(Severity::Low),
                confidence: Confidence::Medium,
                title: "The system does not update itself".into(),
                subject: "updates:automatic".into(),
                product: None,
                cause: "updates".into(),
                evidence: vec![piece],
            });
            None
        }
    }
}
