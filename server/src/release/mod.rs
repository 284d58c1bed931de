//! Which agent binaries are of a release: signed lists, loaded one file each.
//!
//! Always: a list counts only with as many signatures of the pinned policy keys as policy needs, each time it is
//! read; where none was loaded nothing is judged, where one was, a report's program must be on one of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use bearing_protocol::{
    Timestamp,
    digest::Digest,
    envelope::{Envelope, EnvelopeError},
    key::KeySet,
    payload::ReleasePayload,
};

use crate::files::{FileError, create_private_directory, create_public, read_text};

/// Below the data directory.
pub const RELEASES_DIRECTORY: &str = "releases";
/// The name of the agent's program on a list; with `.exe` on Windows.
const AGENT: &str = "bearing-agent";
/// Most lists that are kept: old agents stay in use for a while, not for ever.
pub const MAX_RELEASES: usize = 200;
/// Longest version that is taken, in characters.
const MAX_VERSION_CHARS: usize = 40;

/// Why a list is not taken.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ReleaseError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{path}` is no signed list of a release: sign it with `bearing-server release sign`")]
    Syntax { path: String, source: serde_json::Error },
    #[error("`{path}` is not signed by as many policy keys of this server as it needs")]
    Signature { path: String, source: EnvelopeError },
    #[error(
        "`{path}` names version `{version}`: 1 to {MAX_VERSION_CHARS} letters, digits, `.`, `-`, `+` are taken"
    )]
    Version { path: String, version: String },
    #[error("`{path}` names no `{AGENT}`")]
    NoAgent { path: String },
    #[error("another list of version {version} is loaded already: a version's binaries never change")]
    Other { version: String },
    #[error("{MAX_RELEASES} lists are loaded: remove files of versions that nobody runs from `{directory}`")]
    TooMany { directory: String },
    #[error("cannot list `{directory}`")]
    Directory { directory: String, source: io::Error },
}

/// One loaded list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its version.
    pub version: String,
    /// When it was made.
    pub released_at: Timestamp,
    /// Digests of the agent by target triple.
    pub agents: BTreeMap<String, Digest>,
}

/// What a report's program is by the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No list was loaded.
    NotJudged,
    /// On a list.
    Known,
    /// On none.
    Unknown,
}

#[derive(Default)]
struct Read {
    changed_at: Option<SystemTime>,
    agents: BTreeSet<Digest>,
    loaded: bool,
}

/// The lists of one installation; what is added while the server runs counts from the next report on. Cheap to clone.
#[derive(Clone)]
pub struct Releases(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    keys: KeySet,
    read: RwLock<Read>,
}

impl Releases {
    /// The lists below a data directory, which need not be there.
    pub fn new(data_dir: &Path, keys: KeySet) -> Self {
        let directory = data_dir.join(RELEASES_DIRECTORY);
        Self(Arc::new(Inner { directory, keys, read: RwLock::default() }))
    }

    /// What a program with this digest is.
    ///
    /// # Errors
    /// Where a list cannot be read or does not hold any more: then nothing is said of any program.
    pub fn standing(&self, digest: Option<&Digest>) -> Result<Standing, ReleaseError> {
        let changed_at = fs::metadata(&self.0.directory).and_then(|found| found.modified()).ok();
        let is_current = |read: &Read| read.changed_at == changed_at;
        {
            let read = self.0.read.read().unwrap_or_else(PoisonError::into_inner);
            if is_current(&read) {
                return Ok(read.standing(digest));
            }
        }
        let releases = self.list()?;
        let agents = releases.iter().flat_map(|release| release.agents.values().copied()).collect();
        let mut read = self.0.read.write().unwrap_or_else(PoisonError::into_inner);
        *read = Read { changed_at, agents, loaded: !releases.is_empty() };
        Ok(read.standing(digest))
    }

    /// All lists, by version.
    ///
    /// # Errors
    /// Where one cannot be read or does not hold.
    pub fn list(&self) -> Result<Vec<Release>, ReleaseError> {
        let fail = |source| ReleaseError::Directory { directory: self.directory(), source };
        let entries = match fs::read_dir(&self.0.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fail(error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(fail)?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.iter().map(|path| self.open(path).map(|(release, _)| release)).collect()
    }

    /// Takes a signed list.
    ///
    /// # Errors
    /// Where it does not hold, names no agent, or another list of its version is there.
    pub fn load(&self, path: &Path) -> Result<Release, ReleaseError> {
        let (release, text) = self.open(path)?;
        let known = self.list()?;
        if let Some(same) = known.iter().find(|known| known.version == release.version) {
            let version = release.version.clone();
            return if *same == release { Ok(release) } else { Err(ReleaseError::Other { version }) };
        }
        if known.len() >= MAX_RELEASES {
            return Err(ReleaseError::TooMany { directory: self.directory() });
        }
        create_private_directory(&self.0.directory)?;
        create_public(&self.0.directory.join(format!("{}.json", release.version)), &text)?;
        Ok(release)
    }

    fn open(&self, path: &Path) -> Result<(Release, String), ReleaseError> {
        let text = read_text(path)?;
        let name = || path.display().to_string();
        let envelope: Envelope =
            serde_json::from_str(&text).map_err(|source| ReleaseError::Syntax { path: name(), source })?;
        let payload = envelope
            .open::<ReleasePayload>(&self.0.keys)
            .map_err(|source| ReleaseError::Signature { path: name(), source })?
            .into_inner();
        let version = payload.version;
        // It becomes a file's name.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
        let is_short = (1..=MAX_VERSION_CHARS).contains(&version.chars().count());
        if !is_short || !version.chars().all(is_plain) || version.starts_with('.') {
            let version = bearing_protocol::text::printable(&version, MAX_VERSION_CHARS);
            return Err(ReleaseError::Version { path: name(), version });
        }
        let agents: BTreeMap<String, Digest> = payload
            .binaries
            .into_iter()
            .filter(|binary| binary.name.trim_end_matches(".exe") == AGENT)
            .map(|binary| (binary.target, binary.digest))
            .collect();
        if agents.is_empty() {
            return Err(ReleaseError::NoAgent { path: name() });
        }
        Ok((Release { version, released_at: payload.released_at, agents }, text))
    }

    fn directory(&self) -> String {
        self.0.directory.display().to_string()
    }
}

impl Read {
    fn standing(&self, digest: Option<&Digest>) -> Standing {
        match digest {
            _ if !self.loaded => Standing::NotJudged,
            Some(digest) if self.agents.contains(digest) => Standing::Known,
            _ => Standing::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use bearing_protocol::{key::FileKey, payload::ReleaseBinary};
    use zeroize::Zeroizing;

    use super::*;

    fn key(byte: u8) -> FileKey {
        FileKey::from_seed(&Zeroizing::new([byte; 32]))
    }

    fn list(directory: &Path, version: &str, agent: u8, signer: &FileKey) -> PathBuf {
        let payload = ReleasePayload {
            version: version.to_owned(),
            released_at: "2026-11-25T12:00:00Z".parse().unwrap(),
            binaries: vec![ReleaseBinary {
                name: AGENT.to_owned(),
                target: "x86_64-unknown-linux-musl".to_owned(),
                digest: Digest::from_bytes([agent; 32]),
            }],
        };
        let path = directory.join(format!("given-{agent}.json"));
        let envelope = Envelope::seal(&payload, &[signer]).unwrap();
        fs::write(&path, serde_json::to_string(&envelope).unwrap()).unwrap();
        path
    }

    #[test]
    fn only_programs_on_a_signed_list_are_known_and_without_a_list_nothing_is_judged() {
        let work = tempfile::tempdir().unwrap();
        let releases = Releases::new(&work.path().join("data"), KeySet::single(key(1).public()));
        fs::create_dir(work.path().join("data")).unwrap();
        let (one, other) = (Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32]));
        assert_eq!(releases.standing(Some(&one)).unwrap(), Standing::NotJudged);
        let error = releases.load(&list(work.path(), "0.1.0", 1, &key(9))).unwrap_err();
        assert!(matches!(error, ReleaseError::Signature { .. }), "{error}");
        releases.load(&list(work.path(), "0.1.0", 1, &key(1))).unwrap();
        assert_eq!(releases.standing(Some(&one)).unwrap(), Standing::Known);
        assert_eq!(releases.standing(Some(&other)).unwrap(), Standing::Unknown);
        assert_eq!(releases.standing(None).unwrap(), Standing::Unknown);
    }

    #[test]
    fn a_version_never_gets_other_binaries_and_never_leaves_the_directory() {
        let work = tempfile::tempdir().unwrap();
        let releases = Releases::new(work.path(), KeySet::single(key(1).public()));
        let first = list(work.path(), "0.1.0", 1, &key(1));
        releases.load(&first).unwrap();
        releases.load(&first).unwrap();
        let error = releases.load(&list(work.path(), "0.1.0", 2, &key(1))).unwrap_err();
        assert!(matches!(error, ReleaseError::Other { .. }), "{error}");
        let error = releases.load(&list(work.path(), "../../x", 3, &key(1))).unwrap_err();
        assert!(matches!(error, ReleaseError::Version { .. }), "{error}");
    }

    #[test]
    fn a_list_that_was_changed_on_disk_is_an_error_not_a_pass() {
        let work = tempfile::tempdir().unwrap();
        let releases = Releases::new(work.path(), KeySet::single(key(1).public()));
        releases.load(&list(work.path(), "0.1.0", 1, &key(1))).unwrap();
        let file = work.path().join(RELEASES_DIRECTORY).join("0.1.0.json");
        fs::copy(list(work.path(), "0.1.0", 2, &key(9)), &file).unwrap();
        assert!(matches!(releases.list(), Err(ReleaseError::Signature { .. })));
    }
}
