//! Which tools of the catalogue are on this machine, and by which traces.
//!
//! Always: a thing is recognised by what it is (package, real executable, unit, build identity, known path), never
//! by a word in a command line; unverified facts convict nobody, and too broad ones only strengthen.

mod disguise;
mod foreign;
mod gather;
mod identities;
mod sockets;
mod state;
mod subcommand;

use std::collections::BTreeSet;

use bearing_protocol::{Timestamp, fact::ToolState, finding::Evidence, severity::Confidence};

use crate::{
    catalogue::{Role, Tool},
    policy::{Direction, Scope},
};

pub use disguise::{Disguise, Place, place_of};
pub(super) use gather::gather;

/// A tool and the traces it left.
#[derive(Clone, Debug)]
pub struct Sighting<'a> {
    /// Which tool.
    pub tool: &'a Tool,
    /// What was seen of it, strongest kinds first.
    pub traces: Vec<Trace>,
    /// How it is set up, one for each of its own files that was read.
    pub states: Vec<&'a ToolState>,
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
    /// Whether only a list of names that is not the maker's says so.
    pub hearsay: bool,
    /// When it came to be here, where that is known.
    pub first_seen: Option<Timestamp>,
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
    /// A container that runs its image.
    Container,
    /// Its own settings and logs.
    State,
    /// A browser extension or a messaging host.
    Extension,
    /// A network interface.
    Interface,
    /// A path it leaves behind.
    Artefact,
}

impl TraceKind {
    /// The words for people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Identity => "what the program is built from",
            Self::Package => "package",
            Self::Process => "running program",
            Self::Unit => "service",
            Self::Listener => "listening socket",
            Self::Connection => "connection to its relay",
            Self::Autostart => "start or menu entry",
            Self::Container => "container",
            Self::State => "its own settings",
            Self::Extension => "browser extension",
            Self::Interface => "network interface",
            Self::Artefact => "path left behind",
        }
    }
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
        } else if self
            .traces
            .iter()
            .any(|trace| !matches!(trace.kind, TraceKind::Artefact | TraceKind::State))
        {
            State::Installed
        } else {
            State::History
        }
    }

    /// How sure: from the number of independent kinds; a package database or a build identity counts twice, and a
    /// path left behind says little alone.
    pub fn confidence(&self) -> Confidence {
        let weight: usize = self
            .kinds()
            .iter()
            .map(|kind| match kind {
                TraceKind::Identity | TraceKind::Package => 2,
                _ => 1,
            })
            .sum();
        match weight {
            3.. => Confidence::High,
            2 => Confidence::Medium,
            _ if self.is_weak() => Confidence::Low,
            _ => Confidence::Medium,
        }
    }

    /// Whether one weak kind is all there is: something left behind, a menu entry, or a name on somebody's list.
    pub fn is_weak(&self) -> bool {
        self.traces.iter().all(|trace| {
            trace.hearsay
                || matches!(
                    trace.kind,
                    TraceKind::Artefact
                        | TraceKind::Interface
                        | TraceKind::State
                        | TraceKind::Extension
                        | TraceKind::Autostart
                )
        }) && self.kinds().len() == 1
    }

    /// The independent kinds of what was seen, strongest first. A path left behind is no second kind beside the settings that were
    /// read from it.
    pub fn kinds(&self) -> BTreeSet<TraceKind> {
        let read_from = |path: &str| {
            let settings = self.traces.iter().filter(|trace| trace.kind == TraceKind::State);
            settings.into_iter().any(|trace| trace.evidence.location.starts_with(path))
        };
        self.traces
            .iter()
            .filter(|trace| trace.kind != TraceKind::Artefact || !read_from(&trace.evidence.location))
            .map(|trace| trace.kind)
            .collect()
    }

    /// When it came to be here, by the oldest sign.
    pub fn first_seen(&self) -> Option<Timestamp> {
        self.traces.iter().filter_map(|trace| trace.first_seen).min()
    }

    /// Whether any set-up of it has this switched on.
    pub fn has_feature(&self, feature: &str) -> bool {
        self.states.iter().any(|state| state.features.iter().any(|own| own == feature))
    }

    /// What approvals are asked about: each set-up for itself, or the tool as such.
    pub fn scopes(&self) -> Vec<Scope> {
        let direction = match self.tool.role {
            Role::Client => Some(Direction::Outgoing),
            Role::Host => Some(Direction::Incoming),
            // Either end: one that starts by itself waits for others, whoever is approved to reach out with it.
            Role::Both if self.traces.iter().any(|trace| trace.persistent) => Some(Direction::Incoming),
            Role::Both => None,
        };
        if self.states.is_empty() {
            return vec![Scope { direction, ..Scope::default() }];
        }
        self.states
            .iter()
            .map(|state| {
                let scope = Scope::of_state(state);
                Scope { direction: scope.direction.or(direction), ..scope }
            })
            .collect()
    }

    /// State and kinds of evidence, in a line each.
    pub fn summary(&self) -> (String, String) {
        let mut parts = vec![self.state().describe().to_owned()];
        match self.listening() {
            Some(Reach::Loopback) => parts.push("listens for this machine only".into()),
            Some(Reach::Network) => parts.push("listens for the network".into()),
            None => {}
        }
        if self.kinds().contains(&TraceKind::Connection) {
            parts.push("is connected to its relay".into());
        }
        let unattended: Vec<bool> = self.states.iter().filter_map(|state| state.unattended).collect();
        match unattended.as_slice() {
            [] => {}
            some if some.contains(&true) => parts.push("can be reached with nobody present".into()),
            _ => parts.push("asks before it lets somebody in".into()),
        }
        if self.states.iter().any(|state| state.session_live == Some(true)) {
            parts.push("a session is live".into());
        }
        parts.push(
            match self.tool.role {
                Role::Host => "lets others in",
                Role::Client => "reaches out",
                Role::Both => "lets others in and reaches out",
            }
            .into(),
        );
        if let Some(at) = self.first_seen() {
            parts.push(format!("here since {} or before", at.strftime("%Y-%m-%d")));
        }
        let kinds: Vec<&str> = self.kinds().into_iter().map(TraceKind::describe).collect();
        let count = match kinds.len() {
            1 => "one kind of evidence".to_owned(),
            more => format!("{more} independent kinds of evidence"),
        };
        (parts.join("; "), format!("{count}: {}", kinds.join(", ")))
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
