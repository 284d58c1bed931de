//! A machine that is made to look attended: jigglers (AI-01), sleep held off for days (AI-02).
//!
//! Always: a program that only asks the system to stay awake is ordinary and convicts nobody; times of input are not
//! read at all.
//! Never here: what a person does at the machine.

mod inhibitor;
mod jiggler;

use super::Context;
use crate::catalogue::kvm::KvmCatalogue;

/// Applies AI-01 and AI-02.
pub(super) fn detect(context: &mut Context<'_>) {
    let known = KvmCatalogue::shared().anti_idle();
    jiggler::report(context, known);
    inhibitor::report(context, known);
}

/// The last part of a path, of either kind.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
