//! Displays in words.

use bearing_descriptors::edid::{Extension, Input};
use bearing_protocol::fact::Facts;

use super::{clean, fired};
use crate::{
    catalogue::kvm::KvmCatalogue,
    detect::kvm::{DisplayView, display_stories},
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

/// Everything about one display; empty where no readable EDID is on `connector`.
pub fn display_lines(connector: &str, facts: &Facts, catalogue: &KvmCatalogue) -> Vec<String> {
    let views = DisplayView::all(facts);
    let Some(view) = views.iter().find(|view| view.display.connector == connector) else { return Vec::new() };
    let mut lines = vec![display_summary(view), String::new()];
    let subject = format!("display:{connector}");
    if let Some(story) = display_stories(facts, catalogue).iter().find(|story| story.subject == subject) {
        lines.extend(fired(story, catalogue));
    }
    lines.push(String::new());
    lines.extend(description(view));
    lines
}

fn description(view: &DisplayView<'_>) -> Vec<String> {
    let edid = &view.edid;
    let mut lines = Vec::new();
    let mut say = |label: &str, value: String| lines.push(format!("{label}: {value}"));
    say("PNP id and product", format!("{} {:04x}", clean(&edid.manufacturer), edid.product));
    say("Name", edid.name.as_deref().map_or_else(|| "none".into(), clean));
    let serial = edid.serial_text.is_some() || !matches!(edid.serial_number, 0 | 1 | 0x0101_0101 | u32::MAX);
    say("Serial", if serial { "present".into() } else { "none or a placeholder".into() });
    say("Made", format!("week {} of {}", edid.week, edid.year));
    say("EDID version", format!("{}.{}", edid.version.0, edid.version.1));
    say(
        "Input",
        match edid.input {
            Input::Analog => "analog".into(),
            Input::Digital(interface) => format!("digital, {interface:?}"),
        },
    );
    say("Connector", view.display.connector_type().to_owned());
    for timing in &edid.timings {
        say("Mode", format!("{timing}, image {}x{} mm", timing.width_mm, timing.height_mm));
    }
    if let Some(range) = edid.range {
        let (low, high) = range.vertical_hz;
        say("Range", format!("{low} to {high} Hz, up to {} MHz", range.max_clock_mhz));
    }
    for extension in &edid.extensions {
        let words = match extension {
            Extension::Cta(cta) => {
                let hdmi = if cta.hdmi.is_some() { ", HDMI" } else { "" };
                let audio = if cta.basic_audio { ", audio" } else { "" };
                format!("CTA-861 revision {}, {} data blocks{hdmi}{audio}", cta.revision, cta.blocks.len())
            }
            Extension::DisplayId(id) => format!("DisplayID {:x}.{:x}", id.version >> 4, id.version & 0x0f),
            Extension::BlockMap => "block map".into(),
            Extension::Empty => "all zero".into(),
            Extension::Other { tag } => format!("tag {tag:#04x}"),
        };
        say("Extension", words);
    }
    for fault in &edid.faults {
        say("Fault", fault.to_string());
    }
    say("SHA-256", edid.sha256.clone());
    lines
}
