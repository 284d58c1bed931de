//! What a source hands back: what it read and what it missed, or why there is nothing.

use std::sync::Arc;

use bearing_protocol::{Timestamp, fact::Facts, plan::Plan};

use crate::{
    gaps::Gaps,
    memory::Memory,
    root::{ReadError, ReadErrorKind, Root},
};

/// What a source may look at.
#[derive(Clone, Debug)]
pub struct Context {
    /// The machine's files.
    pub root: Root,
    /// What to look for beyond what is always read.
    pub plan: Arc<Plan>,
    /// When this collection began, UTC.
    pub now: Timestamp,
    /// What earlier sources of the same collection read (the order is `collect::ORDER`). A source that
    /// was switched off or failed left its default here.
    pub earlier: Arc<Facts>,
    /// What earlier collections left behind.
    pub memory: Memory,
}

impl Context {
    /// Refuses where the source's files are Linux's and this is a live machine of another kind. A
    /// Linux machine's copy is read anywhere.
    ///
    /// # Errors
    /// [`Unread::Unsupported`], naming the system.
    pub fn needs_linux(&self) -> Result<(), Unread> {
        if self.root.is_live() && !cfg!(target_os = "linux") {
            return Err(Unread::unsupported(format!("not read on {} yet", std::env::consts::OS)));
        }
        Ok(())
    }
}

/// The answer of a source.
pub type Read<T> = Result<Reading<T>, Unread>;

/// What was read.
#[derive(Clone, Debug)]
pub struct Reading<T> {
    /// The facts.
    pub value: T,
    /// What was read, in words ("412 processes").
    pub summary: String,
    /// What was left out.
    pub gaps: Gaps,
}

impl<T> Reading<T> {
    /// All of it.
    pub fn new(value: T, summary: impl Into<String>) -> Self {
        Self { value, summary: summary.into(), gaps: Gaps::default() }
    }

    /// What was read, and what was left out.
    pub fn with_gaps(value: T, summary: impl Into<String>, gaps: Gaps) -> Self {
        Self { value, summary: summary.into(), gaps }
    }
}

/// Why a source has no facts at all. Each carries its reason in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// This system has no such source, or it is not read here.
    #[error("{0}")]
    Unsupported(String),
    /// No permission.
    #[error("{0}")]
    Denied(String),
    /// It failed.
    #[error("{0}")]
    Failed(String),
}

impl Unread {
    /// This system has no such source, or it is not read here.
    pub fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported(reason.into())
    }
}

impl From<ReadError> for Unread {
    /// For the one path a source cannot do without.
    fn from(error: ReadError) -> Self {
        match error.kind {
            ReadErrorKind::Missing => Self::Unsupported(error.to_string()),
            ReadErrorKind::Denied => Self::Denied(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
