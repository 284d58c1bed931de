//! Displays in words.

use bearing_protocol::fact::Facts;

use super::{Mark, Sheet, clean, edid_fields, judged, sheet::Section, text};
use crate::{
    catalogue::kvm::KvmCatalogue,
    detect::kvm::{DisplayView, Story, display_stories},
};

/// One line: `card0-HDMI-A-1  DEL 2013 "DELL D2721H", 60x34 cm, 1920x1080 at 60 Hz`.
pub fn display_summary(view: &DisplayView<'_>) -> String {
    let edid = &view.edid;
    let size = match edid.size_cm {
        (0, _) | (_, 0) => "no size given".to_owned(),
        (width, height) => format!("{width}x{height} cm"),
    };
    let mode = edid.preferred.map(|timing| format!(", {timing}")).unwrap_or_default();
    format!("{}  {}, {size}{mode}", clean(&view.display.connector), clean(&view.calls_itself()))
}

/// All connectors, one line each; what raised a finding carries its severity.
pub fn display_tree(facts: &Facts, catalogue: &KvmCatalogue) -> Vec<String> {
    let views = DisplayView::all(facts);
    let stories = display_stories(facts, catalogue);
    let line = |connector: &str| {
        let view = views.iter().find(|view| view.display.connector == connector)?;
        let subject = format!("display:{connector}");
        let severity = stories.iter().find(|story| story.subject == subject).and_then(Story::severity);
        let mark = severity.map(|severity| format!("  ← {severity}")).unwrap_or_default();
        Some(format!("{}{mark}", display_summary(view)))
    };
    let other = |display: &bearing_protocol::fact::Display| {
        let state = match display.connected {
            Some(false) => "nothing connected",
            _ => "no EDID that can be read",
        };
        format!("{}  {state}", clean(&display.connector))
    };
    facts.displays.iter().map(|one| line(&one.connector).unwrap_or_else(|| other(one))).collect()
}

/// Everything about one display, with the evidence on the lines it was read from.
pub fn display_sheet(view: &DisplayView<'_>, marks: &[Mark]) -> Sheet {
    let mut sheet = Sheet::new(format!("display:{}", view.display.connector), display_summary(view));
    let mut place = Section::new("As it hangs on the machine");
    place.say("Connector", clean(&view.display.connector));
    place.say("Kind", clean(view.display.connector_type()));
    if let Some(enabled) = view.display.enabled {
        place.say("In use", if enabled { "yes" } else { "no" });
    }
    sheet.add(place);
    for section in edid_fields::sections(view) {
        sheet.add(section);
    }
    sheet.mark(marks)
}

/// Everything about one display as text; empty where no readable EDID is on `connector`.
pub fn display_lines(connector: &str, facts: &Facts, catalogue: &KvmCatalogue) -> Vec<String> {
    let views = DisplayView::all(facts);
    let Some(view) = views.iter().find(|view| view.display.connector == connector) else { return Vec::new() };
    let subject = format!("display:{connector}");
    let stories = display_stories(facts, catalogue);
    let story = stories.iter().find(|story| story.subject == subject);
    let marks = story.map(Mark::of_story).unwrap_or_default();
    let sheet = display_sheet(view, &marks);
    let mut lines = vec![sheet.summary.clone(), judged(story, catalogue), String::new()];
    lines.extend(text(&sheet));
    lines
}
