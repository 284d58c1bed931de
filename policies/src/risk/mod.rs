//! The evidence score and the verdict, each with its arithmetic.
//!
//! Always: a verdict names work for people, never who somebody is; context (new hire, contractor, privileged)
//! orders a queue and is no input here; every number is in the arithmetic.

mod scoring;
mod story;

pub use scoring::{RiskInput, RiskResult, RiskStatus, Scoring, Verdict, score};
pub use story::{HostResult, StoriesInput, StoriesResult, Story, StoryError, StoryResult, evaluate_stories};
