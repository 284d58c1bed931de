//! Whether a report was made by a program of a release (AT-04).

use bearing_protocol::{coverage::Source, finding::Finding, severity::Confidence};
use tracing::error;

use super::{
    open::Stored,
    wording::{PROGRAM, evidence},
};
use crate::{app::App, release::Standing};

/// The finding, where lists were loaded and the program is on none of them.
pub(super) fn finding(app: &App, stored: &Stored) -> Option<Finding> {
    let digest = stored.report.agent_digest;
    match app.releases.standing(digest.as_ref()) {
        Ok(Standing::Unknown) if !stored.device.simulated => {}
        Ok(_) => return None,
        Err(problem) => {
            error!("agents' programs are not judged: {problem}");
            return None;
        }
    }
    // A program that could not read its own file says nothing; an altered one may say what it likes.
    let (value, confidence) = match digest {
        Some(digest) => (digest.to_string(), Confidence::High),
        None => ("not told".to_owned(), Confidence::Medium),
    };
    let why = "The SHA-256 of its own file that the agent tells is on no list that was loaded.";
    PROGRAM.finding(
        "program",
        confidence,
        "The report was made by a program that is of no known release".to_owned(),
        "program:agent",
        vec![evidence(Source::Policy, "agent", "program", value, why)],
    )
}
