//! One device or display on one sheet: typed lines, and on each what fired there. Terminal and page draw the same.
//!
//! Always: a piece of evidence stands on the line it was read from, or, where no line holds it, on the sheet itself:
//! none is lost. Text from a device is printable already; serial numbers are present or absent, never printed.

use bearing_protocol::{coverage::Source, finding::Evidence};

use super::{clean_value, kinds::kind_of};
use crate::detect::kvm::Story;

/// Most pieces of evidence that one sheet takes.
const MAX_MARKS: usize = 64;

/// Everything about one device, in the order a person reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// `usb:1-1`, `display:card0-HDMI-A-1`.
    pub subject: String,
    /// One line that says what it is.
    pub summary: String,
    /// Its parts.
    pub sections: Vec<Section>,
    /// Evidence that no line holds.
    pub marks: Vec<Mark>,
}

/// A part of a sheet: a descriptor, an EDID block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Evidence that speaks of the whole part.
    pub marks: Vec<Mark>,
    place: Place,
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Where its bytes begin, where it has any of its own.
    pub offset: Option<usize>,
    /// Indentation.
    pub depth: usize,
    /// What it is; empty where the value says it.
    pub label: String,
    /// What it holds, in words.
    pub value: String,
    /// What fired on it.
    pub marks: Vec<Mark>,
    place: Place,
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The rule; empty where the piece speaks for none by itself.
    pub rule: String,
    /// What kind of evidence it is (`descriptor`, `identity`, …).
    pub kind: &'static str,
    /// What it weighs, where that is known; 0 is context.
    pub points: Option<u8>,
    /// What was read.
    pub value: String,
    /// Why it speaks for remote control.
    pub why: String,
    source: Source,
    location: String,
    field: String,
}

/// What a line is about, for evidence to find it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Nowhere,
    Ids,
    Manufacturer,
    Product,
    Serial,
    Configuration,
    Speed,
    Release,
    HidClass,
    Interface(String),
    Hid(String),
    Collection(String),
    Drive,
    Network,
    Names,
    Layout,
    Bytes,
}

impl Sheet {
    pub(super) fn new(subject: String, summary: String) -> Self {
        Self { subject, summary, ..Self::default() }
    }

    pub(super) fn add(&mut self, section: Section) {
        if !section.lines.is_empty() {
            self.sections.push(section);
        }
    }

    /// Puts each piece where it was read.
    pub(super) fn mark(mut self, marks: &[Mark]) -> Self {
        for mark in marks.iter().take(MAX_MARKS) {
            let at = spots(mark).iter().find_map(|spot| self.find(spot, mark));
            self.marks_at(at).push(mark.clone());
        }
        self
    }

    /// The section, and the line in it, that is about `wanted`.
    fn find(&self, wanted: &Place, mark: &Mark) -> Option<(usize, Option<usize>)> {
        self.sections.iter().enumerate().find_map(|(section, part)| {
            if part.place == *wanted {
                return Some((section, None));
            }
            let foreign = matches!((&part.place, wanted), (Place::Hid(path), Place::Collection(_))
                if !mark.location.is_empty() && *path != mark.location);
            let here = |line: &Line| line.place == *wanted || says(&line.place, wanted, mark);
            let line = if foreign { None } else { part.lines.iter().position(here) };
            line.map(|line| (section, Some(line)))
        })
    }

    fn marks_at(&mut self, at: Option<(usize, Option<usize>)>) -> &mut Vec<Mark> {
        let Some(section) = at.and_then(|(section, _)| self.sections.get_mut(section)) else {
            return &mut self.marks;
        };
        match at.and_then(|(_, line)| section.lines.get_mut(line?)) {
            Some(line) => &mut line.marks,
            None => &mut section.marks,
        }
    }
}

/// An interface is found by a word of what it is or is called.
fn says(place: &Place, wanted: &Place, mark: &Mark) -> bool {
    match (place, wanted) {
        (Place::Interface(words), Place::Interface(_)) => {
            let value = mark.value.to_lowercase();
            !words.is_empty() && words.split(", ").any(|word| value.contains(word))
        }
        _ => false,
    }
}

/// Where a piece belongs, the nearest place first.
fn spots(mark: &Mark) -> Vec<Place> {
    let field = mark.field.to_lowercase();
    let about = |words: &str| field.contains(words);
    match mark.source {
        // The sentence of a whole finding.
        _ if about("at the desk") => Vec::new(),
        Source::Displays if about("without its names") => vec![Place::Layout, Place::Names],
        Source::Displays if about("bytes") => vec![Place::Bytes, Place::Names],
        Source::Displays => vec![Place::Names],
        Source::Storage => vec![Place::Drive],
        Source::Interfaces | Source::Neighbours => vec![Place::Network],
        _ if about("fixed fields") => vec![Place::HidClass],
        _ if about("other functions") => vec![Place::Drive, Place::Network, Place::Interface(String::new())],
        _ if about("report descriptor") => {
            vec![Place::Collection(mark.value.clone()), Place::Hid(mark.location.clone())]
        }
        _ if about("report numbers") => vec![Place::Hid(mark.location.clone())],
        _ if about("speed") => vec![Place::Speed],
        _ if about("bcddevice") => vec![Place::Release],
        _ if about("configuration") => vec![Place::Configuration],
        _ if about("interface") => vec![Place::Interface(String::new())],
        _ if about("serial") => vec![Place::Serial],
        _ if about("idvendor") || about("descriptors against") => vec![Place::Ids],
        _ if about("manufacturer") => vec![Place::Manufacturer],
        _ if about("product") => vec![Place::Product],
        _ => Vec::new(),
    }
}

impl Section {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    pub(super) fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    pub(super) fn say(&mut self, label: &str, value: impl Into<String>) -> &mut Line {
        self.lines.push(Line { label: label.to_owned(), value: value.into(), ..Line::default() });
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }
}

impl Line {
    pub(super) fn at(&mut self, offset: usize) -> &mut Self {
        self.offset = Some(offset);
        self
    }

    pub(super) fn deep(&mut self, depth: usize) -> &mut Self {
        self.depth = depth;
        self
    }

    pub(super) fn is(&mut self, place: Place) -> &mut Self {
        self.place = place;
        self
    }
}

impl Mark {
    /// A piece of a finding's evidence; `rule` is the finding's own, for pieces that name none.
    pub fn of_evidence(evidence: &Evidence, rule: &str) -> Self {
        Self {
            rule: evidence.rule.map_or_else(|| rule.to_owned(), |rule| rule.to_string()),
            kind: kind_of(evidence),
            points: None,
            value: clean_value(&evidence.value),
            why: clean_value(&evidence.why),
            source: evidence.source,
            location: evidence.location.clone(),
            field: evidence.field.clone(),
        }
    }

    /// Whether the piece was read at this place of this source.
    pub fn is_at(&self, location: &str) -> bool {
        self.location == location
    }

    /// Whether it was read from a display.
    pub fn is_of_display(&self) -> bool {
        self.source == Source::Displays
    }

    /// All pieces of a story, the weightiest first.
    pub(super) fn of_story(story: &Story) -> Vec<Self> {
        let mut pieces: Vec<_> = story.pieces.0.iter().collect();
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.points));
        let mark = |piece: &&crate::detect::kvm::Piece| Self {
            kind: piece.kind.as_str(),
            points: Some(piece.points),
            ..Self::of_evidence(&piece.evidence, piece.rule)
        };
        pieces.iter().map(mark).collect()
    }
}
