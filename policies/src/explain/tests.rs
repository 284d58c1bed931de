use bearing_protocol::fact::Facts;

use super::*;
use crate::{
    case::Case,
    detect::kvm::{DisplayView, View, display_stories, usb_story},
    embedded,
};

fn hits() -> impl Iterator<Item = (&'static str, Facts)> {
    let of_hardware = |path: &str| path.starts_with("cases/KV-") && path.contains("/hit-");
    let cases = embedded::CASES.iter().filter(move |(path, _)| of_hardware(path));
    cases.filter_map(|(path, text)| Some((*path, Case::parse(path, text).ok()?.facts().ok()?)))
}

fn sheets(facts: &Facts) -> Vec<(Sheet, usize)> {
    let catalogue = KvmCatalogue::shared();
    let views = View::all(facts);
    let usb = views.iter().map(|view| {
        let marks = Mark::of_story(&usb_story(view, facts, catalogue));
        (usb_sheet(view, &marks), marks.len())
    });
    let stories = display_stories(facts, catalogue);
    let displays = DisplayView::all(facts);
    let displays = displays.iter().map(|view| {
        let subject = format!("display:{}", view.display.connector);
        let story = stories.iter().find(|story| story.subject == subject);
        let marks = story.map(Mark::of_story).unwrap_or_default();
        (display_sheet(view, &marks), marks.len())
    });
    usb.chain(displays).collect()
}

fn count(sheet: &Sheet) -> (usize, usize) {
    let on_sections = |section: &Section| {
        section.marks.len() + section.lines.iter().map(|line| line.marks.len()).sum::<usize>()
    };
    (sheet.marks.len(), sheet.sections.iter().map(on_sections).sum())
}

#[test]
fn no_piece_of_evidence_is_lost_and_most_find_their_line() {
    let (mut astray, mut placed) = (0, 0);
    for (path, facts) in hits() {
        for (sheet, given) in sheets(&facts) {
            let (on_sheet, on_lines) = count(&sheet);
            assert_eq!(on_sheet + on_lines, given.min(64), "{path}: {}", sheet.subject);
            (astray, placed) = (astray + on_sheet, placed + on_lines);
        }
    }
    assert!(placed > 100, "{placed} pieces");
    assert!(astray * 20 < placed, "{astray} of {placed} pieces found no line");
}

#[test]
fn evidence_stands_on_the_line_it_was_read_from() {
    let (_, facts) = hits().find(|(path, _)| path.contains("hit-jetkvm-as-dell")).unwrap();
    let (sheet, _) = sheets(&facts).into_iter().find(|(sheet, _)| sheet.subject == "usb:1-1").unwrap();
    let line = |title: &str, label: &str| {
        let section = sheet.sections.iter().find(|section| section.title.starts_with(title)).unwrap();
        section.lines.iter().find(|line| line.label == label).unwrap()
    };
    let rules = |line: &Line| line.marks.iter().map(|mark| mark.rule.clone()).collect::<Vec<_>>();
    assert_eq!(rules(line("As it shows", "Configuration string")), ["KV-04"]);
    assert_eq!(rules(line("As it shows", "Drive")), ["KV-05", "KV-05", "KV-05"]);
    let pointer = sheet
        .sections
        .iter()
        .filter(|section| section.title.starts_with("Report descriptor"))
        .flat_map(|section| &section.lines)
        .find(|line| line.value.contains("absolute pointer"))
        .unwrap();
    assert_eq!(rules(pointer), ["KV-03", "KV-03"]);
}

#[test]
fn serial_numbers_are_not_printed() {
    for (path, facts) in hits() {
        let serials: Vec<String> = facts.usb.iter().filter_map(|usb| usb.serial.clone()).collect();
        for (sheet, _) in sheets(&facts) {
            let lines = text(&sheet).join("\n");
            // A catalogue constant may be quoted as the reason; a line of its own never holds one.
            let printed = |serial: &&String| serial.len() > 8 && lines.contains(&format!("Serial: {serial}"));
            assert_eq!(serials.iter().find(printed), None, "{path}");
        }
    }
}
