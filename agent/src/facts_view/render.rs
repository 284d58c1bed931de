use bearing_policies::Policy;
use bearing_protocol::{fact::Facts, text::printable};
use serde_json::Value;

use super::{Departure, Field, Leaves, TABLE};
use crate::report::{Page, Style};

/// Prints what would leave, value by value, then what was read, field by field, in groups by whether it leaves.
pub fn render(page: &mut Page, facts: &Facts, departure: Departure<'_>, policy: &Policy) {
    let title = page.styled(Style::Strong, "Bearing");
    page.line(&format!("{title} · what was read on this machine, and what of it would leave"));
    page.heading("What would leave now, all of it");
    departure.render(page);
    let facts = serde_json::to_value(facts).unwrap_or_default();
    for leaves in Leaves::ALL {
        page.heading(leaves.describe());
        explain(page, leaves, policy);
        let mut absent = Vec::new();
        for field in TABLE.iter().filter(|field| field.leaves == leaves) {
            let values = values_at(&facts, field.path);
            if values.is_empty() {
                absent.push(field.path);
            } else {
                one_field(page, field, &values);
            }
        }
        if !absent.is_empty() {
            let text = format!("Nothing was read of: {}", absent.join(", "));
            page.styled_paragraph(Style::Faint, "  ", &text);
        }
    }
    page.gap();
    page.paragraph("", "Everything above, value by value: bearing-agent facts --format json");
}

fn explain(page: &mut Page, leaves: Leaves, policy: &Policy) {
    let text = match leaves {
        Leaves::Clear => return,
        Leaves::Inventory if policy.inventory_is_on() => "Policy switches the inventory on here.",
        Leaves::Inventory => "Policy switches the inventory off here: nothing of this group leaves.",
        Leaves::Digest => {
            "HMAC-SHA256 under the organisation's key, cut to 64 bit: the same value gives the same digest on its \
             other machines, so it is pseudonymous and not anonymous."
        }
        Leaves::Evidence => "Only the value that made a rule fire, in the finding that `evaluate` shows you.",
        Leaves::Never => "Read to decide on this machine, and kept on it.",
    };
    page.styled_paragraph(Style::Faint, "  ", text);
}

fn one_field(page: &mut Page, field: &Field, values: &[&Value]) {
    let first: Vec<String> = values.iter().take(EXAMPLES).map(|value| brief(value)).collect();
    let rest = values.len().saturating_sub(EXAMPLES);
    let tail = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    page.line(&format!("  {} · {}", page.styled(Style::Strong, field.path), field.what));
    page.paragraph("      read here: ", &format!("{}{tail}", first.join(", ")));
}

/// The values behind `path`, empty ones left out.
pub(super) fn values_at<'a>(root: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut values = vec![root];
    for part in path.split('.') {
        let (name, every) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        values = values.into_iter().filter_map(|value| value.get(name)).collect();
        if every {
            values = values.into_iter().filter_map(Value::as_array).flatten().collect();
        }
    }
    values.retain(|value| !is_empty(value));
    values.dedup();
    values
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn brief(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("{} items", items.len()),
        other => other.to_string(),
    };
    printable(&text, MAX_BRIEF_CHARS)
}

/// Values of one field that a page shows.
const EXAMPLES: usize = 4;
const MAX_BRIEF_CHARS: usize = 60;
