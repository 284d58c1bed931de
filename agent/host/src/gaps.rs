//! What a source could not read, counted.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::root::{ReadError, ReadErrorKind};

/// Why something was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// No permission.
    Denied,
    /// It should be there and is not.
    Missing,
    /// It is not in the form it should have.
    Malformed,
    /// There is more than the limit allows.
    OverLimit,
    /// Left alone on purpose.
    Skipped,
    /// Reading failed.
    Failed,
}

impl Why {
    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "no permission",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::OverLimit => "over the limit",
            Self::Skipped => "not read",
            Self::Failed => "could not be read",
        }
    }
}

impl From<ReadErrorKind> for Why {
    fn from(kind: ReadErrorKind) -> Self {
        match kind {
            ReadErrorKind::Missing => Self::Missing,
            ReadErrorKind::Denied => Self::Denied,
            ReadErrorKind::TooLarge => Self::OverLimit,
            ReadErrorKind::NotAFile => Self::Malformed,
            ReadErrorKind::Io(_) => Self::Failed,
        }
    }
}

/// What was left out of a source, by what it was and why. Any gap makes the source's status `partial`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    counts: BTreeMap<(&'static str, Why), u64>,
    notes: Vec<String>,
}

impl Gaps {
    /// Counts one thing left out; `what` is its plural for people ("exe links").
    pub fn add(&mut self, what: &'static str, why: Why) {
        self.add_many(what, why, 1);
    }

    /// Counts `count` things left out; none is no gap.
    pub fn add_many(&mut self, what: &'static str, why: Why, count: u64) {
        if count > 0 {
            let total = self.counts.entry((what, why)).or_default();
            *total = total.saturating_add(count);
        }
    }

    /// Counts a failed read. Something that is not there is no gap: it vanished, or this machine has none.
    pub fn add_error(&mut self, what: &'static str, error: &ReadError) {
        if !error.is_missing() {
            self.add(what, error.kind.into());
        }
    }

    /// A gap that no number describes ("IPv6 neighbours are not in files").
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Takes over what another part of the same source left out.
    pub fn merge(&mut self, other: Self) {
        for ((what, why), count) in other.counts {
            self.add_many(what, why, count);
        }
        self.notes.extend(other.notes);
    }

    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.notes.is_empty()
    }

    /// How many things were left out for this reason.
    pub fn count(&self, what: &str, why: Why) -> u64 {
        self.counts.iter().filter(|((w, y), _)| *w == what && *y == why).map(|(_, count)| count).sum()
    }

    /// "3 exe links: no permission; IPv6 neighbours are not in files".
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for ((what, why), count) in &self.counts {
            let separator = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{separator}{count} {what}: {}", why.as_str());
        }
        for note in &self.notes {
            text.push_str(if text.is_empty() { "" } else { "; " });
            text.push_str(note);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_counted_and_told() {
        let mut gaps = Gaps::default();
        assert!(gaps.is_empty());
        gaps.add("exe links", Why::Denied);
        gaps.add("exe links", Why::Denied);
        gaps.add_many("lines", Why::Malformed, 0);
        gaps.note("IPv6 neighbours are not in files");
        assert_eq!(gaps.describe(), "2 exe links: no permission; IPv6 neighbours are not in files");
        assert_eq!(gaps.count("exe links", Why::Denied), 2);
    }

    #[test]
    fn what_is_not_there_is_no_gap() {
        let mut gaps = Gaps::default();
        let missing = ReadError { path: "/proc/7/exe".into(), kind: ReadErrorKind::Missing };
        gaps.add_error("exe links", &missing);
        assert!(gaps.is_empty());
    }
}
