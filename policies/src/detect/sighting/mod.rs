//! Which tools of the catalogue are on this machine, and by which traces.
//!
//! Always: a thing is recognised by what it is (package, real executable, unit, build identity, known path), never
//! by a word in a command line; unverified facts convict nobody, and too broad ones only strengthen.

mod disguise;
mod gather;
mod sockets;
mod subcommand;

use std::collections::BTreeSet;

use bearing_protocol::{finding::Evidence, severity::Confidence};

use crate::catalogue::Tool;

pub use disguise::{Disguise, Place, place_of};
pub(super) use gather::gather;

/// A tool and the traces it left.
#[derive(Clone, Debug)]
pub struct Sighting<'a> {
    /// Which tool.
    pub tool: &'a Tool,
    /// What was seen of it, strongest kinds first.
    pub traces: Vec<Trace>,
}

/// One thing that was seen of a tool.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What kind of thing.
    pub kind: TraceKind,
    /// Whether it speaks without another trace.
    pub convicts: bool,
    /// Whether it runs now (with the subcommand that matters, where the tool has some).
    pub live: bool,
    /// Whether it is set to start by itself.
    pub persistent: bool,
    /// For listeners: whether only this machine can reach it.
    pub loopback: bool,
    /// How the executable hides, where it does.
    pub disguise: Option<Disguise>,
    /// The evidence.
    pub evidence: Evidence,
}

impl Trace {
    /// Whether it says something that none of `others` says.
    fn adds_to(&self, others: &[Self]) -> bool {
        !others.iter().any(|other| {
            other.kind == self.kind
                && other.convicts >= self.convicts
                && other.live >= self.live
                && other.persistent >= self.persistent
                && other.disguise >= self.disguise
        })
    }
}

/// Kinds of traces, strongest first. Different kinds are independent of one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TraceKind {
    /// What the executable is by its own build: Go module, byte strings.
    Identity,
    /// An installed package.
    Package,
    /// A running executable.
    Process,
    /// A service unit.
    Unit,
    /// A socket that its process listens on.
    Listener,
    /// A connection to its relay.
    Connection,
    /// What starts at sign-in or on a schedule, or a menu entry.
    Autostart,
    /// A network interface.
    Interface,
    /// A path it leaves behind.
    Artefact,
}

/// How far a tool is from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It left something behind and is not here any more.
    History,
    /// It is here and does not run.
    Installed,
    /// It starts by itself.
    Persistent,
    /// It runs.
    Running,
}

impl State {
    /// The word for people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::History => "was used here",
            Self::Installed => "is installed",
            Self::Persistent => "is installed and set to start by itself",
            Self::Running => "is running",
        }
    }
}

impl Sighting<'_> {
    /// Whether a trace speaks for itself.
    pub fn convicts(&self) -> bool {
        self.traces.iter().any(|trace| trace.convicts)
    }

    /// How far the tool is from being used.
    pub fn state(&self) -> State {
        if self.traces.iter().any(|trace| trace.live) {
            State::Running
        } else if self.traces.iter().any(|trace| trace.persistent) {
            State::Persistent
        } else if self.traces.iter().any(|trace| trace.kind != TraceKind::Artefact) {
            State::Installed
        } else {
            State::History
        }
    }

    /// How sure: from the number of independent kinds; a package database or a build identity counts twice, and a
    /// path left behind says little alone.
    pub fn confidence(&self) -> Confidence {
        let kinds: BTreeSet<TraceKind> = self.traces.iter().map(|trace| trace.kind).collect();
        let weight: usize = kinds
            .iter()
            .map(|kind| match kind {
                TraceKind::Identity | TraceKind::Package => 2,
                _ => 1,
            })
            .sum();
        match weight {
            3.. => Confidence::High,
            2 => Confidence::Medium,
            _ if kinds.contains(&TraceKind::Artefact) || kinds.contains(&TraceKind::Interface) => {
                Confidence::Low
            }
            _ => Confidence::Medium,
        }
    }

    /// Whether something of it listens, and whether only on loopback.
    pub fn listening(&self) -> Option<Reach> {
        let mut listeners = self.traces.iter().filter(|trace| trace.kind == TraceKind::Listener).peekable();
        listeners.peek()?;
        Some(if listeners.all(|trace| trace.loopback) { Reach::Loopback } else { Reach::Network })
    }

    /// The gravest way an executable of it hides.
    pub fn disguise(&self) -> Option<Disguise> {
        self.traces.iter().filter_map(|trace| trace.disguise).max()
    }

    /// The evidence, one piece per trace, strongest kinds first.
    pub fn evidence(&self) -> Vec<Evidence> {
        self.traces.iter().map(|trace| trace.evidence.clone()).collect()
    }
}

/// Who can reach a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This machine only.
    Loopback,
    /// Others.
    Network,
}
