//! False alarms, measured: the hardware rules over descriptors of real, honest hardware.
//!
//! Always: a figure is hits of exposed cases with an upper bound, never a bare zero. A case counts as exposed to a
//! rule only where it holds what the rule reads. Cases that are labelled as the real thing are counted apart.
//! Never here: files; the caller brings the bytes.

mod bound;
mod corpora;
pub mod os_view;

use std::{collections::BTreeMap, fmt};

use bearing_protocol::{coverage::Source, fact::Facts, severity::Severity};
use serde::Serialize;

pub use bound::upper_bound;
pub use corpora::{Corpora, CorpusError};

use crate::{catalogue::kvm::KvmCatalogue, detect::kvm::evaluate_kvm};

/// The rules that are measured, with the sources a case must hold to be exposed.
const RULES: [(&str, &[Source]); 8] = [
    ("KV-01", &[Source::Usb]),
    ("KV-02", &[Source::Displays]),
    ("KV-03", &[Source::Hid]),
    ("KV-04", &[Source::Usb]),
    ("KV-05", &[Source::Usb]),
    ("KV-06", &[Source::Usb, Source::Displays]),
    ("KV-09", &[Source::Usb, Source::Displays]),
    ("any", &[Source::Usb, Source::Hid, Source::Displays]),
];

/// One machine or part of one, with what is known of it.
pub struct Sample {
    /// What identifies it in the corpus; never a serial.
    pub name: String,
    /// Facts.
    pub facts: Facts,
    /// Labelled as something that may or should be found (`ip-kvm`, `bmc`); `None` is ordinary.
    pub label: Option<String>,
}

/// Hits of one rule over one corpus.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// The corpus.
    pub corpus: String,
    /// The rule.
    pub rule: String,
    /// Ordinary cases that hold what the rule reads.
    pub exposed: u64,
    /// Ordinary cases in which it fired at low.
    pub low: u64,
    /// … at medium.
    pub medium: u64,
    /// … at high or critical.
    pub high: u64,
    /// Upper 95 % bound of the rate of medium or more, among exposed cases.
    pub upper_bound: f64,
    /// Labelled cases that hold what the rule reads.
    pub labelled: u64,
    /// Labelled cases in which it fired at all.
    pub labelled_hits: u64,
}

/// One case in which a rule fired.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    /// The corpus.
    pub corpus: String,
    /// The case.
    pub case: String,
    /// Its label, where it has one.
    pub label: Option<String>,
    /// Severity of its gravest finding.
    pub severity: Severity,
    /// What was said.
    pub title: String,
}

/// The whole measurement.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measurement {
    /// One row per corpus and rule.
    pub rows: Vec<Row>,
    /// Every hit at medium or more.
    pub hits: Vec<Hit>,
    /// Descriptors read whole, with an error, and not at all.
    pub parsed: Vec<Parsed>,
}

/// How far descriptors of a corpus could be read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Parsed {
    /// Of what.
    pub what: String,
    /// Read without a complaint.
    pub whole: u64,
    /// Read with a named fault.
    pub with_fault: u64,
    /// Not read.
    pub refused: u64,
    /// Not in the capture.
    pub absent: u64,
    /// The faults, by kind.
    pub faults: BTreeMap<String, u64>,
}

/// Measures every corpus that is there.
///
/// # Errors
/// A corpus that is not in its documented form.
pub fn measure(corpora: &Corpora<'_>, catalogue: &KvmCatalogue) -> Result<Measurement, CorpusError> {
    let mut out = Measurement::default();
    let mut parsed = Vec::new();
    let mut rows: BTreeMap<(String, usize), Row> = BTreeMap::new();
    let mut hits = Vec::new();
    corpora.for_each(&mut parsed, &mut |corpus, sample| {
        count(corpus, &sample, catalogue, &mut rows, &mut hits);
    })?;
    out.parsed = parsed;
    out.hits = hits;
    out.rows = rows
        .into_values()
        .map(|row| Row { upper_bound: upper_bound(row.medium + row.high, row.exposed), ..row })
        .collect();
    Ok(out)
}

fn count(
    corpus: &str,
    sample: &Sample,
    catalogue: &KvmCatalogue,
    rows: &mut BTreeMap<(String, usize), Row>,
    hits: &mut Vec<Hit>,
) {
    let evaluation = evaluate_kvm(&sample.facts, catalogue);
    let gravest = |rule: &str| {
        evaluation
            .findings
            .iter()
            .filter(|draft| {
                rule == "any"
                    || draft.rule == rule
                    || draft.evidence.iter().any(|e| e.rule.is_some_and(|id| id.as_str() == rule))
            })
            .filter_map(|draft| draft.severity)
            .max()
    };
    for (index, (rule, sources)) in RULES.iter().enumerate() {
        if !sources.iter().any(|source| holds(&sample.facts, *source)) {
            continue;
        }
        let row = rows.entry((corpus.to_owned(), index)).or_insert_with(|| Row {
            corpus: corpus.to_owned(),
            rule: (*rule).to_owned(),
            ..Row::default()
        });
        let severity = gravest(rule);
        if sample.label.is_some() {
            row.labelled += 1;
            row.labelled_hits += u64::from(severity.is_some());
            continue;
        }
        row.exposed += 1;
        match severity {
            Some(Severity::High | Severity::Critical) => row.high += 1,
            Some(Severity::Medium) => row.medium += 1,
            Some(Severity::Low) => row.low += 1,
            Some(Severity::Informational) | None => {}
        }
    }
    let top = evaluation.findings.iter().max_by_key(|draft| draft.severity);
    if let Some((draft, severity)) = top.and_then(|draft| Some((draft, draft.severity?)))
        && severity >= Severity::Medium
    {
        hits.push(Hit {
            corpus: corpus.to_owned(),
            case: sample.name.clone(),
            label: sample.label.clone(),
            severity,
            title: bearing_protocol::text::printable(&draft.title, 200),
        });
    }
}

fn holds(facts: &Facts, source: Source) -> bool {
    match source {
        Source::Usb => !facts.usb.is_empty(),
        Source::Hid => facts.hid.iter().any(|hid| !hid.report_descriptor.is_empty()),
        Source::Displays => facts.displays.iter().any(|display| !display.edid.is_empty()),
        _ => false,
    }
}

/// As a table.
impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<22} {:<6} {:>8} {:>5} {:>7} {:>5} {:>16} {:>14}",
            "corpus", "rule", "exposed", "low", "medium", "high", "95 % upper bound", "labelled, hit"
        )?;
        for row in &self.rows {
            writeln!(
                f,
                "{:<22} {:<6} {:>8} {:>5} {:>7} {:>5} {:>15.4}% {:>8}, {:>4}",
                row.corpus,
                row.rule,
                row.exposed,
                row.low,
                row.medium,
                row.high,
                row.upper_bound * 100.0,
                row.labelled,
                row.labelled_hits
            )?;
        }
        for parsed in &self.parsed {
            writeln!(
                f,
                "{}: {} read whole, {} with a named fault, {} refused, {} not in the capture",
                parsed.what, parsed.whole, parsed.with_fault, parsed.refused, parsed.absent
            )?;
            for (fault, count) in &parsed.faults {
                writeln!(f, "    {count:>6}  {fault}")?;
            }
        }
        Ok(())
    }
}
