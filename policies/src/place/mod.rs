//! The place evaluation: is the device where it should be?
//!
//! Always: pure, look-ups are injected; evidence comes in six groups that are capped, and `high` needs two
//! groups or one hard fact; no expectation gives `no_expectation`, never a finding; every line of arithmetic
//! is in `why`. Never an input: keyboards, languages, locales.

mod clock;
mod contradiction;
mod egress;
mod fleet;
mod geodesy;
mod input;
mod location;
mod model;
mod normal;
mod part;
mod physical;
mod tables;
mod verdict;
mod weights;

#[cfg(test)]
mod edge_tests;

pub use contradiction::{Contradiction, contradictions};
pub use geodesy::{distance_km, rtt_floor_ms};
pub use input::{
    Anchor, CrossLayer, Device, EgressClass, Expectation, Fleet, History, Home, Human, KnownNetwork,
    Observation, OsLocation, PlaceCase, PlacePolicy, Rtt, SharedPlace, Travel, Trip,
};
pub use model::PlaceModel;
pub use normal::REPLACED;
pub use tables::{Zones, zones};
pub use verdict::{Groups, PlaceError, PlaceResult, PlaceResults, evaluate_place, evaluate_places, rule_of};
pub use weights::{WeightError, nearest};
