//! Which package owns a file, for the few files that are asked about.
//!
//! Always: `info/*.list` files are read once for all questions and only until all are answered, the likely
//! ones first; an empty database means [`Owner::Unknown`], and so does one that could not be read whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bearing_protocol::fact::Owner;

use crate::{
    gaps::{Gaps, Why},
    packages::dpkg::{Diversion, parse_diversions},
    root::Root,
};

const INFO: &str = "/var/lib/dpkg/info";
const MAX_LISTS: usize = 100_000;
const MAX_LIST_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes of lists over all packages; a full desktop has some forty million.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// Paths from this length on are told apart by their last byte alone.
const MAX_SHAPE_BYTES: usize = 256;
const MAX_DIVERSIONS_BYTES: usize = 4 * 1024 * 1024;

/// Where packages put nothing: what lies there is owned by nobody without a search.
const UNPACKAGED: [&str; 7] =
    ["/home/", "/root/", "/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/memfd:"];

/// Directories that distributions merged into `/usr`: lists name either spelling.
const MERGED: [&str; 6] = ["/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"];

/// Finds the owners of absolute paths.
pub(crate) fn find_owners(root: &Root, paths: &BTreeSet<String>, gaps: &mut Gaps) -> BTreeMap<String, Owner> {
    let mut owners: BTreeMap<String, Owner> = BTreeMap::new();
    let stems = list_stems(root, gaps);
    if stems.is_empty() {
        return paths.iter().map(|path| (path.clone(), Owner::Unknown)).collect();
    }
    let diversions = root.read_text("/var/lib/dpkg/diversions", MAX_DIVERSIONS_BYTES);
    let diversions = parse_diversions(&diversions.unwrap_or_default());
    let mut search = Search::new(&diversions);
    for path in paths {
        if let Some(package) = sandboxed_package(path) {
            owners.insert(path.clone(), Owner::Package(package));
        } else if UNPACKAGED.iter().any(|prefix| path.starts_with(prefix)) {
            owners.insert(path.clone(), Owner::Nobody);
        } else {
            search.want(path);
        }
    }
    let complete = search.run(root, stems, gaps);
    for (path, owner) in search.answers {
        let without = if complete { Owner::Nobody } else { Owner::Unknown };
        owners.insert(path, owner.map_or(without, Owner::Package));
    }
    owners
}

/// The snap or flatpak a path belongs to by its place.
fn sandboxed_package(path: &str) -> Option<String> {
    let below = ["/snap/", "/var/lib/snapd/snap/", "/var/lib/flatpak/app/"]
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))?;
    let name = below.split('/').next().filter(|name| !name.is_empty() && *name != "bin")?;
    Some(name.to_owned())
}

fn list_stems(root: &Root, gaps: &mut Gaps) -> Vec<String> {
    match root.list_dir(INFO, MAX_LISTS) {
        Ok(listing) => {
            if listing.truncated {
                gaps.add("package file lists", Why::OverLimit);
            }
            listing.names.iter().filter_map(|name| name.strip_suffix(".list")).map(str::to_owned).collect()
        }
        Err(error) => {
            gaps.add_error("package file lists", &error);
            Vec::new()
        }
    }
}

/// The spelling a path has where `/bin` and its like are links into `/usr`.
fn unmerged(path: &str) -> &str {
    match path.strip_prefix("/usr") {
        Some(rest) if MERGED.iter().any(|prefix| rest.starts_with(prefix)) => rest,
        _ => path,
    }
}

/// One question: a path as a list would spell it, and who must not be believed about it.
#[derive(Debug)]
struct Question {
    path: String,
    /// The package that moved other packages' file here: its own is at the old place.
    not_by: Option<String>,
}

#[derive(Debug)]
struct Search<'a> {
    diversions: &'a [Diversion],
    /// By spelling without `/usr`.
    questions: HashMap<String, Vec<Question>>,
    shapes: Shapes,
    answers: BTreeMap<String, Option<String>>,
    open: usize,
}

impl<'a> Search<'a> {
    fn new(diversions: &'a [Diversion]) -> Self {
        Self {
            diversions,
            questions: HashMap::new(),
            shapes: Shapes::default(),
            answers: BTreeMap::new(),
            open: 0,
        }
    }

    fn want(&mut self, path: &str) {
        if self.answers.insert(path.to_owned(), None).is_some() {
            return;
        }
        self.open += 1;
        let moved_here = self.diversions.iter().find(|d| unmerged(&d.to) == unmerged(path));
        let (listed_as, not_by) = match moved_here {
            Some(diversion) => (diversion.from.as_str(), Some(diversion.by.clone())),
            None => (path, None),
        };
        let question = Question { path: path.to_owned(), not_by };
        self.shapes.add(unmerged(listed_as));
        self.questions.entry(unmerged(listed_as).to_owned()).or_default().push(question);
    }

    /// Reads lists until every question is answered. `false` where some could not be read.
    fn run(&mut self, root: &Root, mut stems: Vec<String>, gaps: &mut Gaps) -> bool {
        let words: BTreeSet<String> = self.questions.keys().flat_map(|path| words_of(path)).collect();
        stems.sort_by_cached_key(|stem| !is_likely(stem, &words));
        let mut left = MAX_BYTES;
        let mut complete = true;
        for stem in stems {
            if self.open == 0 {
                return true;
            }
            match root.read(format!("{INFO}/{stem}.list"), MAX_LIST_BYTES.min(left)) {
                Ok(bytes) => {
                    left -= bytes.len();
                    self.read_list(package_of(&stem), &bytes);
                }
                Err(error) => {
                    complete = false;
                    gaps.add("package file lists", error.kind.into());
                }
            }
        }
        complete
    }

    fn read_list(&mut self, package: &str, bytes: &[u8]) {
        for line in bytes.split(|b| *b == b'\n') {
            if !self.shapes.may_match(line) {
                continue;
            }
            let Ok(line) = std::str::from_utf8(line) else { continue };
            let Some(questions) = self.questions.get(unmerged(line)) else { continue };
            for question in questions {
                // A diverted name belongs to whoever diverted it; everybody else's copy was moved.
                let diverted = self.diversions.iter().find(|d| unmerged(&d.from) == unmerged(line));
                let believed = match (&question.not_by, diverted) {
                    (Some(by), _) => by != package,
                    (None, Some(diversion)) => diversion.by == package || diversion.by == ":",
                    (None, None) => true,
                };
                if let Some(answer) = self.answers.get_mut(&question.path).filter(|a| a.is_none() && believed)
                {
                    *answer = Some(package.to_owned());
                    self.open -= 1;
                }
            }
        }
    }
}

/// Lengths and last bytes of the lines that are worth a closer look: lists have a million lines, and almost
/// none of them is asked about.
#[derive(Debug)]
struct Shapes {
    seen: Vec<[bool; 256]>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { seen: vec![[false; 256]; MAX_SHAPE_BYTES] }
    }
}

impl Shapes {
    /// Adds a path in both its spellings.
    fn add(&mut self, path: &str) {
        let last = path.bytes().last().unwrap_or_default();
        for length in [path.len(), path.len() + "/usr".len()] {
            if let Some(flag) = self.row(length).get_mut(usize::from(last)) {
                *flag = true;
            }
        }
    }

    fn row(&mut self, length: usize) -> &mut [bool] {
        let length = length.min(MAX_SHAPE_BYTES - 1);
        self.seen.get_mut(length).map_or(&mut [], |row| row.as_mut_slice())
    }

    fn may_match(&self, line: &[u8]) -> bool {
        let Some(last) = line.last() else { return false };
        let row = self.seen.get(line.len().min(MAX_SHAPE_BYTES - 1));
        row.and_then(|row| row.get(usize::from(*last))).is_some_and(|seen| *seen)
    }
}

/// A list's package, without the architecture.
fn package_of(stem: &str) -> &str {
    stem.split(':').next().unwrap_or(stem)
}

/// Path components that packages are often named after.
fn words_of(path: &str) -> Vec<String> {
    let telling =
        |word: &&str| word.len() > 2 && !matches!(*word, "usr" | "bin" | "sbin" | "lib" | "opt" | "libexec");
    path.split('/').filter(telling).map(str::to_ascii_lowercase).collect()
}

fn is_likely(stem: &str, words: &BTreeSet<String>) -> bool {
    let package = package_of(stem);
    words.iter().any(|word| package.starts_with(word.as_str()) || word.starts_with(package))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn machine(lists: &[(&str, &str)], diversions: &str) -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        let info = directory.path().join("var/lib/dpkg/info");
        fs::create_dir_all(&info).unwrap();
        for (stem, list) in lists {
            fs::write(info.join(format!("{stem}.list")), list).unwrap();
        }
        fs::write(directory.path().join("var/lib/dpkg/diversions"), diversions).unwrap();
        let root = Root::sysroot(Path::new(directory.path())).unwrap();
        (directory, root)
    }

    fn owner(root: &Root, path: &str) -> Owner {
        let wanted = BTreeSet::from([path.to_owned()]);
        find_owners(root, &wanted, &mut Gaps::default()).remove(path).unwrap()
    }

    fn package(name: &str) -> Owner {
        Owner::Package(name.to_owned())
    }

    #[test]
    fn merged_directories_are_one() {
        let (_keep, root) =
            machine(&[("bash", "/.\n/bin/bash\n"), ("libc6:amd64", "/usr/lib/x/libc.so\n")], "");
        assert_eq!(owner(&root, "/usr/bin/bash"), package("bash"));
        assert_eq!(owner(&root, "/bin/bash"), package("bash"));
        assert_eq!(owner(&root, "/lib/x/libc.so"), package("libc6"));
        assert_eq!(owner(&root, "/opt/x/frpc"), Owner::Nobody);
        assert_eq!(owner(&root, "/home/a/bin/bash"), Owner::Nobody);
        assert_eq!(owner(&root, "/snap/anydesk/12/bin/anydesk"), package("anydesk"));
    }

    #[test]
    fn paths_of_any_length_are_found() {
        let long = format!("/opt/{}/run", "x".repeat(600));
        let (_keep, root) = machine(&[("long", &format!("/opt/a\n{long}\n")), ("short", "/b\n")], "");
        assert_eq!(owner(&root, &long), package("long"));
        assert_eq!(owner(&root, "/b"), package("short"));
    }

    #[test]
    fn an_empty_database_knows_nothing() {
        let (_keep, root) = machine(&[], "");
        assert_eq!(owner(&root, "/usr/bin/bash"), Owner::Unknown);
        assert_eq!(owner(&root, "/home/a/x"), Owner::Unknown);
    }

    #[test]
    fn a_diverted_file_belongs_to_whoever_it_came_from() {
        let lists = [("coreutils", "/usr/bin/true\n"), ("other", "/usr/bin/true\n")];
        let (_keep, root) = machine(&lists, "/usr/bin/true\n/usr/bin/true.real\nother\n");
        assert_eq!(owner(&root, "/usr/bin/true"), package("other"));
        assert_eq!(owner(&root, "/usr/bin/true.real"), package("coreutils"));
    }

    #[test]
    fn a_list_that_is_too_large_leaves_the_question_open() {
        let (_keep, root) = machine(&[("big", &"x".repeat(MAX_LIST_BYTES + 1))], "");
        let mut gaps = Gaps::default();
        let wanted = BTreeSet::from(["/usr/bin/x".to_owned()]);
        assert_eq!(find_owners(&root, &wanted, &mut gaps)["/usr/bin/x"], Owner::Unknown);
        assert_eq!(gaps.count("package file lists", Why::OverLimit), 1);
    }
}
