//! From pieces to a severity and a confidence, by the table of the catalogue (`catalogue/kvm/scoring.toml`).
//!
//! Always: each kind counts once with its best piece; context can take points away and never lifts.

use bearing_protocol::severity::{Confidence, Severity};

use super::piece::{Heuristic, Kind, Pieces};

/// The severity of what was collected; `None` where it is not worth a finding.
pub(super) fn severity(pieces: &Pieces) -> Option<Severity> {
    let table = &pieces.scoring().severity;
    let best = |kind| pieces.kind_points(kind);
    let proof = table.proof_by.iter().any(|heuristic| pieces.points(*heuristic) >= table.proof);
    let two_kinds = Kind::ALL.into_iter().filter(|kind| best(*kind) >= table.joins).count() >= 2;
    let descriptor_joined = pieces.points(Heuristic::ShippedDescriptor) >= table.descriptor_proof
        && table.descriptor_joined_by.iter().any(|kind| best(*kind) >= table.descriptor_joins);
    if proof || two_kinds || descriptor_joined {
        return Some(Severity::Critical);
    }
    let top = Kind::ALL.into_iter().map(best).max().unwrap_or(0);
    let pointer_joined = pieces.has(Heuristic::KeyboardWithAbsolutePointer)
        && table.pointer_joined_by.iter().any(|heuristic| pieces.points(*heuristic) >= table.support);
    if top >= table.strong || pointer_joined {
        return Some(Severity::High);
    }
    if top >= table.clear {
        return Some(Severity::Medium);
    }
    low(pieces)
}

/// Below medium: the server room's own, a dummy plug, a neighbour; or several hints of two kinds.
fn low(pieces: &Pieces) -> Option<Severity> {
    let table = &pieces.scoring().severity;
    let expected: Vec<Kind> =
        pieces.0.iter().filter(|p| table.expected.contains(&p.heuristic)).map(|p| p.kind).collect();
    if !expected.is_empty() && expected.iter().all(|kind| pieces.kind_points(*kind) == 0) {
        return Some(Severity::Informational);
    }
    if !expected.is_empty() || table.low_alone.iter().any(|heuristic| pieces.has(*heuristic)) {
        return Some(Severity::Low);
    }
    let kinds: Vec<u32> =
        Kind::ALL.into_iter().map(|kind| u32::from(pieces.kind_points(kind))).filter(|p| *p > 0).collect();
    (kinds.len() >= 2 && kinds.iter().sum::<u32>() >= table.low_sum).then_some(Severity::Low)
}

/// The score that orders findings: the best of each kind, at most 100.
pub(super) fn score(pieces: &Pieces) -> u32 {
    Kind::ALL.into_iter().map(|kind| u32::from(pieces.kind_points(kind))).sum::<u32>().min(MAX_SCORE)
}

/// How sure: by the number of independent kinds.
pub(super) fn confidence(pieces: &Pieces) -> Confidence {
    let table = &pieces.scoring().severity;
    let kinds = |least| Kind::ALL.into_iter().filter(|kind| pieces.kind_points(*kind) >= least).count();
    match (kinds(table.support), kinds(table.joins)) {
        (3.., _) | (_, 2..) => Confidence::High,
        (2, _) => Confidence::Medium,
        _ if kinds(table.descriptor_proof) > 0 => Confidence::Medium,
        _ => Confidence::Low,
    }
}

/// Scores are out of a hundred.
const MAX_SCORE: u32 = 100;
