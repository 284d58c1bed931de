//! What a device alone can tell about its place: contradictions of its own (GE-02, GE-04) and radios that are dark on
//! purpose (GE-03). Where it is, and whether it should be there, only the server judges.
//!
//! Always: a contradiction is a review fact, never more than low by itself; keyboards, languages and locales are no input.

mod radios;
mod zones;

use super::Context;

/// Applies GE-02, GE-03 and GE-04 as far as a device alone can.
pub(super) fn detect(context: &mut Context<'_>) {
    zones::report_wifi(context);
    zones::report_sessions(context);
    radios::report(context);
}
