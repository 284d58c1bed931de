//! How tools are set up here, by their own files.

use std::collections::BTreeMap;

use bearing_protocol::{coverage::Source, fact::ToolState};

use super::{
    Trace, TraceKind,
    gather::{Gatherer, trace},
};
use crate::detect::evidence;

impl<'a, 'f: 'a> Gatherer<'a, 'f> {
    /// Set-ups by the number of their tool.
    pub(super) fn states_by_tool(&self) -> BTreeMap<usize, Vec<&'a ToolState>> {
        let mut states: BTreeMap<usize, Vec<&'a ToolState>> = BTreeMap::new();
        for state in &self.facts.tool_states {
            if let Some(number) = self.catalogue.index().tool(&state.product) {
                states.entry(number).or_default().push(state);
            }
        }
        states
    }
}

impl Gatherer<'_, '_> {
    pub(super) fn states(&mut self) {
        for state in &self.facts.tool_states {
            let Some(number) = self.catalogue.index().tool(&state.product) else { continue };
            let Some(tool) = self.catalogue.tools().get(number) else { continue };
            let mut parts = Vec::new();
            if state.unattended == Some(true) {
                parts.push("unattended access configured".to_owned());
            }
            if state.session_live == Some(true) {
                parts.push("incoming session live".into());
            }
            if let Some(at) = state.last_incoming_at {
                parts.push(format!("last incoming session {}", at.strftime("%Y-%m-%d %H:%M UTC")));
            }
            parts.extend(state.features.iter().map(|feature| format!("`{feature}` on")));
            if parts.is_empty() {
                parts.push("set up".into());
            }
            let why = format!("{} keeps its settings here", tool.name);
            let piece = evidence(Source::ToolState, &state.location, "set-up", parts.join(", "), why);
            let live = state.session_live == Some(true);
            self.add(number, Trace { live, ..trace(TraceKind::State, true, piece) });
        }
    }
}
