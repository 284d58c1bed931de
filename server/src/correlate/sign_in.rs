//! A sign-in from elsewhere while the device was heard (GE-09).
//!
//! Always: such a finding stands until a person resolves it; sign-ins from one foreign line are one finding.

use bearing_protocol::{Timestamp, coverage::Source, id::DeviceId, severity::Confidence};
use bearing_store::{Observed, SignInRow, SourceSeen};

use super::wording::{SIGN_IN, evidence};

fn words(source: &SourceSeen) -> String {
    let country = source.country.as_deref().unwrap_or("no country known");
    let network = source.asn.map(|asn| format!(", AS{asn}")).unwrap_or_default();
    format!("{country}{network}, class {}", source.class)
}

/// The finding of a sign-in while the device was `there`.
pub fn sign_in(device: &DeviceId, row: &SignInRow, there: &SourceSeen, now: Timestamp) -> Observed {
    let shown = vec![
        evidence(
            Source::Routes,
            &row.provider,
            "sign-in",
            format!("{} at {:.0}", words(&row.source), row.at),
            "The identity provider's log says that the person signed in from there.",
        ),
        evidence(
            Source::Routes,
            "connections",
            "device",
            words(there),
            "The device itself was heard from there within ten minutes of it.",
        ),
    ];
    let title = format!(
        "A sign-in from {} while the device was in {}",
        row.source.country.as_deref().unwrap_or("elsewhere"),
        there.country.as_deref().unwrap_or("another place")
    );
    let shape = format!("sign-in {}", row.source.digest);
    let finding = SIGN_IN.finding(&shape, Confidence::Medium, title, "place:sign-in", shown);
    Observed {
        device: device.clone(),
        origin: "sign-ins".to_owned(),
        at: now,
        findings: finding.into_iter().collect(),
        assessed: Vec::new(),
        suspended: Vec::new(),
        result: None,
    }
}
