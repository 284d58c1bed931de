//! What would leave the machine now, value by value.

use bearing_protocol::{coverage::Source, payload::InventoryValue, report::Report, text::printable};
use serde_json::Value;

use crate::report::{Page, Style};

/// A report as it would be sent: its values, the inventory, and how much of the rest.
#[derive(Clone, Copy, Debug)]
pub struct Departure<'a> {
    /// The report.
    pub report: &'a Report,
    /// The inventory that policy lets out.
    pub inventory: &'a [(Source, InventoryValue)],
}

impl Departure<'_> {
    pub(super) fn render(&self, page: &mut Page) {
        let device = &self.report.device;
        line(page, "host name", &device.hostname);
        line(
            page,
            "system",
            &format!("{} {} ({})", device.os.name, device.os.version, device.machine.kind.as_str()),
        );
        line(page, "policy", &format!("{} version {}", self.report.policy.name, self.report.policy.version));
        let outcomes = self.report.outcomes.len();
        line(page, "rules", &format!("the outcome of each of {outcomes} rules, in one word and a reason"));
        let sources = self.report.coverage.len();
        line(page, "sources", &format!("how far each of {sources} sources could be read, in counts"));
        for finding in &self.report.findings {
            line(page, "finding", &format!("{} {}: {}", finding.rule, finding.subject, finding.title));
            for piece in &finding.evidence {
                let text = format!("{} {}: {} = {}", piece.source, piece.location, piece.field, piece.value);
                page.paragraph("                · ", &printable(&text, MAX_VALUE_CHARS));
            }
        }
        for (_, value) in self.inventory {
            let json = serde_json::to_value(value).unwrap_or_default();
            let kind = json.get("kind").and_then(Value::as_str).unwrap_or("item").to_owned();
            line(page, &kind, &flat(&json));
        }
        if self.inventory.is_empty() {
            line(page, "inventory", "none: policy switches it off, or nothing is there");
        }
    }
}

fn line(page: &mut Page, name: &str, text: &str) {
    let name = page.styled(Style::Strong, &format!("{name:12}"));
    page.paragraph_after(&format!("  {name}  "), 16, text);
}

/// `path 1-1 · id 413c:2107 · product Keyboard`, empty fields left out.
fn flat(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let parts = fields.iter().filter(|(name, value)| *name != "kind" && !flat(value).is_empty());
            parts
                .map(|(name, value)| format!("{} {}", name.replace('_', " "), flat(value)))
                .collect::<Vec<_>>()
                .join(" · ")
        }
        Value::Array(items) => {
            items.iter().map(flat).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
        }
        Value::Null => String::new(),
        Value::String(text) => match text.strip_prefix("sha256:") {
            Some(digits) => format!("sha256:{}…", digits.get(..SHOWN_DIGITS).unwrap_or(digits)),
            None => text.clone(),
        },
        other => other.to_string(),
    }
}

/// Digits of a digest that a page shows.
const SHOWN_DIGITS: usize = 12;
const MAX_VALUE_CHARS: usize = 300;
