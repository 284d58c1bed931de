//! dpkg's lists of files, one a package.
//!
//! Always: they are read once for all questions and only until all are answered, the likely ones first;
//! diversions are minded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    dpkg::{Diversion, parse_diversions},
    ownership::Answer,
    spelling::{Shapes, Spelling},
};
use crate::{
    gaps::{Gaps, Why},
    root::Root,
};

const INFO: &str = "/var/lib/dpkg/info";
const MAX_LISTS: usize = 100_000;
pub(super) const MAX_LIST_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes of lists over all packages; a full desktop has some forty million.
const MAX_BYTES: usize = 256 * 1024 * 1024;
const MAX_DIVERSIONS_BYTES: usize = 4 * 1024 * 1024;

/// Who owns `paths`.
pub(super) fn owners(root: &Root, paths: &BTreeSet<&str>, spelling: Spelling, gaps: &mut Gaps) -> Answer {
    let stems = list_stems(root, gaps);
    if stems.is_empty() {
        return Answer::absent();
    }
    let diversions = root.read_text("/var/lib/dpkg/diversions", MAX_DIVERSIONS_BYTES);
    let diversions = parse_diversions(&diversions.unwrap_or_default());
    let mut search = Search::new(&diversions, spelling);
    for path in paths {
        search.want(path);
    }
    let complete = search.run(root, stems, gaps);
    let found = search.answers.into_iter().filter_map(|(path, owner)| Some((path, owner?)));
    Answer { present: true, complete, packages: found.collect() }
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
    spelling: Spelling,
    /// By normal spelling.
    questions: HashMap<String, Vec<Question>>,
    shapes: Shapes,
    answers: BTreeMap<String, Option<String>>,
    open: usize,
}

impl<'a> Search<'a> {
    fn new(diversions: &'a [Diversion], spelling: Spelling) -> Self {
        Self {
            diversions,
            spelling,
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
        let normal = |path| self.spelling.normal(path);
        let moved_here = self.diversions.iter().find(|d| normal(&d.to) == normal(path));
        let (listed_as, not_by) = match moved_here {
            Some(diversion) => (diversion.from.as_str(), Some(diversion.by.clone())),
            None => (path, None),
        };
        let question = Question { path: path.to_owned(), not_by };
        let listed_as = self.spelling.normal(listed_as).into_owned();
        self.shapes.add(&listed_as);
        self.questions.entry(listed_as).or_default().push(question);
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
            if !self.shapes.may_match(line.len(), line.last()) {
                continue;
            }
            let Ok(line) = std::str::from_utf8(line) else { continue };
            let normal = self.spelling.normal(line);
            let Some(questions) = self.questions.get(normal.as_ref()) else { continue };
            for question in questions {
                // A diverted name belongs to whoever diverted it; everybody else's copy was moved.
                let diverted = self.diversions.iter().find(|d| self.spelling.normal(&d.from) == normal);
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
