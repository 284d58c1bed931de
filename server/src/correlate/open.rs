//! Opening a stored report again, and putting its findings together from what was disclosed.

use bearing_protocol::{
    commitment::Disclosures,
    envelope::{EnvelopeError, Verified},
    finding::{Evidence, Finding},
    id::DeviceId,
    key::KeySet,
    limits::MAX_TEXT_BYTES,
    payload::{CommittedFinding, EvidenceText, FindingText, ReportPayload},
    text::truncate,
};
use bearing_store::{DeviceRow, StoreError, StoredMessage};

use crate::app::App;

/// What stands where a value was withheld or erased.
const WITHHELD: &str = "withheld";

/// Why a stored message was not judged.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum CorrelateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("device `{0}` is not there")]
    NoDevice(DeviceId),
    #[error("message {sequence} of device `{device}` is not there")]
    NoMessage { device: DeviceId, sequence: u64 },
    #[error("stored envelope {sequence} does not open with the device's key: is the store damaged?")]
    Envelope { sequence: u64, source: EnvelopeError },
}

/// A stored report, opened.
pub(super) struct Stored {
    pub(super) device: DeviceRow,
    pub(super) message: StoredMessage,
    pub(super) report: Verified<ReportPayload>,
    pub(super) disclosures: Disclosures,
}

/// Reads and opens a report.
pub(super) async fn open(app: &App, id: &DeviceId, sequence: u64) -> Result<Stored, CorrelateError> {
    let device = app.store.device(id).await?.ok_or_else(|| CorrelateError::NoDevice(id.clone()))?;
    let mut message = app
        .store
        .message(id, sequence)
        .await?
        .ok_or_else(|| CorrelateError::NoMessage { device: id.clone(), sequence })?;
    let report = message
        .envelope
        .open::<ReportPayload>(&KeySet::single(device.public_key))
        .map_err(|source| CorrelateError::Envelope { sequence, source })?;
    let disclosures = Disclosures::index(std::mem::take(&mut message.disclosures));
    Ok(Stored { device, message, report, disclosures })
}

fn bounded(text: String) -> String {
    if text.len() <= MAX_TEXT_BYTES { text } else { truncate(&text, MAX_TEXT_BYTES).to_owned() }
}

/// A finding from its commitments and what was disclosed of them.
pub fn assemble(committed: &CommittedFinding, disclosures: &Disclosures) -> Finding {
    let withheld = || WITHHELD.to_owned();
    let text = disclosures.open::<FindingText>(&committed.text).and_then(Result::ok).unwrap_or_else(|| {
        FindingText {
            title: format!("{} (text withheld)", committed.rule),
            subject: withheld(),
            disproof: withheld(),
            remediation: withheld(),
        }
    });
    let evidence = committed
        .evidence
        .iter()
        .map(|piece| {
            let shown = disclosures.open::<EvidenceText>(&piece.text).and_then(Result::ok);
            let shown = shown.unwrap_or_else(|| EvidenceText {
                location: withheld(),
                value: withheld(),
                why: withheld(),
            });
            Evidence {
                source: piece.source,
                location: bounded(shown.location),
                field: piece.field.clone(),
                value: bounded(shown.value),
                why: bounded(shown.why),
                rule: piece.rule,
            }
        })
        .collect();
    Finding {
        id: committed.id.clone(),
        rule: committed.rule,
        family: committed.rule.family(),
        severity: committed.severity,
        confidence: committed.confidence,
        title: bounded(text.title),
        subject: bounded(text.subject),
        product: committed.product.clone(),
        evidence,
        attack: committed.attack.clone(),
        controls: committed.controls.clone(),
        disproof: bounded(text.disproof),
        remediation: bounded(text.remediation),
        approval: committed.approval.clone(),
    }
}
