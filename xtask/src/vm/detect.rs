//! The gadget test: a PiKVM with its default identity is plugged in, and the agent inside names it.
//!
//! One boot: the same agent looks before, with the gadget, and after it was unplugged, so that a
//! finding which was there all along cannot pass for a detection.

use super::plan::{Outputs, Step};
use super::{device, image, kernel, qemu};
use crate::ci;
use crate::run;
use anyhow::{Context, bail};
use serde::Deserialize;

const AGENT: &str = "/bin/bearing-agent";
/// Exit codes of `evaluate`: nothing grave, something grave.
const NOTHING_GRAVE: i32 = 0;
const SOMETHING_GRAVE: i32 = 1;

#[derive(Deserialize)]
struct Report {
    outcomes: Vec<RuleOutcome>,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct RuleOutcome {
    rule: String,
    outcome: String,
}

#[derive(Deserialize)]
struct Finding {
    rule: String,
    title: String,
}

/// Builds the agent, boots once, and checks what the agent said.
///
/// # Errors
/// When the machine does not boot, or the agent says anything else than it should.
pub(crate) fn main() -> anyhow::Result<()> {
    run::run(ci::cargo().args(["build", "--quiet", "--locked", "-p", "bearing-agent"]))?;
    let agent = crate::place::target().join("debug/bearing-agent");
    let kernel = kernel::fetch()?;
    let look = |name: &str| Step::Run {
        name: name.to_owned(),
        argv: [AGENT, "evaluate", "--format", "json"].map(str::to_owned).to_vec(),
    };
    let steps = vec![
        Step::Display("desk-monitor.bin".to_owned()),
        look("before"),
        Step::Plug(device("dell-keyboard")?),
        look("honest"),
        Step::Unplug,
        Step::Plug(device("pikvm-default")?),
        look("plugged"),
        Step::Unplug,
        look("after"),
    ];
    let image = image(&kernel, steps, &[(agent.as_path(), AGENT.trim_start_matches('/'))])?;
    let outputs = qemu::boot(&kernel.image, &image, None, &mut |_, _, _| Ok(()))?;
    for quiet in ["before", "honest", "after"] {
        for rule in ["KV-01", "KV-03", "KV-05"] {
            expect(&outputs, quiet, rule, "pass", NOTHING_GRAVE)?;
        }
    }
    for rule in ["KV-01", "KV-03"] {
        expect(&outputs, "plugged", rule, "fail", SOMETHING_GRAVE)?;
    }
    println!("the agent in the machine reported the PiKVM, and neither before, nor after, nor a keyboard");
    Ok(())
}

fn expect(outputs: &Outputs, name: &str, rule: &str, outcome: &str, code: i32) -> anyhow::Result<()> {
    let ran = outputs.get(name).with_context(|| format!("the agent did not run `{name}`"))?;
    let report: Report = serde_json::from_slice(&ran.stdout)
        .with_context(|| format!("`{name}`: the agent printed no report\n{}", ran.stderr))?;
    let found = report
        .outcomes
        .iter()
        .find(|entry| entry.rule == rule)
        .map_or("none", |entry| entry.outcome.as_str());
    if found != outcome || ran.code != Some(code) {
        let findings: Vec<String> =
            report.findings.iter().map(|finding| format!("{} {}", finding.rule, finding.title)).collect();
        bail!(
            "`{name}`: {rule} is `{found}` and should be `{outcome}`; exit code {:?}, should be {code}\nfindings: {findings:?}\n{}",
            ran.code,
            ran.stderr
        );
    }
    Ok(())
}
