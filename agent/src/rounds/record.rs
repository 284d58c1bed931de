use std::collections::BTreeMap;

use bearing_policies::policy::AnchorSite;
use bearing_protocol::{Timestamp, digest::Digest, payload::AnchorRoundTrip};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::Family;
use crate::state::{FileError, StateDirectory};

/// What was measured in the last 24 hours, by the agent's clock. Kept on disk; damaged or missing is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoundTripRecord {
    /// The last echo over IPv4 and over IPv6.
    echoes: [Option<Timestamp>; 2],
    /// Round trips of each anchor, by a digest of name, address and key: another anchor of the same name is another.
    anchors: BTreeMap<String, Vec<Sample>>,
    #[serde(skip)]
    is_new: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sample {
    at: Timestamp,
    micros: u32,
}

impl RoundTripRecord {
    const FILE: &'static str = "round-trips.json";

    pub(super) fn load(directory: &StateDirectory) -> Self {
        directory.read_json(Self::FILE).ok().flatten().unwrap_or_default()
    }

    pub(super) fn save(&mut self, directory: &StateDirectory, now: Timestamp) -> Result<(), FileError> {
        self.forget(now);
        if !self.is_new {
            return Ok(());
        }
        directory.write_json(Self::FILE, self)?;
        self.is_new = false;
        Ok(())
    }

    /// When the last echo over a family succeeded.
    pub fn last_echo(&self, family: Family) -> Option<Timestamp> {
        self.echoes.get(family.index()).copied().flatten()
    }

    pub(super) fn note_echo(&mut self, family: Family, at: Timestamp) {
        if let Some(place) = self.echoes.get_mut(family.index()) {
            *place = Some(at);
            self.is_new = true;
        }
    }

    pub(super) fn note_probe(&mut self, anchor: &AnchorSite, at: Timestamp, micros: u32) {
        if !(LEAST_US..=MOST_US).contains(&micros) {
            return;
        }
        let samples = self.anchors.entry(key_of(anchor)).or_default();
        samples.push(Sample { at, micros });
        if samples.len() > MAX_SAMPLES {
            // The oldest goes, but never the least: it is what counts.
            let least = samples.iter().map(|sample| sample.micros).min().unwrap_or_default();
            let oldest = samples.iter().position(|sample| sample.micros != least).unwrap_or_default();
            samples.remove(oldest);
        }
        self.is_new = true;
    }

    /// The least of each anchor in the 24 hours before `now`.
    pub(super) fn least(&self, anchors: &[AnchorSite], now: Timestamp) -> Vec<AnchorRoundTrip> {
        let of = |anchor: &AnchorSite| {
            let samples = self.anchors.get(&key_of(anchor))?;
            let fresh = samples.iter().filter(|sample| is_fresh(sample, now));
            let micros: Vec<u32> = fresh.map(|sample| sample.micros).collect();
            Some(AnchorRoundTrip {
                name: anchor.name.clone(),
                min_us: micros.iter().copied().min()?,
                samples: u32::try_from(micros.len()).unwrap_or(u32::MAX),
            })
        };
        anchors.iter().filter_map(of).collect()
    }

    fn forget(&mut self, now: Timestamp) {
        for samples in self.anchors.values_mut() {
            samples.retain(|sample| is_fresh(sample, now));
        }
        self.anchors.retain(|_, samples| !samples.is_empty());
    }
}

/// Within 24 hours before; a clock that went back makes everything after it stale as well.
fn is_fresh(sample: &Sample, now: Timestamp) -> bool {
    let age = now.duration_since(sample.at);
    age >= -SignedDuration::from_secs(60) && age <= SignedDuration::from_hours(24)
}

fn key_of(anchor: &AnchorSite) -> String {
    let whole = format!("{}\0{}\0{}", anchor.name, anchor.address, hex::encode(anchor.key.as_bytes()));
    hex::encode(Digest::of(whole.as_bytes()).as_bytes().get(..8).unwrap_or_default())
}

/// Nothing is answered faster, not even on the same machine.
const LEAST_US: u32 = 1;
/// What takes longer is no round trip but a stall.
const MOST_US: u32 = 10_000_000;
const MAX_SAMPLES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(address: &str) -> AnchorSite {
        let key = bearing_protocol::key::FileKey::from_seed(&zeroize::Zeroizing::new([7; 32])).public();
        AnchorSite {
            name: "fra".to_owned(),
            address: address.to_owned(),
            key,
            latitude: 50.1,
            longitude: 8.7,
            country: "DE".to_owned(),
        }
    }

    #[test]
    fn the_least_of_a_day_counts_and_impossible_values_do_not() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let (fra, moved) = (anchor("a:1"), anchor("b:1"));
        let mut record = RoundTripRecord::default();
        let noon = at("2026-06-01T12:00:00Z");
        for micros in [0, 10_000_001, 9_000, 4_000, 12_000, u32::MAX] {
            record.note_probe(&fra, noon, micros);
        }
        record.note_probe(&fra, at("2026-06-02T11:00:00Z"), 30_000);
        let least = |now: &str| record.least(std::slice::from_ref(&fra), at(now));
        assert_eq!(
            (least("2026-06-02T11:30:00Z")[0].min_us, least("2026-06-02T11:30:00Z")[0].samples),
            (4_000, 4)
        );
        assert_eq!(least("2026-06-02T13:00:00Z")[0].min_us, 30_000, "yesterday's least is gone");
        assert!(least("2026-06-04T00:00:00Z").is_empty());
        assert!(least("2025-01-01T00:00:00Z").is_empty(), "the clock went back");
        assert!(record.least(&[moved], noon).is_empty(), "another address is another anchor");
    }

    #[test]
    fn many_samples_keep_the_least() {
        let mut record = RoundTripRecord::default();
        let (fra, now) = (anchor("a:1"), "2026-06-01T12:00:00Z".parse().unwrap());
        record.note_probe(&fra, now, 3_000);
        (0..1_000).for_each(|n| record.note_probe(&fra, now, 5_000 + n));
        let [least] = &record.least(&[fra], now)[..] else { panic!() };
        assert_eq!((least.min_us, least.samples), (3_000, 64));
    }
}
