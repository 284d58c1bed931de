//! Attribute lists of MISP: what its REST search answers, an event, a feed's event, a warning list; JSON or CSV.

use serde_json::Value;

use super::{ListError, Rows, csv::Records};

/// Deepest nesting of events, objects and attributes that is followed.
const MAX_DEPTH: usize = 6;

/// The address in an attribute's value, for the types that hold one.
fn address<'a>(kind: &str, value: &'a str) -> Option<&'a str> {
    match kind {
        "ip-src" | "ip-dst" => Some(value),
        "ip-src|port" | "ip-dst|port" => Some(value.split('|').next().unwrap_or(value)),
        "domain|ip" => Some(value.rsplit('|').next().unwrap_or(value)),
        "AS" => Some(value),
        _ => None,
    }
}

fn attribute(kind: &str, value: &str, line: usize, rows: &mut Rows) -> Result<(), ListError> {
    match address(kind, value) {
        Some(number) if kind == "AS" && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            rows.take(line, &format!("AS{number}"))
        }
        Some(address) => rows.take(line, address),
        None => {
            rows.list.other += 1;
            Ok(())
        }
    }
}

pub(super) fn json(text: &str, rows: &mut Rows) -> Result<(), ListError> {
    let value: Value = serde_json::from_str(text)?;
    let mut count = 0;
    let mut found = false;
    walk(&value, 0, &mut count, &mut found, rows)?;
    if found { Ok(()) } else { Err(ListError::NoAttributes) }
}

fn walk(
    value: &Value,
    depth: usize,
    count: &mut usize,
    found: &mut bool,
    rows: &mut Rows,
) -> Result<(), ListError> {
    if depth > MAX_DEPTH {
        return Ok(());
    }
    match value {
        Value::Array(items) => {
            for item in items {
                walk(item, depth + 1, count, found, rows)?;
            }
        }
        Value::Object(map) => {
            if let (Some(Value::String(kind)), Some(Value::String(text))) =
                (map.get("type"), map.get("value"))
            {
                *count += 1;
                *found = true;
                // What was deleted is still exported, and stands for nothing any more.
                if map.get("deleted").is_some_and(|on| on == true || on == "1") {
                    return Ok(());
                }
                return attribute(kind, text, *count, rows);
            }
            if let Some(Value::Array(list)) = map.get("list") {
                *found = true;
                for item in list {
                    *count += 1;
                    match item.as_str() {
                        Some(text) => rows.take(*count, text)?,
                        None => rows.bad(*count, &item.to_string(), "no text"),
                    }
                }
                return Ok(());
            }
            for key in ["response", "Event", "Attribute", "Object"] {
                if let Some(inner) = map.get(key) {
                    *found |= key == "Attribute";
                    walk(inner, depth + 1, count, found, rows)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn csv(text: &str, rows: &mut Rows) -> Result<(), ListError> {
    let mut records = Records::new(text);
    let Some((_, head)) = records.next()? else { return Err(ListError::Empty) };
    let at = |name: &str| head.iter().position(|field| field.trim().eq_ignore_ascii_case(name));
    let (Some(kind), Some(value)) = (at("type"), at("value")) else { return Err(ListError::Columns) };
    while let Some((line, fields)) = records.next()? {
        match (fields.get(kind), fields.get(value)) {
            (Some(kind), Some(value)) => attribute(kind.trim(), value.trim(), line, rows)?,
            _ => rows.bad(line, &fields.join(","), "too few columns"),
        }
    }
    Ok(())
}
