//! What a finding is about, as far as approvals can be narrower than a product.
//!
//! Always: what is not known is absent, and an approval that asks for it covers nothing.

use bearing_protocol::{
    Timestamp,
    fact::{Binding, ToolState},
};
use serde::{Deserialize, Serialize};

/// Which way a session goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Somebody comes to this machine.
    Incoming,
    /// This machine's user goes elsewhere.
    Outgoing,
}

/// What one finding, or one part of it, is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Whom the product answers to.
    pub bindings: Vec<Binding>,
    /// Other names of those, by kind.
    pub aliases: Vec<Binding>,
    /// Switches that widen what it does.
    pub features: Vec<String>,
    /// Which way, where that is known: a product that can do both, without a sign of either, is neither.
    pub direction: Option<Direction>,
    /// The device one can plug in, where the finding is about one.
    pub device: Option<super::DeviceScope>,
    /// When it happened, where that is not now: an approval's hours are asked about this instant.
    pub at: Option<Timestamp>,
}

impl Scope {
    /// The scope of one set-up of a product.
    pub fn of_state(state: &ToolState) -> Self {
        let incoming = state.unattended == Some(true) || state.session_live == Some(true);
        Self {
            bindings: state.bindings.clone(),
            aliases: state.aliases.clone(),
            features: state.features.clone(),
            direction: incoming.then_some(Direction::Incoming),
            device: None,
            at: None,
        }
    }

    /// The same, going this way.
    #[must_use]
    pub fn going(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }
}

/// Switches that make more of a product than it usually is: an approval must name them. Others (`view-only`) do not
/// widen.
pub const WIDENING: [&str; 7] =
    ["exit-node", "subnet-router", "funnel", "serve", "ssh", "userspace-networking", "auto-accept"];
