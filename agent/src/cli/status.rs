use std::process::ExitCode;

use bearing_protocol::clock::Clock;

use super::{Failure, output, trip};
use crate::{
    report::{Page, Style},
    service::{Notice, NoticeBoard, Record},
    state::StateDirectory,
};

/// `status`: the same whether or not anybody looks into a case. Who may not read the state reads the local notice.
pub(super) fn status(
    state: &StateDirectory,
    board: &NoticeBoard,
    clock: &dyn Clock,
) -> Result<ExitCode, Failure> {
    let mut page = output::page();
    let notice = match Notice::collect(state, clock.now()) {
        Err(error) if error.is_denied() => match board.notice()? {
            None => {
                return Err(Failure::new(
                    "the agent's state is not yours to read, and the service has hung no notice: it may not run",
                ));
            }
            notice => notice,
        },
        answer => answer?,
    };
    match notice {
        Some(notice) => render(&mut page, &notice),
        None => {
            page.paragraph("", "This machine is not enrolled: nothing leaves it.");
            page.paragraph("", "What would be read and sent: bearing-agent facts");
        }
    }
    output::print(&page.finish())?;
    Ok(ExitCode::SUCCESS)
}

fn render(page: &mut Page, notice: &Notice) {
    line(page, "Enrolled at", &format!("{} on {:.0}", notice.server_url, notice.enrolled_at));
    line(page, "Device", &notice.device_id);
    let origin = if notice.policy_is_signed { "signed" } else { "built in; no signed policy came yet" };
    line(page, "Policy", &format!("{} ({origin})", notice.policy));
    for problem in &notice.policy_problems {
        line(page, "", &format!("problem: {problem}"));
    }
    service(page, &notice.record);
    if notice.lost_messages > 0 {
        line(page, "", &format!("{} messages were dropped; a report says so", notice.lost_messages));
    }
    if let Some(last) = &notice.last_report {
        let (read, all) = last.sources;
        let text = format!(
            "{:.0}: {} findings; {read} of {all} sources read in full; {} inventory items",
            last.evaluated_at, last.findings, last.inventory,
        );
        line(page, "Last report", &text);
        line(page, "", "in full: bearing-agent show");
    }
    collected(page, notice);
    if let Some(trouble) = notice.record.trouble() {
        page.gap();
        let style = if trouble.ends_sending { Style::Alarm } else { Style::Warning };
        let what = if trouble.ends_sending { "Nothing is sent any more" } else { "Messages do not arrive" };
        page.styled_paragraph(style, "", &format!("{what} since {:.0}: {}", trouble.since, trouble.text));
        page.paragraph("", "What is wrong and how to mend it: bearing-agent doctor");
    }
}

/// What was asked for beyond the usual, trips, and the place verdict where policy shows it.
fn collected(page: &mut Page, notice: &Notice) {
    for asked in &notice.opted_into {
        line(page, "Asked for", &format!("also {asked}"));
    }
    if !notice.trips.is_empty() {
        line(page, "Trips", &format!("{} announced on this machine", notice.trips.len()));
        trip::list(page, &notice.trips);
    }
    match (&notice.record.place, notice.shows_place) {
        (Some(place), true) => {
            line(page, "Place", &format!("{} at {:.0}", place.verdict.replace('_', " "), place.at));
            place.why.iter().for_each(|why| line(page, "", why));
        }
        (None, true) => line(page, "Place", "policy shows the verdict to everybody; none came yet"),
        (_, false) => line(page, "Place", "policy does not show the server's verdict here"),
    }
}

fn service(page: &mut Page, record: &Record) {
    let service = match (record.started_at, record.stopped_at) {
        (None, _) => "never ran".to_owned(),
        (Some(started), None) => format!("running since {started:.0}"),
        (Some(_), Some(stopped)) => format!("stopped at {stopped:.0}"),
    };
    line(page, "Service", &service);
    let sent = record.last_sent_at.map_or_else(
        || "nothing was sent yet".to_owned(),
        |at| format!("message {} at {at:.0}", record.last_sequence),
    );
    line(page, "Last sent", &sent);
    line(
        page,
        "Waiting",
        &format!("{} messages, {} KiB", record.waiting, record.spool_bytes.div_ceil(1_024)),
    );
    if let Some(skew) = record.clock_skew_s.filter(|skew| skew.abs() > SKEW_SHOWN_S) {
        line(page, "Clock", &format!("{skew} seconds behind the server's (negative: ahead)"));
    }
    if let Some(at) = record.next_evaluation_at {
        line(page, "Next look", &format!("{at:.0} at the latest, and when a device changes"));
    }
}

fn line(page: &mut Page, name: &str, text: &str) {
    page.paragraph(&format!("{name:12}"), text);
}

/// A clock that differs by less is not worth a line.
const SKEW_SHOWN_S: i64 = 2;
