use bearing_protocol::{Timestamp, clock::FixedClock, fact::Boot};

use super::*;
use crate::{gaps::Gaps, gaps::Why, reading::Reading};

fn clock() -> FixedClock {
    FixedClock::new(Timestamp::from_second(1_800_000_000).unwrap())
}

fn status(facts: &Facts, source: Source) -> (Status, String) {
    let lines: Vec<_> = facts.coverage.iter().filter(|line| line.source == source).collect();
    assert_eq!(lines.len(), 1, "{source}");
    (lines[0].status, lines[0].detail.clone())
}

/// Boot hangs until its collection is dropped, the machine panics, users are partial, the rest is denied.
fn troubled(source: Source, context: &Context) -> Answer {
    match source {
        Source::Os => answer(Ok(Reading::new("host".to_owned(), "one name")), |facts, hostname: String| {
            facts.hostname = hostname;
        }),
        Source::Boot => {
            let (never, wait) = std::sync::mpsc::channel::<()>();
            let _ = wait.recv_timeout(Duration::from_secs(3600));
            drop(never);
            answer(Ok(Reading::new(Boot::default(), "")), |facts, boot| facts.boot = boot)
        }
        Source::Machine => panic!("out of \u{1b}[31m cheese"),
        Source::Users => {
            assert_eq!(context.earlier.hostname, "host", "what was read before is there");
            let mut gaps = Gaps::default();
            gaps.add("accounts", Why::Malformed);
            answer(Ok(Reading::with_gaps(Vec::new(), "3 accounts", gaps)), |facts, users| facts.users = users)
        }
        _ => answer(Err::<Reading<()>, _>(Unread::Denied("no".to_owned())), |_, ()| {}),
    }
}

#[test]
fn a_hung_and_a_broken_source_are_coverage_and_later_ones_still_run() {
    let everything = Collection::everything(Plan::default());
    let short = |source| match source {
        Source::Boot => Duration::from_millis(20),
        _ => Duration::from_secs(60),
    };
    let facts = collect_with(&Root::live(), &everything, &Memory::default(), &clock(), short, troubled);
    assert_eq!(status(&facts, Source::Os), (Status::Ok, "one name".to_owned()));
    assert_eq!(status(&facts, Source::Boot), (Status::Error, "deadline of 0.02 s passed".to_owned()));
    let broken = "the collector broke: out of \\u{1b}[31m cheese".to_owned();
    assert_eq!(status(&facts, Source::Machine), (Status::Error, broken));
    assert_eq!(
        status(&facts, Source::Users),
        (Status::Partial, "3 accounts; 1 accounts: malformed".to_owned())
    );
    assert_eq!(status(&facts, Source::Usb), (Status::Denied, "no".to_owned()));
    assert_eq!(facts.coverage.len(), ORDER.len());
    assert_eq!(facts.hostname, "host");
    assert_eq!(facts.collected_at, clock().now());
}

#[test]
#[cfg(target_os = "linux")]
fn a_collector_has_no_network() {
    let only = Collection { sources: BTreeSet::from([Source::Usb]), plan: Plan::default() };
    let facts = collect_with(&Root::live(), &only, &Memory::default(), &clock(), deadline, |_, _| {
        let bound = std::net::UdpSocket::bind("127.0.0.1:0").map_err(|error| error.kind());
        answer(Err::<Reading<()>, _>(Unread::Failed(format!("{bound:?}"))), |_, ()| {})
    });
    assert_eq!(status(&facts, Source::Usb), (Status::Error, "Err(PermissionDenied)".to_owned()));
}

#[test]
fn what_policy_switches_off_is_not_read() {
    let none = Collection { sources: BTreeSet::new(), plan: Plan::default() };
    let never = |_: Source, _: &Context| -> Answer { panic!("read all the same") };
    let facts = collect_with(&Root::live(), &none, &Memory::default(), &clock(), deadline, never);
    assert_eq!(status(&facts, Source::Processes), (Status::Denied, SWITCHED_OFF.to_owned()));
}

#[test]
fn every_source_of_the_machine_is_read() {
    for source in Source::ALL {
        let own = matches!(source, Source::Policy | Source::Spool);
        assert_eq!(ORDER.contains(source), !own, "{source}");
    }
}

#[test]
fn an_empty_copy_of_a_machine_gives_one_line_for_each_source() {
    let empty = tempfile::tempdir().unwrap();
    let root = Root::sysroot(empty.path()).unwrap();
    let facts = collect(&root, &Collection::everything(Plan::default()), &clock());
    assert_eq!(facts.coverage.len(), ORDER.len());
    for line in &facts.coverage {
        assert!(!line.detail.is_empty(), "{}", line.source);
        assert!(!line.detail.contains("broke"), "{}: {}", line.source, line.detail);
    }
}
