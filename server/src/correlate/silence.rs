//! Silence (AT-01): a device that should have spoken and did not.

use bearing_protocol::{Timestamp, coverage::Source, id::DeviceId, severity::Confidence};
use bearing_store::{DeviceRow, Observed};
use jiff::SignedDuration;

use super::{
    CorrelateError,
    wording::{SILENCE, evidence},
};
use crate::{app::App, config::Silence};

/// Whether a device is silent for longer than it may be.
pub fn is_silent(device: &DeviceRow, now: Timestamp, silence: &Silence) -> bool {
    let grace = if device.stopped { silence.stopped_grace_minutes } else { silence.grace_minutes };
    let allowed = i64::from(device.checkin_seconds).saturating_add(i64::from(grace) * 60);
    let since = device.last_seen.unwrap_or(device.enrolled_at);
    now.duration_since(since) > SignedDuration::from_secs(allowed)
}

fn observed(device: &DeviceId, now: Timestamp) -> Observed {
    Observed {
        device: device.clone(),
        origin: "server".to_owned(),
        at: now,
        findings: Vec::new(),
        assessed: SILENCE.rule().into_iter().collect(),
        suspended: Vec::new(),
        result: None,
    }
}

/// The finding of a silent device.
pub fn silence(device: &DeviceRow, now: Timestamp) -> Observed {
    let value = match device.last_seen {
        Some(seen) => format!("last heard {seen:.0}"),
        None => format!("never heard since its enrolment at {:.0}", device.enrolled_at),
    };
    let why = if device.stopped {
        "It said that it was shutting down and has not been heard since."
    } else {
        "It did not say that it was shutting down."
    };
    let shown = vec![evidence(Source::Spool, "server", "last message", value, why)];
    let title = "The device has fallen silent".to_owned();
    let finding = SILENCE.finding("silence", Confidence::Medium, title, "device:agent", shown);
    Observed { findings: finding.into_iter().collect(), ..observed(&device.id, now) }
}

/// For a device that may have come back: no silence any more, where that is so.
///
/// # Errors
/// The store's.
pub async fn silence_ended(
    app: &App,
    id: &DeviceId,
    silence: &Silence,
) -> Result<Vec<Observed>, CorrelateError> {
    let now = app.clock.now();
    let device = app.store.device(id).await?.ok_or_else(|| CorrelateError::NoDevice(id.clone()))?;
    Ok(if is_silent(&device, now, silence) { Vec::new() } else { vec![observed(id, now)] })
}
