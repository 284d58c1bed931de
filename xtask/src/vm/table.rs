//! The page `docs/detection-kvm.md`: what is found of what, on which system.

use super::description::Truth;
use super::detect::{Row, VIEWS, Verdict};
use crate::place;
use anyhow::{Context, bail};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const INTRODUCTION: &str = include_str!("table/introduction.md");
const VIEW_NAMES: [&str; 4] = ["Linux", "Windows, hub descriptors", "Windows, device tree alone", "macOS"];
/// From this severity on a device counts as found, or as a false alarm.
const COUNTS: [&str; 3] = ["medium", "high", "critical"];
const GRAVE: [&str; 2] = ["high", "critical"];

/// Writes the page, or says that the committed one is another.
///
/// # Errors
/// When the committed page is not what came out.
pub(crate) fn keep(rows: &[Row], kernel: &str, write: bool) -> anyhow::Result<()> {
    let path = place::root().join("docs/detection-kvm.md");
    let page = page(rows, kernel);
    if write {
        std::fs::write(&path, page).with_context(|| format!("cannot write `{}`", path.display()))?;
        println!("wrote {}", path.display());
        return Ok(());
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    // The kernel's version is news, not a difference.
    let without_kernel = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with("Kernel: ")).map(str::to_owned).collect()
    };
    let (old, new) = (without_kernel(&committed), without_kernel(&page));
    if let Some((old, new)) = old.iter().zip(&new).find(|(old, new)| old != new) {
        bail!(
            "`{}` is stale; write it with `cargo xtask vm gadget --write`\n- {old}\n+ {new}",
            path.display()
        );
    }
    if old.len() != new.len() {
        bail!("`{}` is stale; write it with `cargo xtask vm gadget --write`", path.display());
    }
    Ok(())
}

fn page(rows: &[Row], kernel: &str) -> String {
    let mut page = INTRODUCTION.to_owned();
    let _ = writeln!(page, "Kernel: Debian's {kernel}, in QEMU.\n");
    page.push_str(&recall(rows));
    page.push_str(&misses(rows));
    for (truth, heading) in [
        (Truth::Kvm, "Remote control, device by device and form by form"),
        (Truth::LookAlike, "Honest, and expected to be told"),
        (Truth::Innocent, "Honest"),
    ] {
        let _ = writeln!(page, "## {heading}\n");
        let of_truth: Vec<&Row> = rows.iter().filter(|row| row.truth == truth).collect();
        page.push_str(&table(&of_truth));
    }
    page
}

fn counts(verdict: &Verdict, severities: &[&str]) -> bool {
    verdict.severity.as_deref().is_some_and(|severity| severities.contains(&severity))
}

fn recall(rows: &[Row]) -> String {
    let kvm: Vec<&Row> = rows.iter().filter(|row| row.truth == Truth::Kvm).collect();
    let honest: Vec<&Row> = rows.iter().filter(|row| row.truth == Truth::Innocent).collect();
    let mut text = String::from(
        "## In figures\n\n| seen from | remote control: high or critical | medium or more | below | honest: medium or more |\n|---|---|---|---|---|\n",
    );
    for (index, name) in VIEW_NAMES.iter().enumerate() {
        let number = |rows: &[&Row], severities: &[&str]| {
            rows.iter()
                .filter(|row| row.views.get(index).is_some_and(|view| counts(view, severities)))
                .count()
        };
        let (grave, found) = (number(&kvm, &GRAVE), number(&kvm, &COUNTS));
        let _ = writeln!(
            text,
            "| {name} | {grave} of {all} ({}) | {found} of {all} ({}) | {} | {} of {} |",
            percent(grave, kvm.len()),
            percent(found, kvm.len()),
            kvm.len() - found,
            number(&honest, &COUNTS),
            honest.len(),
            all = kvm.len(),
        );
    }
    text.push_str(
        "\nThe rows are descriptions that we chose, not a sample of what is out there: the figures compare the systems, \
         and promise nothing about a device that is not in the table. How often honest hardware raises something is \
         measured on real captures (`cargo xtask bench detection`).\n\n",
    );
    text
}

fn percent(part: usize, whole: usize) -> String {
    (part * 100).checked_div(whole).map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"))
}

fn misses(rows: &[Row]) -> String {
    let mut text = String::from("## What is missed, and what is told without cause\n\n");
    let linux = |row: &Row| row.views.first().cloned().unwrap_or_default();
    let mut any = false;
    for row in rows {
        let found = counts(&linux(row), &COUNTS);
        let kind = match (row.truth, found) {
            (Truth::Kvm, false) => "Missed",
            (Truth::Innocent, true) => "False alarm",
            _ => continue,
        };
        any = true;
        let why = row.why.as_deref().unwrap_or("no reason is written down yet");
        let _ = writeln!(text, "- {kind} on Linux: {} ({}): {why}", row.about, row.form);
    }
    if !any {
        text.push_str("- On Linux: none of the rows below.\n");
    }
    for (index, name) in VIEW_NAMES.iter().enumerate().skip(1) {
        let only_here: Vec<String> = rows
            .iter()
            .filter(|row| row.truth == Truth::Kvm && counts(&linux(row), &COUNTS))
            .filter(|row| row.views.get(index).is_some_and(|view| !counts(view, &COUNTS)))
            .map(|row| format!("{} ({})", row.about, row.form))
            .collect();
        let alarms: Vec<String> = rows
            .iter()
            .filter(|row| row.truth == Truth::Innocent && !counts(&linux(row), &COUNTS))
            .filter(|row| row.views.get(index).is_some_and(|view| counts(view, &COUNTS)))
            .map(|row| format!("{} ({})", row.about, row.form))
            .collect();
        if only_here.is_empty() {
            let _ = writeln!(text, "- {name}: everything that is found on Linux.");
        } else {
            let _ = writeln!(
                text,
                "- {name}: {} that Linux shows and this view does not: {}.",
                only_here.len(),
                only_here.join("; ")
            );
        }
        if !alarms.is_empty() {
            let _ = writeln!(text, "- {name}, without cause: {}.", alarms.join("; "));
        }
    }
    text.push('\n');
    text
}

fn table(rows: &[&Row]) -> String {
    let mut text = String::from("| device | form |");
    for name in VIEW_NAMES {
        let _ = write!(text, " {name} |");
    }
    text.push_str(" remark |\n|---|---|");
    text.push_str(&"---|".repeat(VIEWS.len() + 1));
    text.push('\n');
    let mut before = "";
    for row in rows {
        let about = if row.about == before { "" } else { row.about.as_str() };
        before = &row.about;
        let _ = write!(text, "| {about} | {} |", row.form);
        for view in &row.views {
            let _ = write!(text, " {} |", cell(view));
        }
        let _ = writeln!(text, " {} |", row.why.as_deref().unwrap_or_default());
    }
    text.push('\n');
    text
}

/// `critical: 01 03 05`, the rules without their common `KV-`.
fn cell(verdict: &Verdict) -> String {
    let Some(severity) = &verdict.severity else { return "nothing".to_owned() };
    let rules: BTreeSet<&str> =
        verdict.rules.iter().map(|rule| rule.strip_prefix("KV-").unwrap_or(rule)).collect();
    format!("{severity}: {}", rules.into_iter().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(severity: Option<&str>) -> Verdict {
        Verdict {
            severity: severity.map(str::to_owned),
            rules: severity.iter().map(|_| "KV-03".to_owned()).collect(),
            title: None,
        }
    }

    fn row(truth: Truth, severities: [Option<&str>; 4]) -> Row {
        Row {
            truth,
            about: "A thing".into(),
            form: "whole".into(),
            why: Some("because".into()),
            views: severities.map(verdict).to_vec(),
        }
    }

    #[test]
    fn misses_and_false_alarms_stand_in_the_page() {
        let rows = [
            row(Truth::Kvm, [Some("critical"), Some("high"), None, Some("low")]),
            row(Truth::Kvm, [None; 4]),
            row(Truth::Innocent, [Some("medium"), None, None, None]),
        ];
        let page = page(&rows, "6.1");
        for words in [
            "| Linux | 1 of 2 (50 %) | 1 of 2 (50 %) | 1 | 1 of 1 |",
            "| Windows, device tree alone | 0 of 2 (0 %) | 0 of 2 (0 %) | 2 | 0 of 1 |",
            "- Missed on Linux: A thing (whole): because",
            "- False alarm on Linux: A thing (whole): because",
            "- Windows, device tree alone: 1 that Linux shows",
            "critical: 03",
        ] {
            assert!(page.contains(words), "{words} is not in\n{page}");
        }
    }
}
