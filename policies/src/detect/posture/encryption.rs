//! PO-01: people's data lies on a disk that is not encrypted.

use bearing_protocol::{
    coverage::Source,
    fact::MachineKind,
    outcome::Outcome,
    severity::{Confidence, Severity},
};

use super::is_container;
use crate::detect::{Context, Draft, evidence};

pub(super) fn report(context: &mut Context<'_>) {
    const RULE: &str = "PO-01";
    if is_container(&context.facts.machine) {
        context.settle(RULE, Outcome::Unknown, "a container cannot see how the disk below it is kept");
        return;
    }
    let volumes = context.facts.posture.disk_encryption.as_ref().map(|disk| disk.volumes.as_slice());
    let Some(volumes) = volumes.filter(|volumes| !volumes.is_empty()) else {
        context.settle(RULE, Outcome::Unknown, "no file system could be followed to its disk");
        return;
    };
    let open: Vec<_> = volumes
        .iter()
        .filter(|volume| volume.encrypted == Some(false))
        .map(|volume| {
            let value = format!("{} on {}: not encrypted", volume.file_system, volume.device);
            let why = "whoever holds the disk can read it";
            evidence(Source::DiskEncryption, volume.mount_point.clone(), "encryption", value, why)
        })
        .collect();
    if open.is_empty() {
        if let Some(volume) = volumes.iter().find(|volume| volume.encrypted.is_none()) {
            let reason = format!("the layers under `{}` could not be followed", volume.mount_point);
            context.settle(RULE, Outcome::Unknown, reason);
        }
        return;
    }
    let (severity, confidence) = match context.facts.machine.kind {
        // The disk of a virtual machine may lie on an encrypted one that it cannot see.
        MachineKind::Vm => (Severity::Low, Confidence::Low),
        MachineKind::Server => (Severity::Medium, Confidence::High),
        MachineKind::Laptop | MachineKind::Desktop | MachineKind::Unknown => {
            (Severity::High, Confidence::High)
        }
    };
    let places: Vec<&str> = open.iter().map(|piece| piece.location.as_str()).collect();
    context.report(Draft {
        rule: RULE,
        severity: Some(severity),
        confidence,
        title: format!("The disk under {} is not encrypted", places.join(", ")),
        subject: "disk:encryption".into(),
        product: None,
        cause: "not-encrypted".into(),
        evidence: open,
    });
}
