//! Devices that are not there any more: those of the day's journal count as if they were, what a system merely
//! remembers counts for less.
//!
//! Always: a device that changed its names or functions at its port is one story: the last state names it, and what an
//! earlier state of the same ids or the same build showed is kept.

use bearing_protocol::{Timestamp, severity::Confidence};

use super::story::Story;

/// How a device is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// It is there.
    #[default]
    Present,
    /// The agent's own journal of the day saw it.
    Journal(Option<Timestamp>),
    /// Something else remembers it (`registry`, `udev-database`).
    Remembered(String, Option<Timestamp>),
}

impl Known {
    /// From a fact's provenance.
    pub fn of(provenance: Option<&str>, last_seen: Option<Timestamp>) -> Self {
        match provenance {
            // What a collection shows was there when it was made.
            None | Some("present" | COLLECTED) => Self::Present,
            Some("journal") => Self::Journal(last_seen),
            Some(other) => Self::Remembered(other.to_owned(), last_seen),
        }
    }

    /// Whether it is there.
    pub const fn is_present(&self) -> bool {
        matches!(self, Self::Present)
    }

    /// Whether it was seen by the agent itself.
    pub const fn is_witnessed(&self) -> bool {
        matches!(self, Self::Present | Self::Journal(_))
    }

    /// How sure a finding can be that rests on it.
    pub const fn caps(&self, confidence: Confidence) -> Confidence {
        match self {
            Self::Present | Self::Journal(_) => confidence,
            Self::Remembered(..) => Confidence::Low,
        }
    }

    /// For a title: `, last seen 2026-11-25T02:10:00Z by the agent's journal`.
    pub fn told(&self) -> String {
        let at = |at: &Option<Timestamp>| at.map(|at| format!(" {at}")).unwrap_or_default();
        match self {
            Self::Present => String::new(),
            Self::Journal(last) if last.is_none() => ", seen by the agent's journal".to_owned(),
            Self::Journal(last) => format!(", last seen{} by the agent", at(last)),
            Self::Remembered(by, last) if last.is_none() => format!(", remembered by {by}"),
            Self::Remembered(by, last) => format!(", last seen{} as {by} remembers", at(last)),
        }
    }
}

/// The port of a place: a past device's ends in `@` and when it was last seen, one that two records hold in `~` and
/// the second's name.
pub fn port_of(path: &str) -> &str {
    path.split(['@', '~']).next().unwrap_or(path)
}

/// How a device of a copied listing is known: it was there when the listing was made.
const COLLECTED: &str = "collection";

/// Brings together what is one device in several states.
pub(super) fn united(mut stories: Vec<Story>) -> Vec<Story> {
    // The last state first: what is there, then what was seen last.
    stories.sort_by_key(|story| rank(&story.known));
    let mut out: Vec<Story> = Vec::new();
    for story in stories {
        let same = |known: &&mut Story| {
            !story.known.is_present()
                && known.port == story.port
                && story.port.is_some()
                && (known.ids == story.ids || known.shape == story.shape)
        };
        match out.iter_mut().find(same) {
            Some(known) => known.remember(story),
            None => out.push(story),
        }
    }
    out
}

fn rank(known: &Known) -> (u8, std::cmp::Reverse<Option<Timestamp>>) {
    match known {
        Known::Present => (0, std::cmp::Reverse(None)),
        Known::Journal(at) => (1, std::cmp::Reverse(*at)),
        Known::Remembered(_, at) => (2, std::cmp::Reverse(*at)),
    }
}
