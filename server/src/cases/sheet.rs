//! A case packet to read: one HTML page without scripts or anything fetched, and a CSV table.
//!
//! Always: text from devices and people is escaped and made harmless; no cell of the table is a formula.

use askama::Template;
use bearing_protocol::{id::KeyId, text::printable};

use super::CasePayload;

/// Longest text of a cell or line, in characters.
const MAX_CHARS: usize = 4_000;

fn plain(text: &str) -> String {
    printable(text, MAX_CHARS)
}

/// Text of several lines keeps them.
fn lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

fn points(value: &Option<f64>) -> String {
    value.map_or_else(|| "no score".to_owned(), |value| format!("{value:.1}"))
}

#[derive(Template)]
#[template(path = "case_packet.html")]
struct Sheet<'a> {
    payload: &'a CasePayload,
    key: String,
}

/// The page.
///
/// # Errors
/// Where it cannot be rendered.
pub(super) fn html(payload: &CasePayload, key: &KeyId) -> Result<String, askama::Error> {
    Sheet { payload, key: key.to_string() }.render()
}

/// One cell: quoted, and never a formula for the program that opens it.
fn cell(text: &str) -> String {
    let text = plain(text);
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '|', '%']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// The findings as a table, with the case in each row.
pub(super) fn csv(payload: &CasePayload) -> String {
    let mut out = String::from(
        "case,content,verdict,device,hostname,simulated,device_verdict,evidence,posture,finding,rule,severity,status,title,subject,first_seen,last_seen,report\r\n",
    );
    let record = &payload.record;
    for device in &record.devices {
        for finding in &device.findings {
            let cells = [
                record.id.to_string(),
                payload.content.to_string(),
                record.verdict.clone(),
                device.device.to_string(),
                device.hostname.clone(),
                if device.simulated { "simulated" } else { "" }.to_owned(),
                device.verdict.clone(),
                points(&device.evidence),
                format!("{:.1}", device.posture),
                finding.finding.id.to_string(),
                finding.finding.rule.to_string(),
                finding.severity.as_str().to_owned(),
                finding.status.clone(),
                finding.finding.title.clone(),
                finding.finding.subject.clone(),
                finding.first_seen.to_string(),
                finding.last_seen.to_string(),
                finding.report.map(|digest| digest.to_string()).unwrap_or_default(),
            ];
            out.push_str(&cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(","));
            out.push_str("\r\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_its_row() {
        assert_eq!(cell("=cmd|'/c calc'!A0"), "\"'=cmd|'/c calc'!A0\"");
        assert_eq!(cell(" +1"), "\"' +1\"");
        assert_eq!(cell("a\"b"), "\"a\"\"b\"");
        let odd = cell("x\r\n=1\u{202e}");
        assert!(!odd.contains(['\r', '\n', '\u{202e}']), "{odd:?}");
    }
}
