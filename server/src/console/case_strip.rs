//! On a device's and a finding's page: which cases it is in, and the form that opens one. Those who see no cases see
//! no strip either.

use bearing_protocol::{Timestamp, id::FindingId};
use bearing_store::{CaseRow, DeviceRow};

use super::{
    ProblemPage,
    cases::{CaseLine, line},
    frame::Frame,
};
use crate::app::App;

/// On a device's or a finding's page: which cases it is in, and the form that opens one.
#[derive(Clone, Debug)]
pub(super) struct CaseStrip {
    pub(super) device: String,
    pub(super) finding: Option<String>,
    pub(super) links: Vec<CaseLine>,
}

impl CaseStrip {
    fn of(device: &DeviceRow, finding: Option<&FindingId>, rows: &[CaseRow], now: Timestamp) -> Self {
        Self {
            device: device.id.to_string(),
            finding: finding.map(ToString::to_string),
            links: rows.iter().map(|row| line(row, device.simulated, now)).collect(),
        }
    }

    pub(super) fn has_open(&self) -> bool {
        self.links.iter().any(|link| !link.closed)
    }

    #[cfg(test)]
    pub(super) fn sample() -> Self {
        use super::{case_samples, samples};
        let finding = samples::finding().finding.id;
        Self::of(&samples::device(), Some(&finding), &[case_samples::case()], samples::now())
    }
}

/// The strip of a device's page; none for those who see no cases.
pub(super) async fn device_strip(
    app: &App,
    frame: &Frame,
    device: &DeviceRow,
) -> Result<Option<CaseStrip>, ProblemPage> {
    if !frame.may_audit() {
        return Ok(None);
    }
    let rows = app.store.cases_of_devices(std::slice::from_ref(&device.id)).await?;
    let rows: Vec<CaseRow> = rows.into_iter().map(|(_, row)| row).collect();
    Ok(Some(CaseStrip::of(device, None, &rows, app.clock.now())))
}

/// The strip of a finding's page; none for those who see no cases.
pub(super) async fn finding_strip(
    app: &App,
    frame: &Frame,
    device: &DeviceRow,
    finding: &FindingId,
) -> Result<Option<CaseStrip>, ProblemPage> {
    if !frame.may_audit() {
        return Ok(None);
    }
    let rows = app.store.cases_of_finding(&device.id, finding).await?;
    Ok(Some(CaseStrip::of(device, Some(finding), &rows, app.clock.now())))
}
