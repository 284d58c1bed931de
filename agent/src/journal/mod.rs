//! The journal of devices: what came and went between evaluations, and what it was.
//!
//! Always: a line is on the disk before it counts, each holds the digest of the one before, and the newest digest
//! goes into the next report, so that whoever changes the journal afterwards contradicts a signature; it is bounded
//! in lines, bytes and days; one that does not hold is set aside, said so in coverage, and begun anew.
//! Never here: reading the machine, the network, the clock.

mod device;
mod file;
mod line;
mod recall;
mod story;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bearing_protocol::{Timestamp, digest::Digest};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use device::{DeviceRecord, Look};
pub use file::JournalError;
pub use line::{Broken, Line, Parsed, Written, parse};
pub use recall::recall_beside;
pub use story::GRACE;

use crate::state::{FileError, StateDirectory, remove};
use file::JournalFile;
#[cfg(test)]
use file::{MAX_DAYS, MAX_LINES};
use story::{Note, Stories};

/// The journal while it is kept or looked into.
#[derive(Debug)]
pub struct Journal {
    directory: StateDirectory,
    file: JournalFile,
    stories: Stories,
    anchor: Option<Anchor>,
    /// Why the one before was set aside, until a report has said so.
    set_aside: Option<String>,
    /// Lines written in the hour that began then, and lines that were too many.
    hour: Option<(Timestamp, u32)>,
    crowded_out: u64,
    /// What the disk last refused.
    trouble: Option<String>,
    /// When the last report was made.
    reported_at: Option<Timestamp>,
}

/// What the newest report vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Anchor {
    number: u64,
    digest: Digest,
}

impl Journal {
    /// The file's name.
    pub const FILE: &'static str = "devices.journal";
    /// What a broken one is called from then on; the next broken one takes its place.
    pub const BROKEN_FILE: &'static str = "devices.journal.broken";
    const ANCHOR_FILE: &'static str = "devices.anchor";

    /// Opens the journal to keep it. One that does not hold is set aside and begun anew.
    ///
    /// # Errors
    /// Where the file can neither be read nor be set aside.
    pub fn open(
        directory: &StateDirectory,
        reported_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, JournalError> {
        let path = directory.file(Self::FILE);
        let anchor: Option<Anchor> = directory.read_json(Self::ANCHOR_FILE).unwrap_or_default();
        let opened = JournalFile::open(&path).and_then(|(file, lines)| {
            check_anchor(&file, anchor)?;
            Ok((file, lines))
        });
        match opened {
            Ok((file, lines)) => Ok(Self::with(directory, file, lines, anchor, reported_at, now)),
            Err(JournalError::Broken(broken)) => {
                let why = broken.to_string();
                Self::set_aside(directory, &path)?;
                let mut journal =
                    Self::with(directory, JournalFile::empty(&path), Vec::new(), None, reported_at, now);
                journal.set_aside = Some(why.clone());
                journal.write(Note { line: Line { begun: Some(why), ..story::plain(now) }, keeps: None });
                Ok(journal)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Looks into the journal that a service keeps, and changes nothing. `None` where there is none.
    ///
    /// # Errors
    /// Where it may not be read or does not hold.
    pub fn look_into(
        directory: &StateDirectory,
        reported_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<Self>, JournalError> {
        let path = directory.file(Self::FILE);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(FileError::Read { path, source }.into()),
            Ok(_) => {}
        }
        let anchor = directory.read_json(Self::ANCHOR_FILE)?;
        let (file, lines) = JournalFile::read(&path)?;
        check_anchor(&file, anchor)?;
        Ok(Some(Self::with(directory, file, lines, anchor, reported_at, now)))
    }

    fn with(
        directory: &StateDirectory,
        file: JournalFile,
        lines: Vec<Line>,
        anchor: Option<Anchor>,
        reported_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let mut stories = Stories::default();
        let last = lines.last().map(|line| line.at);
        lines.into_iter().for_each(|line| stories.replay(line));
        if let Some(last) = last {
            stories.seen_until(last);
        }
        let mut journal = Self {
            directory: directory.clone(),
            file,
            stories,
            anchor,
            set_aside: None,
            hour: None,
            crowded_out: 0,
            trouble: None,
            reported_at,
        };
        journal.stories.forget_before(journal.window(now));
        journal
    }

    fn set_aside(directory: &StateDirectory, path: &Path) -> Result<(), FileError> {
        let aside: PathBuf = directory.file(Self::BROKEN_FILE);
        match fs::rename(path, &aside) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::Write { path: aside, source });
            }
            _ => {}
        }
        remove(&directory.file(Self::ANCHOR_FILE))
    }

    /// Compares a look at the machine with what is known, and writes what came and went.
    pub fn observe(&mut self, look: &Look, now: Timestamp) {
        let notes = self.stories.observe(look, now);
        self.write_all(notes, now);
    }

    /// Writes of devices that stayed away that they went.
    pub fn settle(&mut self, now: Timestamp) {
        let notes = self.stories.settle(now);
        self.write_all(notes, now);
    }

    /// When [`Journal::settle`] has something to do next.
    pub fn settles_in(&self, now: Timestamp) -> Option<SignedDuration> {
        self.stories.settles_in(now)
    }

    /// The digest of the newest line: what the next report vouches for.
    pub fn head(&self) -> Option<Digest> {
        self.file.entries().last().map(|entry| entry.digest)
    }

    /// A report that vouches for `head` was made: what it told need not be told again.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn vouched(&mut self, head: Option<Digest>, now: Timestamp) -> Result<(), FileError> {
        self.set_aside = None;
        self.crowded_out = 0;
        self.reported_at = Some(now);
        let entry = self.file.entries().iter().rev().find(|entry| Some(entry.digest) == head);
        let anchor = entry.map(|entry| Anchor { number: entry.number, digest: entry.digest });
        if anchor != self.anchor {
            self.anchor = anchor;
            self.directory.write_json(Self::ANCHOR_FILE, &anchor)?;
        }
        Ok(())
    }

    /// Forgets everything, on the disk too: policy switched it off.
    ///
    /// # Errors
    /// [`FileError::Remove`].
    pub fn erase(directory: &StateDirectory) -> Result<(), FileError> {
        for name in [Self::ANCHOR_FILE, Self::FILE, Self::BROKEN_FILE] {
            remove(&directory.file(name))?;
        }
        Ok(())
    }

    /// From when on devices are told: a day, or since the last report where that is longer ago.
    fn window(&self, now: Timestamp) -> Timestamp {
        let day = now.checked_sub(DAY).unwrap_or(Timestamp::MIN);
        self.reported_at.map_or(day, |reported| reported.min(day))
    }

    fn write_all(&mut self, notes: Vec<Note>, now: Timestamp) {
        for note in notes {
            if self.has_room(now) {
                self.write(note);
            } else {
                self.crowded_out += 1;
            }
        }
        if self.file.is_over(now) {
            let mut kept = Vec::new();
            let stories = &self.stories;
            let compacted = self.file.compact(now, |first| {
                let notes = stories.still_there(first, now);
                kept.extend(notes.iter().filter_map(|note| note.keeps.clone()));
                notes.into_iter().map(|note| note.line).collect()
            });
            match compacted {
                Ok(()) => {
                    let numbers = self.file.entries().iter().rev().map(|entry| entry.number);
                    for (subject, number) in kept.iter().rev().zip(numbers) {
                        if let Some(story) = self.stories.open.get_mut(subject) {
                            story.kept_in = number;
                        }
                    }
                }
                Err(failure) => self.trouble = Some(failure.to_string()),
            }
        }
        self.stories.forget_before(self.window(now));
    }

    fn write(&mut self, note: Note) {
        match self.file.append(note.line) {
            Ok(entry) => {
                self.trouble = None;
                if let Some(story) = note.keeps.and_then(|subject| self.stories.open.get_mut(&subject)) {
                    story.kept_in = entry.number;
                }
            }
            Err(failure) => self.trouble = Some(failure.to_string()),
        }
    }

    /// A device that comes and goes without end must not push everything else out of the journal.
    fn has_room(&mut self, now: Timestamp) -> bool {
        let (began, written) = self.hour.unwrap_or((now, 0));
        let fresh = now.duration_since(began).abs() < SignedDuration::from_hours(1);
        let written = if fresh { written } else { 0 };
        self.hour = Some((if fresh { began } else { now }, written.saturating_add(1)));
        written < MAX_LINES_PER_HOUR
    }
}

fn check_anchor(file: &JournalFile, anchor: Option<Anchor>) -> Result<(), Broken> {
    let Some(anchor) = anchor else { return Ok(()) };
    match file.entries() {
        [.., last] if last.number < anchor.number => Err(Broken::Short),
        [] => Err(Broken::Short),
        entries => match entries.iter().find(|entry| entry.number == anchor.number) {
            Some(entry) if entry.digest != anchor.digest => Err(Broken::Anchor),
            // Let go of, or as it was.
            _ => Ok(()),
        },
    }
}

/// The least that is told of the past.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Most lines of one hour.
const MAX_LINES_PER_HOUR: u32 = 512;

#[cfg(test)]
mod tests;
