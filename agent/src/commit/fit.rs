//! How much of a report goes into one message.
//!
//! Always: the inventory gives way first, then evidence beyond the first pieces, then the least grave findings;
//! outcomes and coverage always travel.

use bearing_protocol::{
    coverage::Source,
    limits::{MAX_BODY_BYTES, MAX_EVIDENCE, MAX_FINDINGS, MAX_INVENTORY, MAX_PAYLOAD_BYTES},
    payload::InventoryValue,
    report::Report,
};

use super::Committed;

/// How many of each go in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) findings: usize,
    pub(super) evidence: usize,
    pub(super) inventory: usize,
}

impl Plan {
    /// As much as the limits on numbers allow.
    pub(super) fn of(report: &Report, inventory: &[(Source, InventoryValue)]) -> Self {
        Self {
            findings: report.findings.len().min(MAX_FINDINGS),
            evidence: MAX_EVIDENCE,
            inventory: inventory.len().min(MAX_INVENTORY),
        }
    }

    /// Takes something out; `false` where nothing is left to take.
    pub(super) fn shrink(&mut self) -> bool {
        if self.inventory > 0 {
            self.inventory /= 2;
        } else if self.evidence > 1 {
            self.evidence /= 2;
        } else if self.findings > 0 {
            self.findings /= 2;
        } else {
            return false;
        }
        true
    }

    /// What is left out, in words without values; `None` where everything is in.
    pub(super) fn left_out(&self, report: &Report, inventory: &[(Source, InventoryValue)]) -> Option<String> {
        let findings = report.findings.len().saturating_sub(self.findings);
        let kept = report.findings.iter().take(self.findings);
        let evidence: usize = kept.map(|f| f.evidence.len().saturating_sub(self.evidence)).sum();
        let items = inventory.len().saturating_sub(self.inventory);
        let parts: Vec<String> =
            [(findings, "findings"), (evidence, "pieces of evidence"), (items, "inventory items")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{count} {what}"))
                .collect();
        if parts.is_empty() {
            return None;
        }
        Some(format!("left out because the report would be larger than its limit: {}", parts.join(", ")))
    }
}

/// Whether a message with these parts keeps the limits on the wire even where nothing can be compressed.
pub(super) fn fits(committed: &Committed) -> Result<bool, serde_json::Error> {
    let payload = serde_json::to_vec(&committed.payload)?.len();
    let disclosed: usize = committed.disclosures.iter().map(|d| d.as_str().len() + SEPARATORS).sum();
    let encoded = payload.div_ceil(3) * 4;
    Ok(payload <= MAX_PAYLOAD_BYTES && encoded + disclosed + ENVELOPE_BYTES <= MAX_BODY_BYTES)
}

/// Quotes and a comma around each disclosure.
const SEPARATORS: usize = 3;
/// Payload type, signatures and the names of the fields.
const ENVELOPE_BYTES: usize = 4 * 1024;
