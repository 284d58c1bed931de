//! EDID in words: base block by its bytes, then each extension with its data blocks.

use bearing_descriptors::edid::{Cta, Edid, Extension, Input};

use super::{
    clean,
    sheet::{Place, Section},
};
use crate::detect::kvm::DisplayView;

/// Most data blocks of one extension that are named.
const MAX_BLOCKS: usize = 32;

pub(super) fn sections(view: &DisplayView<'_>) -> Vec<Section> {
    let edid = &view.edid;
    let mut sections = vec![base(edid)];
    sections.extend(edid.extensions.iter().enumerate().map(|(index, one)| extension(index + 1, one)));
    if !edid.faults.is_empty() {
        let mut faults = Section::new("What is wrong with it");
        for fault in &edid.faults {
            faults.say("", fault.to_string());
        }
        sections.push(faults);
    }
    let mut digests = Section::new("Digests");
    digests.say("All bytes", edid.sha256.clone()).is(Place::Bytes);
    digests.say("Without serial numbers", edid.shape_sha256.clone());
    digests.say("Without names and numbers", edid.layout_sha256.clone()).is(Place::Layout);
    sections.push(digests);
    sections
}

/// E-EDID A2 section 3.
fn base(edid: &Edid) -> Section {
    let mut out = Section::new("Base block");
    out.say("PNP id and product", format!("{} {:04x}", clean(&edid.manufacturer), edid.product))
        .at(8)
        .is(Place::Names);
    let serial = !matches!(edid.serial_number, 0 | 1 | 0x0101_0101 | u32::MAX);
    out.say("Serial number", if serial { "present" } else { "none or a placeholder" }).at(12);
    out.say(
        "Made",
        match edid.week {
            255 => format!("model year {}", edid.year),
            0 => edid.year.to_string(),
            week => format!("week {week} of {}", edid.year),
        },
    )
    .at(16);
    out.say("EDID version", format!("{}.{}", edid.version.0, edid.version.1)).at(18);
    out.say(
        "Input",
        match edid.input {
            Input::Analog => "analog".to_owned(),
            Input::Digital(interface) => format!("digital, {interface:?}"),
        },
    )
    .at(20);
    out.say(
        "Picture",
        match edid.size_cm {
            (0, _) | (_, 0) => "no size given".to_owned(),
            (width, height) => format!("{width}x{height} cm"),
        },
    )
    .at(21);
    for timing in &edid.timings {
        out.say("Mode", format!("{timing}, image {}x{} mm", timing.width_mm, timing.height_mm));
    }
    out.say("Name", edid.name.as_deref().map_or_else(|| "none".to_owned(), clean));
    out.say("Serial text", if edid.serial_text.is_some() { "present" } else { "none" });
    if let Some(range) = edid.range {
        let ((low, high), (slow, fast)) = (range.vertical_hz, range.horizontal_khz);
        let clock = range.max_clock_mhz;
        out.say("Range", format!("{low} to {high} Hz, {slow} to {fast} kHz, up to {clock} MHz"));
    }
    out.say("Extensions announced", edid.announced_extensions.to_string()).at(126);
    out
}

fn extension(number: usize, extension: &Extension) -> Section {
    let titled = |what: &str| Section::new(format!("Extension {number}: {what}"));
    match extension {
        Extension::Cta(block) => {
            let mut out = titled("CTA-861");
            cta(block, &mut out);
            out
        }
        Extension::DisplayId(id) => {
            let mut out = titled("DisplayID");
            out.say("Version", format!("{:x}.{:x}", id.version >> 4, id.version & 0x0f)).at(1);
            out.say("Section", format!("{} bytes", id.section_bytes)).at(2);
            out.say("Product type", id.product_type.to_string()).at(3);
            out.say("Further sections", id.extension_count.to_string()).at(4);
            out
        }
        Extension::BlockMap => {
            let mut out = titled("block map");
            out.say("", "names the blocks that follow");
            out
        }
        Extension::Empty => {
            let mut out = titled("all zero");
            out.say("", "announced, and nothing is in it");
            out
        }
        Extension::Other { tag } => {
            let mut out = titled("of another kind");
            out.say("Tag", format!("{tag:02x}")).at(0);
            out
        }
    }
}

/// CTA-861-G section 7.5.
fn cta(cta: &Cta, out: &mut Section) {
    out.say("Revision", cta.revision.to_string()).at(1);
    out.say("Basic audio", if cta.basic_audio { "yes" } else { "no" }).at(3);
    let mut at = 4;
    for block in cta.blocks.iter().take(MAX_BLOCKS) {
        let name = match (block.tag, block.extended_tag) {
            (1, _) => "audio formats",
            (2, _) => "video formats",
            (3, _) => "vendor-specific",
            (4, _) => "speakers",
            (5, _) => "VESA transfer characteristic",
            (7, Some(0)) => "video capability",
            (7, Some(1)) => "vendor-specific video",
            (7, Some(5)) => "colorimetry",
            (7, Some(6)) => "HDR, static metadata",
            (7, Some(14)) => "YCbCr 4:2:0 video formats",
            (7, Some(15)) => "YCbCr 4:2:0 capability",
            (7, _) => "extended",
            _ => "reserved",
        };
        out.say("Data block", format!("{name}, {} bytes", block.len)).at(at);
        at += 1 + usize::from(block.len);
    }
    if cta.blocks.len() > MAX_BLOCKS {
        out.say("Data blocks", format!("and {} more", cta.blocks.len() - MAX_BLOCKS));
    }
    if let Some(hdmi) = cta.hdmi {
        let [a, b, c, d] = [12, 8, 4, 0].map(|shift| hdmi.physical_address >> shift & 0x0f);
        let clock = hdmi.max_tmds_mhz.map(|mhz| format!(", up to {mhz} MHz")).unwrap_or_default();
        out.say("HDMI", format!("physical address {a}.{b}.{c}.{d}{clock}"));
    }
    if cta.hdmi_forum {
        out.say("HDMI Forum", "block present: HDMI 2");
    }
    for timing in &cta.timings {
        out.say("Mode", format!("{timing}, image {}x{} mm", timing.width_mm, timing.height_mm));
    }
}
