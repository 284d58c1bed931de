//! The tables in use, and the files behind them, looked at again and again.
//!
//! Always: a file that cannot be used leaves what was read before in use, and is named until it can; a look-up sees all
//! of one state or all of the next. Files are replaced by renaming a finished one over them.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use bearing_protocol::Timestamp;

use super::{
    DatabaseConfig, Geo, GeoConfig, ListConfig, Listed, Plugged, age_days,
    database::{Database, DatabaseError, MAX_DATABASE_BYTES},
    list::{GoodRows, List, ListError, MAX_LIST_BYTES},
};

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub(crate) enum SourceError {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("it is larger than {0} bytes")]
    Large(u64),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    List(#[from] ListError),
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size_bytes: u64,
    modified: Option<std::time::SystemTime>,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let meta = fs::metadata(path)?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&meta);
        #[cfg(not(unix))]
        let inode = 0;
        Ok(Self { size_bytes: meta.len(), modified: meta.modified().ok(), inode })
    }

    /// The day the file was changed last.
    fn day(&self) -> String {
        let changed = self.modified.and_then(|time| Timestamp::try_from(time).ok());
        changed.map_or_else(|| "unknown".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
    }
}

#[derive(Clone)]
enum What {
    Database(DatabaseConfig),
    List(ListConfig),
}

#[derive(Clone)]
enum Loaded {
    Database(Plugged),
    List(Listed),
}

/// A file.
struct Source {
    what: What,
    /// The state that was tried last, whether it could be used or not.
    tried: Option<Stamp>,
    loaded: Option<Loaded>,
    problem: Option<String>,
}

/// What there is to say of a file.
#[derive(Clone, Debug)]
pub struct SourceStatus {
    /// The file.
    pub path: PathBuf,
    /// What it is for: a role or a class.
    pub purpose: String,
    /// What was read of it: type and fields, or rows. Absent where nothing was.
    pub content: Option<String>,
    /// The day it was built or, of a list, changed.
    pub built: Option<String>,
    /// How old that is, in days.
    pub age_days: Option<u32>,
    /// What is wrong with the file as it is now.
    pub problem: Option<String>,
}

/// The tables in use. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    current: RwLock<Arc<Geo>>,
    sources: Mutex<Vec<Source>>,
}

impl Live {
    /// The built-in tables alone.
    pub fn builtin() -> Self {
        Self(Arc::new(Inner { current: RwLock::default(), sources: Mutex::default() }))
    }

    /// The built-in tables and what `config` names.
    pub fn load(config: &GeoConfig) -> Self {
        let live = Self::builtin();
        live.plug_in(config);
        live
    }

    /// Uses what `config` names, and nothing else, beside the built-in tables. A file that cannot be used does not keep a
    /// server from starting: it is named by [`Live::status`]. Blocks while it reads.
    pub fn plug_in(&self, config: &GeoConfig) {
        let databases = config.databases.iter().cloned().map(What::Database);
        let lists = config.lists.iter().cloned().map(What::List);
        *self.sources() = databases
            .chain(lists)
            .map(|what| Source { what, tried: None, loaded: None, problem: None })
            .collect();
        self.look_again();
    }

    /// What look-ups are made in now.
    pub fn current(&self) -> Arc<Geo> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the files and reads those that changed. Blocks while it reads; how many changed and what is wrong now.
    pub fn look_again(&self) -> (usize, Vec<String>) {
        let mut sources = self.sources();
        let changed = sources.iter_mut().map(Source::look).filter(|changed| *changed).count();
        if changed > 0 {
            let (mut databases, mut lists) = (Vec::new(), Vec::new());
            for source in sources.iter() {
                match &source.loaded {
                    Some(Loaded::Database(plugged)) => databases.push(plugged.clone()),
                    Some(Loaded::List(listed)) => lists.push(listed.clone()),
                    None => {}
                }
            }
            let next = Arc::new(Geo::of(databases, lists));
            *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        }
        (changed, sources.iter().filter_map(Source::complaint).collect())
    }

    /// What is wrong with the files as they were when they were looked at last.
    pub fn problems(&self) -> Vec<String> {
        self.sources().iter().filter_map(Source::complaint).collect()
    }

    /// What there is to say of each file, at `now`.
    pub fn status(&self, now: Timestamp) -> Vec<SourceStatus> {
        self.sources().iter().map(|source| source.status(now)).collect()
    }

    fn sources(&self) -> MutexGuard<'_, Vec<Source>> {
        self.0.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    fn path(&self) -> &Path {
        match &self.what {
            What::Database(config) => &config.path,
            What::List(config) => &config.path,
        }
    }

    /// Reads the file if it is not in the state that was tried last; whether it was tried.
    fn look(&mut self) -> bool {
        let stamp = match Stamp::of(self.path()) {
            Ok(stamp) if self.tried == Some(stamp) => return false,
            Ok(stamp) => stamp,
            Err(error) => {
                let problem = Some(SourceError::Read(error).to_string());
                let is_new = self.problem != problem;
                self.tried = None;
                self.problem = problem;
                return is_new;
            }
        };
        self.tried = Some(stamp);
        match self.read(&stamp) {
            Ok(loaded) => {
                self.loaded = Some(loaded);
                self.problem = None;
            }
            Err(error) => self.problem = Some(error.to_string()),
        }
        true
    }

    fn read(&self, stamp: &Stamp) -> Result<Loaded, SourceError> {
        let bytes = |limit| read_at_most(self.path(), limit);
        Ok(match &self.what {
            What::Database(config) => {
                let database = Arc::new(Database::read(bytes(MAX_DATABASE_BYTES)?, config.role)?);
                Loaded::Database(Plugged { role: config.role, priority: config.priority, database })
            }
            What::List(config) => {
                let good_rows = if config.keep_good_rows { GoodRows::Keep } else { GoodRows::Refuse };
                let list = Arc::new(List::parse(&bytes(MAX_LIST_BYTES)?, config.format, good_rows)?);
                let name = config.path.file_name().map(|name| name.to_string_lossy().into_owned());
                let name = format!("list {} ({})", name.unwrap_or_default(), config.class.as_str());
                Loaded::List(Listed { name, class: config.class, changed: stamp.day(), list })
            }
        })
    }

    fn complaint(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        let kept = match self.loaded {
            Some(_) => "what was read before stays in use",
            None => "nothing of it is in use",
        };
        Some(format!("`{}` cannot be used, {kept}: {problem}", self.path().display()))
    }

    fn status(&self, now: Timestamp) -> SourceStatus {
        let purpose = match &self.what {
            What::Database(config) => {
                format!("database, role {}, priority {}", config.role.as_str(), config.priority)
            }
            What::List(config) => format!("list, class {}", config.class.as_str()),
        };
        let (content, built) = match &self.loaded {
            Some(Loaded::Database(plugged)) => {
                let database = &plugged.database;
                let families = if database.is_ipv4_only() { ", IPv4 alone" } else { "" };
                let content = format!("type `{}`, reads {}{families}", database.kind(), database.fields());
                (Some(content), Some(database.built().to_owned()))
            }
            Some(Loaded::List(listed)) => (Some(list_content(&listed.list)), Some(listed.changed.clone())),
            None => (None, None),
        };
        SourceStatus {
            path: self.path().to_owned(),
            purpose,
            content,
            age_days: built.as_deref().and_then(|built| age_days(built, now)),
            built,
            problem: self.problem.clone(),
        }
    }
}

/// The bytes of a file that is not larger than `limit`.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(SourceError::Large(limit)) } else { Ok(bytes) }
}

/// What a list holds, in words.
pub(crate) fn list_content(list: &List) -> String {
    let mut text = format!("{} rows, {} merged ranges", list.rows, list.ranges.len());
    if !list.networks.is_empty() {
        text.push_str(&format!(", {} networks", list.networks.len()));
    }
    if list.other > 0 {
        text.push_str(&format!(", {} rows about something else", list.other));
    }
    if list.bad > 0 {
        text.push_str(&format!(", {} bad rows left out", list.bad));
    }
    text
}

#[cfg(test)]
mod tests;
