//! rpm's database: one header a package, in SQLite.
//!
//! Always: headers are read by their own index and never past their end; a database that changes while it is
//! read is read again once; the older forms (Berkeley DB, ndb) are told, not read. An empty database answers
//! nothing: machines of other distributions have one as soon as somebody calls `rpm`.
//! Facts: rpm's `docs/manual/hregions.md` and `format_header.md` (index entries, types), `rpmtag.h` (tags).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    ops::ControlFlow,
};

use bearing_protocol::{
    Timestamp,
    fact::{Package, PackageManager},
    limits::MAX_TEXT_BYTES,
    text::printable,
};

use super::{ownership::Answer, spelling::Spelling};
use crate::{
    executables::read_at::ReadAt,
    gaps::{Gaps, Why},
    root::Root,
    sqlite::{
        Database, SqliteError,
        record::{Value, columns},
    },
};

/// Where distributions keep it: everywhere else, Fedora and SUSE, image-based Fedora.
const DIRECTORIES: [&str; 3] = ["/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm"];
/// Forms that are not read.
const OTHER_FORMS: [(&str, &str); 2] = [("Packages.db", "ndb"), ("Packages", "Berkeley DB")];
const MAX_PACKAGES: usize = 50_000;
/// Most rows that one file name gives; `__init__.py` has thousands.
const MAX_ROWS_PER_NAME: usize = 20_000;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const INSTALL_TIME: u32 = 1008;
const VENDOR: u32 = 1011;
const FILE_STATES: u32 = 1029;
const DIRECTORY_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIRECTORY_NAMES: u32 = 1118;

/// A package's header as the database keeps it: two lengths, index entries, data.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Splits a header; `None` where its lengths do not fit.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (entries, rest) = take_u32(bytes)?;
        let (data_bytes, rest) = take_u32(rest)?;
        let index_bytes = usize::try_from(entries).ok()?.checked_mul(ENTRY_BYTES)?;
        let (index, rest) = rest.split_at_checked(index_bytes)?;
        let data = rest.get(..usize::try_from(data_bytes).ok()?)?;
        Some(Self { index, data })
    }

    /// A tag's type, where its data begins, and how many values it has.
    fn find(&self, tag: u32) -> Option<(u32, &'a [u8], usize)> {
        let mut entries = self.index.chunks_exact(ENTRY_BYTES);
        let entry = entries.find(|entry| take_u32(entry).is_some_and(|(its, _)| its == tag))?;
        let (_, entry) = take_u32(entry)?;
        let (kind, entry) = take_u32(entry)?;
        let (offset, entry) = take_u32(entry)?;
        let (count, _) = take_u32(entry)?;
        Some((kind, self.data.get(usize::try_from(offset).ok()?..)?, usize::try_from(count).ok()?))
    }

    /// The texts of a tag, in their order.
    pub fn texts(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (data, count) = match self.find(tag) {
            Some((TYPE_STRING, data, _)) => (data, 1),
            Some((TYPE_STRING_ARRAY | TYPE_I18N_STRING, data, count)) => (data, count),
            _ => (&[] as &[u8], 0),
        };
        data.split(|byte| *byte == 0).take(count)
    }

    /// The first text of a tag, made printable.
    fn text(&self, tag: u32) -> Option<String> {
        let text = String::from_utf8_lossy(self.texts(tag).next()?);
        (!text.is_empty()).then(|| printable(&text, MAX_TEXT_BYTES))
    }

    /// The 32-bit numbers of a tag, in their order.
    pub fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> + use<'a> {
        let (data, count) = match self.find(tag) {
            Some((TYPE_INT32, data, count)) => (data, count),
            _ => (&[] as &[u8], 0),
        };
        let number = |bytes: &[u8]| take_u32(bytes).map(|(number, _)| number);
        data.chunks_exact(4).take(count).filter_map(number)
    }

    /// The package; `None` where it is a key or has no name.
    pub fn package(&self) -> Option<Package> {
        let name = self.text(NAME).filter(|name| name != "gpg-pubkey")?;
        let mut version = self.text(VERSION)?;
        if let Some(epoch) = self.numbers(EPOCH).next() {
            version = format!("{epoch}:{version}");
        }
        if let Some(release) = self.text(RELEASE) {
            version = format!("{version}-{release}");
        }
        let installed_at = self.numbers(INSTALL_TIME).next();
        Some(Package {
            manager: PackageManager::Rpm,
            name,
            version,
            installed_at: installed_at.and_then(|seconds| Timestamp::from_second(seconds.into()).ok()),
            publisher: self.text(VENDOR),
        })
    }

    /// The path of one of the package's files, where it really is on the disk.
    pub fn file(&self, index: usize) -> Option<String> {
        let on_disk = match self.find(FILE_STATES) {
            Some((TYPE_CHAR, states, count)) if index < count => {
                matches!(states.get(index), Some(&(STATE_NORMAL | STATE_NET_SHARED)))
            }
            _ => true,
        };
        let base = self.texts(BASE_NAMES).nth(index).filter(|_| on_disk)?;
        let directory = usize::try_from(self.numbers(DIRECTORY_INDEXES).nth(index)?).ok()?;
        let directory = self.texts(DIRECTORY_NAMES).nth(directory)?;
        String::from_utf8([directory, base].concat()).ok()
    }
}

/// Installed packages; `None` where there is no database or nothing in it.
pub(crate) fn read(root: &Root, gaps: &mut Gaps) -> Option<Vec<Package>> {
    let found = with_database(root, gaps, |database, gaps| {
        let mut packages = Vec::new();
        let Some(table) = database.root_of("table", "Packages")? else { return Ok(packages) };
        let mut malformed = 0;
        let ended = database.scan(table, |_, record| {
            let Some(Value::Blob(blob)) = columns(record).nth(1) else { return ControlFlow::Continue(()) };
            match Header::parse(blob) {
                Some(header) => packages.extend(header.package()),
                None => malformed += 1,
            }
            if packages.len() < MAX_PACKAGES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        gaps.add_many("rpm headers", Why::Malformed, malformed);
        if packages.len() == MAX_PACKAGES {
            gaps.add("package databases", Why::OverLimit);
        }
        // What was read before a broken page is kept, the rest is said.
        match ended {
            Err(error) if packages.is_empty() => return Err(error),
            Err(error) => gaps.note(format!("rpm database: {error}")),
            Ok(()) => {}
        }
        Ok(packages)
    })?;
    Some(found).filter(|packages| !packages.is_empty())
}

/// Who owns `paths`: by the index of file names, so that only the packages in question are fetched.
pub(super) fn owners(root: &Root, paths: &BTreeSet<&str>, spelling: Spelling, gaps: &mut Gaps) -> Answer {
    let there = DIRECTORIES.iter().any(|directory| {
        OTHER_FORMS.iter().any(|(file, _)| root.exists(format!("{directory}/{file}")))
            || root.exists(format!("{directory}/rpmdb.sqlite"))
    });
    if !there {
        return Answer::absent();
    }
    let answer = with_database(root, gaps, |database, _| {
        let table = database.root_of("table", "Packages")?;
        let names = database.root_of("table", "Basenames")?;
        let index = database.root_of("index", "Basenames_key_idx")?;
        let (Some(table), Some(names), Some(index)) = (table, names, index) else { return Ok(None) };
        let mut empty = true;
        database.scan(table, |_, _| {
            empty = false;
            ControlFlow::Break(())
        })?;
        if empty {
            return Ok(None);
        }
        // Questions by package: header number → (place in its list, path asked for).
        let mut questions: BTreeMap<i64, Vec<(usize, &str)>> = BTreeMap::new();
        for path in paths {
            let name = path.rsplit('/').next().unwrap_or_default();
            for row in database.rows_with(index, name.as_bytes(), MAX_ROWS_PER_NAME)? {
                let record = database.row(names, row)?.unwrap_or_default();
                let mut values = columns(&record).skip(1);
                let (Some(Value::Integer(header)), Some(Value::Integer(place))) =
                    (values.next(), values.next())
                else {
                    continue;
                };
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                questions.entry(header).or_default().push((place, *path));
            }
        }
        let mut packages = BTreeMap::new();
        for (number, places) in questions {
            let Some(record) = database.row(table, number)? else { continue };
            let Some(Value::Blob(blob)) = columns(&record).nth(1) else { continue };
            let Some(header) = Header::parse(blob) else { continue };
            for (place, path) in places {
                let file = header.file(place);
                if file.is_some_and(|file| spelling.normal(&file) == spelling.normal(path))
                    && let Some(name) = header.text(NAME)
                {
                    packages.insert(path.to_owned(), name);
                }
            }
        }
        Ok(Some(packages))
    });
    match answer {
        Some(Some(packages)) => Answer { present: true, complete: true, packages },
        // Empty: of another distribution.
        Some(None) => Answer::absent(),
        None => Answer { present: true, complete: false, packages: BTreeMap::new() },
    }
}

/// Opens the database, lets it be read, and makes sure that nobody wrote to it meanwhile. `None` where there is
/// none that can be read: then `gaps` says why.
fn with_database<T>(
    root: &Root,
    gaps: &mut Gaps,
    mut read: impl FnMut(&Database<'_>, &mut Gaps) -> Result<T, SqliteError>,
) -> Option<T> {
    for directory in DIRECTORIES {
        let path = format!("{directory}/rpmdb.sqlite");
        match root.open(&path) {
            Ok(_) => return read_twice(root, &path, gaps, &mut read),
            Err(error) => gaps.add_error("package databases", &error),
        }
        if let Some((_, form)) =
            OTHER_FORMS.iter().find(|(file, _)| root.exists(format!("{directory}/{file}")))
        {
            gaps.note(format!("rpm database in the form of {form} is not read"));
            return None;
        }
    }
    None
}

fn read_twice<T>(
    root: &Root,
    path: &str,
    gaps: &mut Gaps,
    read: &mut dyn FnMut(&Database<'_>, &mut Gaps) -> Result<T, SqliteError>,
) -> Option<T> {
    for _ in 0..2 {
        let before = stamp(root, path);
        let file = root.open(path).inspect_err(|error| gaps.add_error("package databases", error)).ok()?;
        let log: Option<File> = root.open(format!("{path}-wal")).ok();
        let mut missed = Gaps::default();
        let answer = Database::open(&file, log.as_ref().map(|log| log as &dyn ReadAt))
            .and_then(|database| read(&database, &mut missed));
        if stamp(root, path) != before {
            continue;
        }
        gaps.merge(missed);
        return match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                gaps.note(format!("rpm database: {error}"));
                None
            }
        };
    }
    gaps.note("the rpm database changed while it was read, twice");
    None
}

/// What changes when somebody writes: size and time of the file and of its log.
fn stamp(root: &Root, path: &str) -> [Option<(u64, Option<Timestamp>)>; 2] {
    [path.to_owned(), format!("{path}-wal")].map(|path| {
        let found = root.metadata(path).ok()?;
        Some((found.size_bytes, found.modified_at))
    })
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}

const ENTRY_BYTES: usize = 16;
const TYPE_CHAR: u32 = 1;
const TYPE_INT32: u32 = 4;
const TYPE_STRING: u32 = 6;
const TYPE_STRING_ARRAY: u32 = 8;
const TYPE_I18N_STRING: u32 = 9;
/// The file is there as the package brought it.
const STATE_NORMAL: u8 = 0;
/// It is there, on a shared file system.
const STATE_NET_SHARED: u8 = 3;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::Machine;

    const FILE: &[u8] = include_bytes!("../../captures/rpm-4.18/rpmdb.sqlite");
    const LOG: &[u8] = include_bytes!("../../captures/rpm-4.18/rpmdb.sqlite-wal");
    /// What `rpm -qa` itself said about file and log.
    const LIST: &str = include_str!("../../captures/rpm-4.18/qa.txt");

    fn machine() -> Machine {
        let machine = Machine::new();
        machine.file("/var/lib/rpm/rpmdb.sqlite", FILE).file("/var/lib/rpm/rpmdb.sqlite-wal", LOG);
        machine
    }

    #[test]
    fn packages_are_those_that_rpm_lists() {
        let mut gaps = Gaps::default();
        let mut found: Vec<String> = read(&machine().context().root, &mut gaps)
            .unwrap()
            .into_iter()
            .map(|p| {
                let (epoch, version) = p.version.split_once(':').unwrap_or(("(none)", &p.version));
                let at = p.installed_at.unwrap().as_second();
                format!("{} {epoch} {version} {at} {}", p.name, p.publisher.unwrap())
            })
            .collect();
        found.sort();
        assert_eq!(found, LIST.lines().collect::<Vec<_>>());
        assert!(gaps.is_empty(), "{}", gaps.describe());
    }

    #[test]
    fn files_have_owners_also_where_directories_were_merged() {
        let machine = machine();
        let root = machine.context().root;
        let mut gaps = Gaps::default();
        let ask = |path: &str, spelling: Spelling| {
            let answer = owners(&root, &BTreeSet::from([path]), spelling, &mut Gaps::default());
            assert!(answer.present && answer.complete);
            answer.packages.get(path).cloned()
        };
        let apart = Spelling::default();
        assert_eq!(ask("/usr/bin/sample-desk", apart).as_deref(), Some("sample-desk"));
        assert_eq!(ask("/bin/sample-desk", apart).as_deref(), Some("sample-desk"));
        assert_eq!(ask("/opt/sample-large/data/file-120.dat", apart).as_deref(), Some("sample-large"));
        assert_eq!(ask("/usr/bin/sample-late", apart).as_deref(), Some("sample-late"), "only in the log");
        assert_eq!(ask("/usr/bin/sample-part1", apart), None, "removed in the log");
        assert_eq!(ask("/opt/sample-desk", apart).as_deref(), Some("sample-desk"));
        assert_eq!(ask("/tmp/sample-desk", apart), None);
        assert_eq!(ask("/usr/bin/sample-deskd", apart), None);
        let merged = Spelling { sbin_is_bin: true, ..Spelling::default() };
        assert_eq!(ask("/usr/bin/sample-deskd", merged).as_deref(), Some("sample-desk"));
        let _ = read(&root, &mut gaps);
    }

    #[test]
    fn an_empty_or_foreign_database_answers_nothing() {
        let machine = Machine::new();
        let root = machine.context().root;
        let mut gaps = Gaps::default();
        assert!(read(&root, &mut gaps).is_none());
        assert!(gaps.is_empty());
        machine.file("/usr/lib/sysimage/rpm/Packages.db", "RpmP");
        assert!(read(&root, &mut gaps).is_none());
        assert_eq!(gaps.describe(), "rpm database in the form of ndb is not read");
        let answer = owners(&root, &BTreeSet::from(["/usr/bin/x"]), Spelling::default(), &mut gaps);
        assert!(answer.present && !answer.complete);
        machine.file("/var/lib/rpm/rpmdb.sqlite", "SQLite format 3\0");
        let mut gaps = Gaps::default();
        assert!(read(&root, &mut gaps).is_none());
        assert_eq!(gaps.describe(), "rpm database: not an SQLite 3 database");
    }

    proptest! {
        #[test]
        fn any_header_is_survived(mut bytes in prop::collection::vec(any::<u8>(), 0..400), entries in 0..8_u32) {
            if let Some(start) = bytes.first_chunk_mut::<4>() {
                *start = entries.to_be_bytes();
            }
            if let Some(header) = Header::parse(&bytes) {
                let _ = (header.package(), header.file(3));
            }
        }
    }
}
