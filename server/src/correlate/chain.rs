//! What does not fit a device's chain: gaps and breaks (AT-02), forks (AT-03).
//!
//! Always: such a finding stands until a person resolves it; a chain that continues afterwards excuses nothing.

use bearing_protocol::{Timestamp, coverage::Source, finding::Finding, id::DeviceId, severity::Confidence};
use bearing_store::{Chain, Observed};

use super::{
    CorrelateError,
    wording::{CHAIN, FORK, evidence},
};
use crate::app::App;

fn observed(device: &DeviceId, at: Timestamp, finding: Option<Finding>) -> Vec<Observed> {
    vec![Observed {
        device: device.clone(),
        origin: "server".to_owned(),
        at,
        findings: finding.into_iter().collect(),
        assessed: Vec::new(),
        suspended: Vec::new(),
        result: None,
    }]
}

/// A message before which others are missing, or which names another one before it.
///
/// # Errors
/// Where the message is not there.
pub async fn chain(app: &App, device: &DeviceId, sequence: u64) -> Result<Vec<Observed>, CorrelateError> {
    let message = app
        .store
        .message(device, sequence)
        .await?
        .ok_or_else(|| CorrelateError::NoMessage { device: device.clone(), sequence })?;
    let (shape, title, value, why) = match message.chain {
        Chain::Continues | Chain::DeclaredLoss => return Ok(Vec::new()),
        Chain::Gap { from, to } => (
            "gap",
            "Messages are missing from this device's chain",
            format!("messages {from} to {to}"),
            "The device numbers and signs every message. These never arrived, and it did not declare them lost.",
        ),
        Chain::Broken => (
            "broken",
            "This device's chain of messages is broken",
            format!("message {sequence}"),
            "It names another message before it than the one the server holds.",
        ),
    };
    let shown = vec![evidence(Source::Spool, "chain", shape, value, why)];
    let finding = CHAIN.finding(shape, Confidence::High, title.to_owned(), "chain:device", shown);
    Ok(observed(device, message.received_at, finding))
}

/// A message that was refused because its number was taken by another.
pub fn fork(device: &DeviceId, sequence: u64, at: Timestamp) -> Vec<Observed> {
    let shown = vec![evidence(
        Source::Spool,
        "chain",
        "fork",
        format!("message {sequence}"),
        "Two different messages with this number were signed with this device's key: the key is in two places, or \
         the machine was set back.",
    )];
    let title = "One device key signs two different chains".to_owned();
    observed(device, at, FORK.finding("fork", Confidence::High, title, "chain:device", shown))
}
