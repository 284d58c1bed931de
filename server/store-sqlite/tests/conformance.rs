//! SQLite passes the suite that every store passes.

use std::sync::Mutex;

use bearing_store_sqlite::SqliteStore;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_passes_the_suite() {
    let directories: Mutex<Vec<TempDir>> = Mutex::new(Vec::new());
    bearing_store::conformance::run(|| async {
        let directory = TempDir::new().unwrap();
        let store = SqliteStore::open(&directory.path().join("bearing.db")).await.unwrap();
        directories.lock().unwrap().push(directory);
        store
    })
    .await;
}
