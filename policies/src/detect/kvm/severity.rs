//! From pieces to a severity and a confidence.
//!
//! Always: each kind counts once with its best piece. Critical: a default identity, a shipped display or a shipped
//! descriptor at 90 or more; or two kinds at 60 or more; or a shipped descriptor (80) joined by identity, function
//! or display. High: one piece at 70 or more, or a keyboard with an absolute pointer joined by gadget marks, media,
//! an inquiry string or a contradiction. Medium: one piece at 40 or more. Below that pieces are context.

use bearing_protocol::severity::{Confidence, Severity};

use super::piece::{Heuristic, Kind, Pieces};

const KINDS: [Kind; 6] =
    [Kind::Identity, Kind::Descriptor, Kind::Function, Kind::Display, Kind::Enterprise, Kind::Network];
const PROOF: u8 = 90;
const DESCRIPTOR_PROOF: u8 = 80;
const STRONG: u8 = 70;
const JOINS: u8 = 60;
const CLEAR: u8 = 40;
const SUPPORT: u8 = 25;
/// What an identity (the kernel's gadget ids), a function or a display needs to join a shipped descriptor.
const JOINS_DESCRIPTOR: u8 = 35;
/// Pieces below medium make a low finding from this sum on, where they are of two kinds.
const LOW_SUM: u32 = 55;

/// The severity of what was collected; `None` where it is not worth a finding.
pub(super) fn severity(pieces: &Pieces) -> Option<Severity> {
    let best = |kind| pieces.kind_points(kind);
    let proof = [Heuristic::DefaultIdentity, Heuristic::ShippedDisplay, Heuristic::ShippedDescriptor]
        .into_iter()
        .any(|heuristic| pieces.points(heuristic) >= PROOF);
    let two_kinds = KINDS.into_iter().filter(|kind| best(*kind) >= JOINS).count() >= 2;
    let descriptor_joined = pieces.points(Heuristic::ShippedDescriptor) >= DESCRIPTOR_PROOF
        && [Kind::Identity, Kind::Function, Kind::Display]
            .into_iter()
            .any(|kind| best(kind) >= JOINS_DESCRIPTOR);
    if proof || two_kinds || descriptor_joined {
        return Some(Severity::Critical);
    }
    let top = KINDS.into_iter().map(best).max().unwrap_or(0);
    let pointer_joined = pieces.has(Heuristic::KeyboardWithAbsolutePointer)
        && [
            Heuristic::GadgetMarks,
            Heuristic::MediaBesideInput,
            Heuristic::InquiryString,
            Heuristic::BrandContradiction,
        ]
        .into_iter()
        .any(|heuristic| pieces.points(heuristic) >= SUPPORT);
    if top >= STRONG || pointer_joined {
        return Some(Severity::High);
    }
    if top >= CLEAR {
        return Some(Severity::Medium);
    }
    low(pieces)
}

/// Below medium: the server room's own, a dummy plug, a neighbour; or several hints of two kinds.
fn low(pieces: &Pieces) -> Option<Severity> {
    let server_room = [Heuristic::EnterpriseKvm, Heuristic::ManagementController];
    let expected = pieces.0.iter().any(|p| server_room.contains(&p.heuristic));
    if expected && pieces.kind_points(Kind::Enterprise) == 0 {
        return Some(Severity::Informational);
    }
    if expected || pieces.has(Heuristic::DummyPlug) || pieces.has(Heuristic::Neighbour) {
        return Some(Severity::Low);
    }
    let kinds: Vec<u32> =
        KINDS.into_iter().map(|kind| u32::from(pieces.kind_points(kind))).filter(|p| *p > 0).collect();
    (kinds.len() >= 2 && kinds.iter().sum::<u32>() >= LOW_SUM).then_some(Severity::Low)
}

/// The score that orders findings: the best of each kind, at most 100.
pub(super) fn score(pieces: &Pieces) -> u32 {
    KINDS.into_iter().map(|kind| u32::from(pieces.kind_points(kind))).sum::<u32>().min(100)
}

/// How sure: by the number of independent kinds.
pub(super) fn confidence(pieces: &Pieces) -> Confidence {
    let kinds = |least| KINDS.into_iter().filter(|kind| pieces.kind_points(*kind) >= least).count();
    match (kinds(SUPPORT), kinds(JOINS)) {
        (3.., _) | (_, 2..) => Confidence::High,
        (2, _) => Confidence::Medium,
        _ if KINDS.into_iter().any(|kind| pieces.kind_points(kind) >= DESCRIPTOR_PROOF) => Confidence::Medium,
        _ => Confidence::Low,
    }
}
