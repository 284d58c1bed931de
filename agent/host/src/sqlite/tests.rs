use proptest::prelude::*;

use super::*;

const FILE: &[u8] = include_bytes!("../../captures/rpm-4.18/rpmdb.sqlite");
const LOG: &[u8] = include_bytes!("../../captures/rpm-4.18/rpmdb.sqlite-wal");

fn ids(database: &Database<'_>) -> Vec<(i64, usize)> {
    let root = database.root_of("table", "Packages").unwrap().unwrap();
    let mut found = Vec::new();
    database
        .scan(root, |id, record| {
            let Some(Value::Blob(blob)) = columns(record).nth(1) else { panic!("a header") };
            found.push((id, blob.len()));
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

#[test]
fn rows_with_overflow_are_read_from_a_capture() {
    let database = Database::open(&FILE, None).unwrap();
    let found = ids(&database);
    assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    assert!(found.iter().any(|(_, bytes)| *bytes > 8 * 4096), "{found:?}");
    let root = database.root_of("table", "Packages").unwrap().unwrap();
    for (id, bytes) in found {
        let record = database.row(root, id).unwrap().unwrap();
        assert!(record.len() > bytes && record.len() < bytes + 16);
    }
    assert_eq!(database.row(root, 99), Ok(None));
    assert_eq!(database.root_of("table", "Nothing"), Ok(None));
}

#[test]
fn the_log_stands_before_the_file() {
    let database = Database::open(&FILE, Some(&LOG)).unwrap();
    let found: Vec<_> = ids(&database).into_iter().map(|(id, _)| id).collect();
    assert_eq!(found.len(), 7, "one was added, one removed: {found:?}");
    assert!(found.contains(&8));
}

#[test]
fn what_was_not_committed_is_not_believed() {
    let whole = Log::read(&LOG).unwrap();
    // The last frame carries the commit.
    let cut = Log::read(&&LOG[..LOG.len() - 10]).unwrap();
    assert_ne!(cut, whole);
    assert!(!cut.is_empty(), "earlier commits stay");
    let mut damaged = LOG.to_vec();
    damaged[32 + 24 + 100] ^= 1;
    assert!(Log::read(&damaged.as_slice()).unwrap().is_empty());
    let mut of_another_time = LOG.to_vec();
    of_another_time[32 + 8] ^= 1;
    assert!(Log::read(&of_another_time.as_slice()).unwrap().is_empty());
    let mut header = LOG.to_vec();
    header[16] ^= 1;
    assert_eq!(Log::read(&header.as_slice()), None);
}

#[test]
fn an_index_finds_every_row_of_a_key() {
    let database = Database::open(&FILE, None).unwrap();
    let index = database.root_of("index", "Basenames_key_idx").unwrap().unwrap();
    let table = database.root_of("table", "Basenames").unwrap().unwrap();
    let count = |key: &str| {
        let mut by_scan = 0;
        database
            .scan(table, |_, record| {
                by_scan += usize::from(columns(record).next() == Some(Value::Text(key.as_bytes())));
                ControlFlow::Continue(())
            })
            .unwrap();
        (database.rows_with(index, key.as_bytes(), 1_000).unwrap().len(), by_scan)
    };
    assert_eq!(count("file-1.dat"), (7, 7));
    assert_eq!(count("file-199.dat"), (1, 1));
    assert_eq!(count("sample-desk").0, count("sample-desk").1);
    assert_eq!(count("nothing"), (0, 0));
    assert_eq!(database.rows_with(index, b"file-1.dat", 3).unwrap().len(), 3);
}

#[test]
fn other_files_are_refused() {
    assert_eq!(Database::open(&b"".as_slice(), None).err(), Some(SqliteError::NotADatabase));
    assert_eq!(Database::open(&&FILE[1..], None).err(), Some(SqliteError::NotADatabase));
    assert_eq!(Database::open(&&FILE[..1000], None).err(), Some(SqliteError::Page(1)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn any_damage_is_survived(
        changes in prop::collection::vec((0..FILE.len(), any::<u8>()), 1..64),
        early in prop::collection::vec((0..20_000_usize, any::<u8>()), 1..64),
        end in 0..=FILE.len(),
    ) {
        let mut bytes = FILE.to_vec();
        for (at, value) in changes.into_iter().chain(early) {
            bytes[at] = value;
        }
        let _ = walk(&bytes, b"");
        let _ = walk(&bytes[..end], LOG);
    }
}
