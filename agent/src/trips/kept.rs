use std::path::PathBuf;

use super::Draft;
use crate::state::{FileError, StateDirectory};

/// Trips that a person announced while no service ran: kept with the person's own state, and handed over by the next
/// `bearing-agent trip` that finds the service.
#[derive(Clone, Debug)]
pub struct KeptDrafts {
    directory: StateDirectory,
}

impl KeptDrafts {
    const FILE: &'static str = "trips-to-announce.json";

    /// Below `XDG_STATE_HOME`, or else `~/.local/state`; `None` where neither is set.
    pub fn of_this_person(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let absolute = |name: &str| variable(name).filter(|path| path.starts_with('/')).map(PathBuf::from);
        let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
        Some(Self { directory: StateDirectory::new(state.join("bearing")) })
    }

    /// What is kept; nothing where it cannot be read.
    pub fn load(&self) -> Vec<Draft> {
        self.directory.read_json(Self::FILE).ok().flatten().unwrap_or_default()
    }

    /// Keeps these, in place of what was kept.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn keep(&self, drafts: &[Draft]) -> Result<(), FileError> {
        self.directory.create()?;
        self.directory.write_json(Self::FILE, &drafts.iter().take(MAX_DRAFTS).collect::<Vec<_>>())
    }

    /// Where they lie.
    pub fn path(&self) -> PathBuf {
        self.directory.file(Self::FILE)
    }
}

const MAX_DRAFTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_lie_with_the_person_who_made_them() {
        let temporary = tempfile::tempdir().unwrap();
        let home = temporary.path().to_str().unwrap().to_owned();
        let kept = KeptDrafts::of_this_person(|name| (name == "HOME").then(|| home.clone())).unwrap();
        assert!(kept.load().is_empty());
        let draft = Draft::parse("PT", "2026-12-01", "2026-12-02").unwrap();
        kept.keep(std::slice::from_ref(&draft)).unwrap();
        assert_eq!(kept.load(), [draft]);
        assert!(kept.path().starts_with(temporary.path().join(".local/state/bearing")));
        assert!(KeptDrafts::of_this_person(|_| Some("relative".to_owned())).is_none());
    }
}
