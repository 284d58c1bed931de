//! How to disprove a case: the disproof texts of its findings, one step per device and text.

use bearing_protocol::{digest::Digest, id::DeviceId, text::printable};
use bearing_store::{CaseCheck, FindingRow};

use super::counts;

/// Longest text of a step, in characters.
const MAX_STEP_CHARS: usize = 2_000;

/// One step, and its answer where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Names it: the digest of device and text.
    pub key: String,
    /// On which device.
    pub device: DeviceId,
    /// What to look at.
    pub text: String,
    /// The rules whose findings it would disprove.
    pub rules: Vec<String>,
    /// The answer.
    pub answer: Option<CaseCheck>,
}

fn key(device: &DeviceId, text: &str) -> String {
    let digest = Digest::of(format!("{device}\n{text}").as_bytes());
    hex::encode(digest.as_bytes().get(..16).unwrap_or_default())
}

fn text_of(row: &FindingRow) -> String {
    let text = row.finding.disproof.trim();
    if text.is_empty() || text == "withheld" {
        format!("{}: nothing is written down for it. Say how it was tried.", row.finding.rule)
    } else {
        printable(text, MAX_STEP_CHARS)
    }
}

/// The steps of findings that count as evidence, in the order of the findings.
pub fn steps(findings: &[FindingRow], answers: &[CaseCheck]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for row in findings.iter().filter(|row| counts(row)) {
        let text = text_of(row);
        let key = key(&row.device, &text);
        let rule = row.finding.rule.to_string();
        if let Some(step) = steps.iter_mut().find(|step| step.key == key) {
            if !step.rules.contains(&rule) {
                step.rules.push(rule);
            }
            continue;
        }
        let answer = answers.iter().find(|answer| answer.key == key).cloned();
        steps.push(Step { key, device: row.device.clone(), text, rules: vec![rule], answer });
    }
    steps
}

/// Whether there is something to disprove and every step was answered.
pub fn is_answered(steps: &[Step]) -> bool {
    !steps.is_empty() && steps.iter().all(|step| step.answer.is_some())
}
