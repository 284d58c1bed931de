//! What devices and displays say of themselves, descriptor by descriptor, from a report's inventory; the evidence of
//! findings stands on the lines it was read from.
//!
//! Always: drawn from the same sheets as the agent's `explain`; nothing is judged again, the marks are the signed
//! findings' own evidence; a page holds [`MAX_LINES`] lines at most, those of devices that fired first.

use askama::Template;
use bearing_policies::{
    detect::kvm::{DisplayView, View},
    explain::{self, Mark, display_sheet, usb_sheet},
};
use bearing_protocol::{
    fact::{self, Facts},
    payload::{DisplayItem, UsbItem},
};
use bearing_store::{FindingRow, FindingStatus};

use super::view::shown;
use crate::hardware::usb_facts;

/// Most lines of all sheets of a page.
const MAX_LINES: usize = 3_000;

/// One sheet as it is drawn.
#[derive(Clone, Debug, Template)]
#[template(path = "sheet.html")]
pub(super) struct Sheet {
    marks: Vec<Why>,
    sections: Vec<Section>,
    /// How many pieces of evidence are on it.
    pub(super) marked: usize,
}

#[derive(Clone, Debug)]
struct Section {
    title: String,
    marks: Vec<Why>,
    lines: Vec<Line>,
    /// Whether no line has an offset: then there is no column for it.
    plain: bool,
    /// Whether something in it fired: then it is shown open.
    open: bool,
}

#[derive(Clone, Debug)]
struct Line {
    offset: String,
    depth: usize,
    label: String,
    value: String,
    marks: Vec<Why>,
}

/// Why a line is evidence.
#[derive(Clone, Debug)]
struct Why {
    rule: String,
    kind: &'static str,
    value: String,
    why: String,
    href: String,
}

/// Evidence of findings that stand, with the finding each belongs to.
pub(super) struct Marks(Vec<(String, String, Mark)>);

impl Marks {
    pub(super) fn of(findings: &[FindingRow]) -> Self {
        let stands = |row: &&FindingRow| matches!(row.status, FindingStatus::Open | FindingStatus::InReview);
        let of_row = |row: &FindingRow| {
            let rule = row.finding.rule.to_string();
            let href = format!("/devices/{}/findings/{}", row.device, row.finding.id);
            let subject = row.finding.subject.clone();
            let mark = move |evidence| (subject.clone(), href.clone(), Mark::of_evidence(evidence, &rule));
            row.finding.evidence.iter().map(mark).collect::<Vec<_>>()
        };
        Self(findings.iter().filter(stands).flat_map(of_row).collect())
    }

    fn of_usb(&self, subject: &str, places: &[&str]) -> Vec<(String, Mark)> {
        self.pick(|about, mark| {
            !mark.is_of_display() && (about == subject || places.iter().any(|place| mark.is_at(place)))
        })
    }

    fn of_display(&self, connector: &str) -> Vec<(String, Mark)> {
        self.pick(|_, mark| mark.is_of_display() && mark.is_at(connector))
    }

    fn pick(&self, wanted: impl Fn(&str, &Mark) -> bool) -> Vec<(String, Mark)> {
        let fits = |(about, _, mark): &&(String, String, Mark)| wanted(about, mark);
        self.0.iter().filter(fits).map(|(_, href, mark)| (href.clone(), mark.clone())).collect()
    }
}

/// How many lines may still be drawn.
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MAX_LINES)
    }
}

impl Room {
    fn takes(&mut self, sheet: &explain::Sheet) -> bool {
        let lines: usize = sheet.sections.iter().map(|section| section.lines.len()).sum();
        let fits = lines <= self.0;
        self.0 -= if fits { lines } else { 0 };
        fits
    }
}

/// The sheet of a USB device; `None` where its report tells nothing beyond its name, or the page is full.
pub(super) fn of_usb(item: &UsbItem, marks: &Marks, room: &mut Room) -> Option<Sheet> {
    let facts = usb_facts(std::slice::from_ref(item));
    let views = View::all(&facts);
    let view = views.first()?;
    let places: Vec<&str> =
        item.hid.iter().map(|hid| hid.path.as_str()).chain([item.path.as_str()]).collect();
    let found = marks.of_usb(&view.subject, &places);
    let drawn = usb_sheet(view, &found.iter().map(|(_, mark)| mark.clone()).collect::<Vec<_>>());
    room.takes(&drawn).then(|| sheet(&drawn, &found))
}

/// The sheet of a display; `None` where no EDID came.
pub(super) fn of_display(item: &DisplayItem, marks: &Marks, room: &mut Room) -> Option<Sheet> {
    let mut facts = Facts::default();
    facts.displays.push(fact::Display {
        connector: item.connector.clone(),
        connected: item.connected,
        edid: item.edid.clone(),
        ..fact::Display::default()
    });
    let views = DisplayView::all(&facts);
    let found = marks.of_display(&item.connector);
    let drawn =
        display_sheet(views.first()?, &found.iter().map(|(_, mark)| mark.clone()).collect::<Vec<_>>());
    room.takes(&drawn).then(|| sheet(&drawn, &found))
}

fn sheet(drawn: &explain::Sheet, found: &[(String, Mark)]) -> Sheet {
    let whys = |marks: &[Mark]| marks.iter().map(|mark| why(mark, found)).collect::<Vec<_>>();
    let sections = drawn.sections.iter().map(|section| Section {
        title: shown(&section.title),
        marks: whys(&section.marks),
        lines: section
            .lines
            .iter()
            .map(|line| Line {
                offset: line.offset.map(|offset| offset.to_string()).unwrap_or_default(),
                depth: line.depth.min(MAX_INDENT),
                label: shown(&line.label),
                value: shown(&line.value),
                marks: whys(&line.marks),
            })
            .collect(),
        plain: section.lines.iter().all(|line| line.offset.is_none()),
        open: !section.marks.is_empty() || section.lines.iter().any(|line| !line.marks.is_empty()),
    });
    Sheet { marks: whys(&drawn.marks), sections: sections.collect(), marked: found.len() }
}

/// Deepest indentation that has a class of its own.
const MAX_INDENT: usize = 6;

fn why(mark: &Mark, found: &[(String, Mark)]) -> Why {
    let href = found.iter().find(|(_, other)| other == mark).map(|(href, _)| href.clone());
    Why {
        rule: mark.rule.clone(),
        kind: mark.kind,
        value: shown(&mark.value),
        why: shown(&mark.why),
        href: href.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use bearing_protocol::payload::UsbInterfaceItem;

    use super::*;

    fn item() -> UsbItem {
        let hex = include_str!("../../../protocol/descriptors/captures/usb-pikvm-as-dell-keyboard.hex");
        let text: String = hex.split_whitespace().collect();
        UsbItem {
            path: "1-1".into(),
            id: "413c:2011".into(),
            product: Some("<b>Keyboard</b>".into()),
            descriptors: hex::decode(text).unwrap(),
            interfaces: vec![UsbInterfaceItem {
                number: Some(0),
                class: "03/01/01".into(),
                ..Default::default()
            }],
            ..UsbItem::default()
        }
    }

    #[test]
    fn descriptors_are_decoded_and_text_is_escaped() {
        let marks = Marks::of(&[]);
        let html = of_usb(&item(), &marks, &mut Room::default()).unwrap().render().unwrap();
        for words in ["bNumConfigurations", "Interface 0", "HID class", "interrupt in", "&#60;b&#62;"] {
            assert!(html.contains(words), "{words} is not in {html}");
        }
    }

    #[test]
    fn a_full_page_draws_no_more() {
        let marks = Marks::of(&[]);
        assert!(of_usb(&item(), &marks, &mut Room(3)).is_none());
    }
}
