//! Opening the file: its settings, its writer, its readers.

use std::{path::Path, time::Duration};

use bearing_store::StoreError;
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{fault::fault, migration::migrator};

/// How many readers there are beside the writer.
const READERS: u32 = 4;
/// How long a statement waits for another process (a command on the same data directory).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection before the server answers 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a page.
const PAGE_BYTES: u64 = 4_096;
/// Page cache of each connection, in KiB.
const CACHE_KIB: u32 = 16 * 1024;

/// What the server remembers, in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

/// Why a file could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum OpenError {
    #[error("cannot open the store `{path}`: is the path right, and does the server's user own it?")]
    Open { path: String, source: sqlx::Error },
    #[error("cannot bring the store `{path}` to this version: an older server cannot open a newer store")]
    Migrate { path: String, source: sqlx::migrate::MigrateError },
}

/// Makes an empty file that only its owner can read, where there is none; the files beside it take its mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

impl SqliteStore {
    /// Opens the file at `path`, making it where it is missing, and brings it to this version.
    ///
    /// # Errors
    /// Where the file cannot be opened, or is of a newer version.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_bounded(path, None).await
    }

    /// The same, with a limit on the file's size: at the limit the store is full, as on a full disk.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open_bounded(path: &Path, max_bytes: Option<u64>) -> Result<Self, OpenError> {
        let shown = || path.display().to_string();
        create_private(path)
            .map_err(|error| OpenError::Open { path: shown(), source: sqlx::Error::Io(error) })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(256)
            .pragma("cache_size", format!("-{CACHE_KIB}"))
            .pragma("temp_store", "MEMORY")
            .pragma("page_size", PAGE_BYTES.to_string())
            .pragma("journal_size_limit", "67108864");
        let options = match max_bytes {
            Some(bytes) => options.pragma("max_page_count", (bytes / PAGE_BYTES).max(1).to_string()),
            None => options,
        };
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await
            .map_err(|source| OpenError::Open { path: shown(), source })?;
        migrator().run(&writer).await.map_err(|source| OpenError::Migrate { path: shown(), source })?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(|source| OpenError::Open { path: shown(), source })?;
        Ok(Self { writer, readers })
    }

    /// Closes all connections and writes the WAL back.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that may write; it takes the write lock at once, so that it never fails halfway for
    /// somebody else's.
    pub(crate) async fn begin(&self, what: &'static str) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(fault(what))
    }
}
