//! `evaluate risk`: stories with findings per class of hosts → score and verdict per class.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{rule::RuleId, severity::Severity};
use serde::{Deserialize, Serialize};

use super::{RiskInput, RiskStatus, Verdict, score};

/// A file of stories. Fields that are for people (titles, set-ups, routes) are ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct StoriesInput {
    /// The stories.
    pub stories: Vec<Story>,
}

/// One story.
#[derive(Clone, Debug, Deserialize)]
pub struct Story {
    /// Its id.
    pub id: String,
    /// Classes of hosts, described.
    #[serde(default)]
    pub hosts: BTreeMap<String, serde_json::Value>,
    /// Findings.
    pub expected: Vec<StoryFinding>,
    /// Classes that have a verdict; where absent, those of `hosts`, or those that findings name.
    #[serde(default)]
    pub verdict: BTreeMap<String, serde_json::Value>,
}

/// One finding of a story.
#[derive(Clone, Debug, Deserialize)]
pub struct StoryFinding {
    /// Rule id.
    pub signal: RuleId,
    /// Severity.
    pub severity: Severity,
    /// `all`, a class letter, or `A:4` (four hosts of class A: the class's score ignores it).
    #[serde(default = "all_hosts")]
    pub hosts: String,
    /// Status.
    #[serde(default = "open")]
    pub status: RiskStatus,
}

fn all_hosts() -> String {
    "all".to_owned()
}

const fn open() -> RiskStatus {
    RiskStatus::Open
}

/// Stories that cannot be evaluated.
#[derive(Debug, thiserror::Error)]
#[error("stories: {0}")]
pub struct StoryError(#[from] serde_json::Error);

/// Results of a file.
#[derive(Clone, Debug, Serialize)]
pub struct StoriesResult {
    /// One per story, in order.
    pub results: Vec<StoryResult>,
}

/// Result of one story.
#[derive(Clone, Debug, Serialize)]
pub struct StoryResult {
    /// Its id.
    pub id: String,
    /// One per class.
    pub hosts: BTreeMap<String, HostResult>,
}

/// Result of one class of hosts.
#[derive(Clone, Debug, Serialize)]
pub struct HostResult {
    /// Remote-operation evidence; `null` where the verdict has no score.
    pub evidence: Option<f64>,
    /// Verdict.
    pub verdict: Verdict,
    /// Posture points, never mixed with the evidence.
    pub posture: f64,
    /// The arithmetic.
    pub arithmetic: Vec<String>,
}

/// Evaluates stories: `{"stories":[…]}`, a list of stories, or one story.
pub fn evaluate_stories(input: &serde_json::Value) -> Result<StoriesResult, StoryError> {
    let stories: Vec<Story> = if input.get("stories").is_some() {
        StoriesInput::deserialize(input)?.stories
    } else if input.is_array() {
        Vec::deserialize(input)?
    } else {
        vec![Story::deserialize(input)?]
    };
    Ok(StoriesResult { results: stories.iter().map(evaluate_story).collect() })
}

fn evaluate_story(story: &Story) -> StoryResult {
    let hosts = classes(story)
        .into_iter()
        .map(|class| {
            let findings: Vec<_> = story
                .expected
                .iter()
                .filter(|f| f.hosts == "all" || f.hosts.split(',').any(|h| h.trim() == class))
                .map(|f| RiskInput { rule: f.signal, severity: f.severity, status: f.status })
                .collect();
            let result = score(&findings);
            let host = HostResult {
                evidence: result.evidence,
                verdict: result.verdict,
                posture: result.posture,
                arithmetic: result.arithmetic,
            };
            (class, host)
        })
        .collect();
    StoryResult { id: story.id.clone(), hosts }
}

fn classes(story: &Story) -> BTreeSet<String> {
    if !story.verdict.is_empty() {
        return story.verdict.keys().cloned().collect();
    }
    if !story.hosts.is_empty() {
        return story.hosts.keys().cloned().collect();
    }
    let named: BTreeSet<_> = story
        .expected
        .iter()
        .filter(|f| f.hosts != "all")
        .flat_map(|f| f.hosts.split(',').map(|h| h.split(':').next().unwrap_or(h).trim().to_owned()))
        .collect();
    if named.is_empty() { BTreeSet::from(["A".to_owned()]) } else { named }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORIES: &str = include_str!("../../cases/risk/stories.json");

    #[test]
    fn every_story_reaches_its_verdict() {
        let input: serde_json::Value = serde_json::from_str(STORIES).unwrap();
        let expected = StoriesInput::deserialize(&input).unwrap().stories;
        let results = evaluate_stories(&input).unwrap().results;
        assert_eq!(results.len(), 13);
        for (story, result) in expected.iter().zip(&results) {
            for (class, verdict) in &story.verdict {
                let host = &result.hosts[class];
                assert_eq!(host.verdict.as_str(), verdict.as_str().unwrap(), "{} {class} {host:?}", story.id);
            }
        }
    }

    #[test]
    fn the_farm_story_shows_its_sum() {
        let input: serde_json::Value = serde_json::from_str(STORIES).unwrap();
        let results = evaluate_stories(&input).unwrap().results;
        let host = &results[0].hosts["A"];
        assert_eq!(host.evidence, Some(52.0));
        assert!(host.arithmetic.iter().any(|line| line.contains("capped at 25")), "{:?}", host.arithmetic);
    }

    #[test]
    fn a_signal_that_is_no_rule_is_named() {
        let input = serde_json::json!({"id": "X", "expected": [{"signal": "ZZ-01", "severity": "high"}]});
        let error = evaluate_stories(&input).unwrap_err().to_string();
        assert!(error.contains("not a rule id"), "{error}");
    }
}
