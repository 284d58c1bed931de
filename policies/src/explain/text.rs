//! A sheet as lines of a terminal.

use super::{Line, Mark, Section, Sheet};

/// Columns before a line that has no offset.
const NO_OFFSET: &str = "    ";

/// The sheet as plain lines, each piece of evidence below the line it was read from.
pub fn text(sheet: &Sheet) -> Vec<String> {
    let mut lines = Vec::new();
    for mark in &sheet.marks {
        lines.push(mark_line(mark, "", 0));
    }
    for section in &sheet.sections {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        section_lines(section, &mut lines);
    }
    lines
}

fn section_lines(section: &Section, out: &mut Vec<String>) {
    out.push(section.title.clone());
    out.extend(section.marks.iter().map(|mark| mark_line(mark, "", 2)));
    let offsets = section.lines.iter().any(|line| line.offset.is_some());
    for line in &section.lines {
        out.push(line_text(line, offsets));
        let indent = 2 + line.depth * 2 + if offsets { 6 } else { 0 };
        out.extend(line.marks.iter().map(|mark| mark_line(mark, &line.value, indent)));
    }
}

fn line_text(line: &Line, offsets: bool) -> String {
    let offset = match line.offset {
        Some(offset) => format!("{offset:>4}  "),
        None if offsets => format!("{NO_OFFSET}  "),
        None => String::new(),
    };
    let words = match (line.label.as_str(), line.value.as_str()) {
        ("", value) => value.to_owned(),
        (label, "") => label.to_owned(),
        (label, value) => format!("{label}: {value}"),
    };
    format!("  {offset}{}{words}", "  ".repeat(line.depth)).trim_end().to_owned()
}

/// `beside` is what the line itself says: it is not said again.
fn mark_line(mark: &Mark, beside: &str, indent: usize) -> String {
    let weight = match mark.points {
        None => String::new(),
        Some(0) => ", context".to_owned(),
        Some(points) => format!(", {points} points"),
    };
    let said = mark.value.is_empty() || beside.contains(mark.value.as_str());
    let value = if said { String::new() } else { format!("{}: ", mark.value) };
    let rule = if mark.rule.is_empty() { "" } else { " " };
    format!("{}↑ {}{rule}{}{weight}: {value}{}", " ".repeat(indent), mark.rule, mark.kind, mark.why)
}
