use std::process::ExitCode;

use bearing_protocol::clock::Clock;

use super::{Failure, output};
use crate::{
    chain::Chain,
    policy_store::PolicyStore,
    report::{Page, Style},
    service::{LastReport, Record},
    state::{Enrolment, StateDirectory},
};

/// `status`: the same whether or not anybody looks into a case.
pub(super) fn status(state: &StateDirectory, clock: &dyn Clock) -> Result<ExitCode, Failure> {
    let mut page = output::page();
    let Some(enrolment) = Enrolment::load(state)? else {
        page.paragraph("", "This machine is not enrolled: nothing leaves it.");
        page.paragraph("", "What would be read and sent: bearing-agent facts");
        output::print(&page.finish())?;
        return Ok(ExitCode::SUCCESS);
    };
    let record = Record::load(state);
    let chain = Chain::load(state)?;
    line(&mut page, "Enrolled at", &format!("{} on {:.0}", enrolment.server_url, enrolment.enrolled_at));
    line(&mut page, "Device", enrolment.device_id.as_str());
    let policies = PolicyStore::open(state, enrolment.policy_key_set(), enrolment.employee_keys.clone());
    let policy = policies.in_force();
    let origin = if policies.envelope().is_some() { "signed" } else { "built in; no signed policy came yet" };
    line(&mut page, "Policy", &format!("{} version {} ({origin})", policy.name(), policy.version()));
    for problem in policies.problems(clock.now()) {
        line(&mut page, "", &format!("problem: {problem}"));
    }
    let service = match (record.started_at, record.stopped_at) {
        (None, _) => "never ran".to_owned(),
        (Some(started), None) => format!("running since {started:.0}"),
        (Some(_), Some(stopped)) => format!("stopped at {stopped:.0}"),
    };
    line(&mut page, "Service", &service);
    let sent = record.last_sent_at.map_or_else(
        || "nothing was sent yet".to_owned(),
        |at| format!("message {} at {at:.0}", record.last_sequence),
    );
    line(&mut page, "Last sent", &sent);
    let waiting = format!("{} messages, {} KiB", record.waiting, record.spool_bytes.div_ceil(1_024));
    line(&mut page, "Waiting", &waiting);
    if chain.lost_messages() > 0 {
        line(
            &mut page,
            "",
            &format!("{} messages were dropped; the next report says so", chain.lost_messages()),
        );
    }
    if let Some(skew) = record.clock_skew_s.filter(|skew| skew.abs() > SKEW_SHOWN_S) {
        line(&mut page, "Clock", &format!("{skew} seconds behind the server's (negative: ahead)"));
    }
    if let Some(at) = record.next_evaluation_at {
        line(&mut page, "Next look", &format!("{at:.0} at the latest, and when a device changes"));
    }
    if let Some(last) = LastReport::load(state)? {
        let report = &last.report;
        let read =
            report.coverage.iter().filter(|l| l.status == bearing_protocol::coverage::Status::Ok).count();
        let text = format!(
            "{:.0}: {} findings; {read} of {} sources read in full; {} inventory items",
            report.evaluated_at,
            report.findings.len(),
            report.coverage.len(),
            last.inventory.len(),
        );
        line(&mut page, "Last report", &text);
        line(&mut page, "", "in full: bearing-agent show");
    }
    if let Some(trouble) = record.trouble() {
        page.gap();
        let style = if trouble.ends_sending { Style::Alarm } else { Style::Warning };
        let what = if trouble.ends_sending { "Nothing is sent any more" } else { "Messages do not arrive" };
        page.styled_paragraph(style, "", &format!("{what} since {:.0}: {}", trouble.since, trouble.text));
        page.paragraph("", "What is wrong and how to mend it: bearing-agent doctor");
    }
    output::print(&page.finish())?;
    Ok(ExitCode::SUCCESS)
}

fn line(page: &mut Page, name: &str, text: &str) {
    page.paragraph(&format!("{name:12}"), text);
}

/// A clock that differs by less is not worth a line.
const SKEW_SHOWN_S: i64 = 2;
