use std::{io, process::ExitCode};

use bearing_protocol::clock::Clock;
use clap::Args;

use super::{Failure, output};
use crate::{
    report::Page,
    service::NoticeBoard,
    state::{Enrolment, StateDirectory},
    trips::{Announcer, Answer, Draft, KeptDrafts, Request, SOCKET_FILE, Shown, TripBook},
};

/// `trip`: a person's own declaration. Everybody may announce one and nobody must.
#[derive(Debug, Args)]
pub(super) struct Trip {
    /// Countries, two letters each, separated by commas (`PT,ES`)
    #[arg(long, value_name = "COUNTRIES", requires_all = ["from", "until"], required_unless_present_any = ["list", "withdraw"])]
    to: Option<String>,
    /// First day (`2026-12-01`)
    #[arg(long, value_name = "DAY", requires = "to")]
    from: Option<String>,
    /// Last day
    #[arg(long, value_name = "DAY", requires = "to")]
    until: Option<String>,
    /// Show what was announced on this machine, and what became of it
    #[arg(long, conflicts_with_all = ["to", "withdraw"])]
    list: bool,
    /// Withdraw the trip of this id
    #[arg(long, value_name = "ID", conflicts_with = "to")]
    withdraw: Option<String>,
}

impl Trip {
    pub(super) fn run(
        &self,
        state: &StateDirectory,
        board: &NoticeBoard,
        clock: &dyn Clock,
    ) -> Result<ExitCode, Failure> {
        let draft = match (&self.to, &self.from, &self.until) {
            (Some(to), Some(from), Some(until)) => {
                let draft = Draft::parse(to, from, until)?;
                draft.check(clock.now())?;
                Some(draft)
            }
            _ => None,
        };
        if let Ok(None) = Enrolment::load(state)
            && may_look_into(state)
        {
            return Err(Failure::new(
                "this machine is not enrolled: there is nobody to announce a trip to (`bearing-agent enroll`)",
            ));
        }
        let request = match (draft, &self.withdraw) {
            (Some(draft), _) => Request::Announce(draft),
            (None, Some(id)) => Request::Withdraw(id.clone()),
            (None, None) => Request::List,
        };
        let kept = KeptDrafts::of_this_person(|name| std::env::var(name).ok());
        match ask(board, &request) {
            Ok(answer) => {
                hand_over(board, kept.as_ref())?;
                say(&answer)
            }
            Err(error) => match (request, kept) {
                (Request::Announce(draft), _) if own_state(state) => {
                    say(&keep_in_state(state, &draft, clock)?)?;
                    print_line("The service does not run: the trip goes out once it does.")
                }
                (Request::Announce(draft), Some(kept)) => keep_with_person(&kept, draft),
                (Request::List, _) if own_state(state) => say(&Answer::Trips(TripBook::open(state).list())),
                (Request::List, kept) => {
                    let drafts = kept.map(|kept| kept.load()).unwrap_or_default();
                    if drafts.is_empty() {
                        return Err(unreachable(&error));
                    }
                    print_line(&format!("{NOT_RUNNING} Kept with your own files until it does:"))?;
                    drafts.iter().try_for_each(|draft| print_line(&in_words(draft)).map(|_| ()))?;
                    Ok(ExitCode::SUCCESS)
                }
                _ => Err(unreachable(&error)),
            },
        }
    }
}

#[cfg(unix)]
fn ask(board: &NoticeBoard, request: &Request) -> io::Result<Answer> {
    crate::trips::ask(&board.path().join(SOCKET_FILE), request)
}

#[cfg(not(unix))]
fn ask(_board: &NoticeBoard, _request: &Request) -> io::Result<Answer> {
    let _ = SOCKET_FILE;
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// Gives the service what was announced while it did not run. What it refuses meanwhile (a day that has passed) is said
/// and let go.
fn hand_over(board: &NoticeBoard, kept: Option<&KeptDrafts>) -> Result<(), Failure> {
    let Some(kept) = kept else { return Ok(()) };
    let drafts = kept.load();
    if drafts.is_empty() {
        return Ok(());
    }
    let mut left = Vec::new();
    for draft in drafts {
        match ask(board, &Request::Announce(draft.clone())) {
            Ok(Answer::Announced(id)) => {
                print_line(&format!("Announced now: {} (id {id})", in_words(&draft)))?;
            }
            Ok(Answer::Refused(reason)) => {
                print_line(&format!("Not announced any more: {}: {reason}", in_words(&draft)))?;
            }
            _ => left.push(draft),
        }
    }
    Ok(kept.keep(&left)?)
}

fn keep_with_person(kept: &KeptDrafts, draft: Draft) -> Result<ExitCode, Failure> {
    let mut drafts = kept.load();
    if !drafts.contains(&draft) {
        drafts.push(draft);
    }
    kept.keep(&drafts)?;
    print_line(&format!(
        "{NOT_RUNNING} The trip is kept in {} and is announced by the next `bearing-agent trip` that finds the service.",
        kept.path().display()
    ))
}

/// Whether the state directory is this account's to write.
fn own_state(state: &StateDirectory) -> bool {
    matches!(Enrolment::load(state), Ok(Some(_)))
}

/// Whether that there is no enrolment can be told from that nobody may see it.
fn may_look_into(state: &StateDirectory) -> bool {
    std::fs::read_dir(state.path()).map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |_| true)
}

fn keep_in_state(state: &StateDirectory, draft: &Draft, clock: &dyn Clock) -> Result<Answer, Failure> {
    let _lock = state.lock()?;
    let id = TripBook::open(state).announce(draft, Announcer { uid: 0 }, clock.now())?;
    Ok(Answer::Announced(id))
}

fn unreachable(error: &io::Error) -> Failure {
    Failure::new(format!("{NOT_RUNNING} ({error})"))
}

fn say(answer: &Answer) -> Result<ExitCode, Failure> {
    let mut page = output::page();
    match answer {
        Answer::Announced(id) => {
            page.paragraph("", &format!("Announced. Its id is {id}."));
            page.paragraph("", "Whether an announced trip counts, or somebody approves it first, is the organisation's policy; it is shown beside every place verdict. Take it back with:");
            page.paragraph("  ", &format!("bearing-agent trip --withdraw {id}"));
        }
        Answer::Withdrawn => page.paragraph("", "Withdrawn. The server is told with the next message."),
        Answer::Trips(trips) if trips.is_empty() => {
            page.paragraph("", "No trip is announced on this machine.");
        }
        Answer::Trips(trips) => list(&mut page, trips),
        Answer::Refused(reason) => return Err(Failure::new(reason.clone())),
    }
    output::print(&page.finish())?;
    Ok(ExitCode::SUCCESS)
}

/// A line for each trip.
pub(super) fn list(page: &mut Page, trips: &[Shown]) {
    for shown in trips {
        page.paragraph(
            &format!("{}  ", shown.id),
            &format!("{}: {}", in_words(&shown.trip), shown.state.describe()),
        );
    }
}

fn in_words(draft: &Draft) -> String {
    format!("{} from {} until {}", draft.countries.join(", "), draft.from, draft.until)
}

fn print_line(text: &str) -> Result<ExitCode, Failure> {
    let mut page = output::page();
    page.paragraph("", text);
    output::print(&page.finish())?;
    Ok(ExitCode::SUCCESS)
}

const NOT_RUNNING: &str = "The agent's service does not run, or this machine is not enrolled.";
