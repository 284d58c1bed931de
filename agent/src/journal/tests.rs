use std::fs;

use bearing_protocol::{
    coverage::{Coverage, Source, Status},
    fact::{DeviceAction, Display, Facts, HidBus, HidDevice, UsbDevice},
};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// A machine on which USB, HID and displays could be read.
fn machine() -> Facts {
    let read = [Source::Usb, Source::Hid, Source::Displays];
    let line = |source| Coverage { source, status: Status::Ok, detail: String::new() };
    Facts { coverage: read.into_iter().map(line).collect(), ..Facts::default() }
}

fn with_kvm(product: &str) -> Facts {
    let mut facts = machine();
    facts.usb.push(UsbDevice {
        path: "1-1".into(),
        vendor_id: 0x1d6b,
        product_id: 0x0104,
        product: Some(product.into()),
        descriptors: vec![18, 1, 0, 2],
        provenance: Some("present".into()),
        ..UsbDevice::default()
    });
    facts
}

fn with_hid(mut facts: Facts, instance: &str) -> Facts {
    facts.hid.push(HidDevice {
        path: format!("0003:1D6B:0104.{instance}"),
        bus: HidBus::Usb,
        usb_path: Some("1-1".into()),
        usb_interface: Some(0),
        report_descriptor: vec![5, 1, 9, 6],
        ..HidDevice::default()
    });
    facts
}

struct Desk {
    _temporary: tempfile::TempDir,
    state: StateDirectory,
}

impl Desk {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let state = StateDirectory::new(temporary.path().join("state"));
        state.create().unwrap();
        Self { _temporary: temporary, state }
    }

    fn open(&self, second: i64) -> Journal {
        Journal::open(&self.state, None, at(second)).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.state.file(Journal::FILE)).unwrap_or_default()
    }

    fn lines(&self) -> Vec<Line> {
        parse(&self.bytes()).unwrap().lines.into_iter().map(|written| written.line).collect()
    }
}

fn actions(facts: &Facts) -> Vec<DeviceAction> {
    facts.device_events.iter().map(|event| event.action).collect()
}

fn recalled(journal: &Journal, mut facts: Facts, second: i64) -> Facts {
    journal.recall(&mut facts, at(second));
    facts
}

#[test]
fn a_device_that_was_there_between_two_reports_is_told_with_its_descriptors() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&machine()), at(0));
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(10));
    journal.observe(&Look::of(&with_hid(with_kvm("PiKVM"), "0001")), at(11));
    journal.observe(&Look::of(&machine()), at(610));
    let facts = recalled(&journal, machine(), 611);
    let [device] = &facts.usb[..] else { panic!("{:?}", facts.usb) };
    assert_eq!(device.path, format!("1-1@{}", at(11)));
    assert_eq!(device.provenance.as_deref(), Some("journal"));
    assert_eq!((device.first_seen, device.last_seen), (Some(at(10)), Some(at(11))));
    assert_eq!(device.descriptors, [18, 1, 0, 2]);
    assert_eq!(facts.hid[0].usb_path.as_ref(), Some(&device.path));
    assert_eq!(facts.hid[0].report_descriptor, [5, 1, 9, 6]);
    assert_eq!(actions(&facts), [DeviceAction::Attached], "within the grace nothing has gone yet");
    journal.settle(at(671));
    let facts = recalled(&journal, machine(), 672);
    assert_eq!(actions(&facts), [DeviceAction::Attached, DeviceAction::Detached]);
    assert_eq!(facts.device_events[1].at, at(610));
    assert_eq!(facts.device_events[1].what, "1d6b:0104 \"PiKVM\"");
    assert_eq!(facts.usb.len(), 1);
}

#[test]
fn what_the_system_remembers_of_the_same_device_is_not_told_beside_it() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    journal.observe(&Look::of(&machine()), at(10));
    let mut facts = with_kvm("PiKVM");
    facts.usb[0].path = "1-1@2025-01-01T00:00:00Z".into();
    facts.usb[0].provenance = Some("kernel-log".into());
    let other = UsbDevice { product_id: 7, ..facts.usb[0].clone() };
    facts.usb.push(other);
    let facts = recalled(&journal, facts, 20);
    let told: Vec<_> =
        facts.usb.iter().map(|usb| (usb.product_id, usb.provenance.as_deref().unwrap())).collect();
    assert_eq!(told, [(7, "kernel-log"), (0x0104, "journal")]);
}

#[test]
fn a_day_later_it_is_told_no_more_unless_no_report_told_it_yet() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    journal.observe(&Look::of(&machine()), at(60));
    journal.settle(at(120));
    let later = 26 * 3600;
    assert!(recalled(&desk.open(later), machine(), later).usb.is_empty());
    let silent = Journal::open(&desk.state, Some(at(-10)), at(later)).unwrap();
    assert_eq!(recalled(&silent, machine(), later).usb.len(), 1);
}

#[test]
fn coming_back_within_the_grace_is_one_story() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    let there = Look::of(&with_hid(with_kvm("PiKVM"), "0001"));
    journal.observe(&there, at(0));
    let head = journal.head();
    for round in 1..20 {
        journal.observe(&Look::of(&machine()), at(round * 30));
        // The kernel numbers it anew each time.
        let again = with_hid(with_kvm("PiKVM"), &format!("{round:04}"));
        journal.observe(&Look::of(&again), at(round * 30 + 20));
    }
    assert_eq!(journal.head(), head, "nothing was written");
    let facts = recalled(&journal, with_hid(with_kvm("PiKVM"), "0019"), 620);
    assert_eq!(facts.usb.len(), 1);
    assert_eq!(facts.usb[0].first_seen, Some(at(0)));
}

#[test]
fn coming_back_as_another_is_two_stories() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    journal.observe(&Look::of(&machine()), at(30));
    journal.observe(&Look::of(&with_kvm("Dell Keyboard")), at(40));
    journal.observe(&Look::of(&with_kvm("Logitech Receiver")), at(41));
    let facts = recalled(&journal, with_kvm("Logitech Receiver"), 50);
    let mut names: Vec<_> = facts.usb.iter().filter_map(|usb| usb.product.clone()).collect();
    names.sort();
    assert_eq!(names, ["Dell Keyboard", "Logitech Receiver", "PiKVM"]);
    use DeviceAction::{Attached, Changed, Detached};
    assert_eq!(actions(&facts), [Attached, Detached, Attached, Changed]);
}

#[test]
fn the_same_device_in_and_out_all_day_is_told_once() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    for round in 0..10 {
        journal.observe(&Look::of(&with_kvm("PiKVM")), at(round * 1000));
        journal.observe(&Look::of(&machine()), at(round * 1000 + 500));
        journal.settle(at(round * 1000 + 600));
    }
    let facts = recalled(&journal, machine(), 10_000);
    assert_eq!(facts.usb.len(), 1);
    assert_eq!(facts.usb[0].first_seen, Some(at(0)));
    assert_eq!(facts.usb[0].last_seen, Some(at(9000)));
}

#[test]
fn a_display_is_told_as_gone_and_its_kind_of_connector_still_shows() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    let mut facts = machine();
    facts.displays.push(Display {
        connector: "card0-HDMI-A-1".into(),
        connected: Some(true),
        enabled: Some(true),
        edid: vec![0, 255, 255, 255],
        ..Display::default()
    });
    journal.observe(&Look::of(&facts), at(0));
    facts.displays[0] = Display { connected: Some(false), edid: Vec::new(), ..facts.displays[0].clone() };
    journal.observe(&Look::of(&facts), at(5));
    let facts = recalled(&journal, facts, 6);
    let past = &facts.displays[1];
    assert_eq!((past.connected, past.enabled, past.edid.len()), (Some(false), Some(false), 4));
    assert_eq!(past.connector_type(), "HDMI-A");
    assert_eq!(past.provenance.as_deref(), Some("journal"));
}

#[test]
fn a_source_that_cannot_be_read_says_nothing_about_who_went() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    let mut blind = machine();
    blind.coverage[0].status = Status::Error;
    journal.observe(&Look::of(&blind), at(100));
    journal.settle(at(1000));
    assert!(recalled(&journal, blind, 1000).usb.is_empty());
    assert_eq!(desk.lines().len(), 1);
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_hid(with_kvm("PiKVM"), "0001")), at(0));
    let before = desk.bytes();
    drop(journal);
    let mut journal = desk.open(100);
    journal.observe(&Look::of(&with_hid(with_kvm("PiKVM"), "0007")), at(100));
    assert_eq!(desk.bytes(), before, "the same device is no news");
    drop(journal);
    let mut journal = desk.open(200);
    journal.observe(&Look::of(&machine()), at(200));
    journal.settle(at(300));
    let facts = recalled(&journal, machine(), 300);
    assert_eq!(facts.usb[0].last_seen, Some(at(0)), "nobody knows that it was there any longer");
}

#[test]
fn a_cut_at_any_byte_loses_at_most_the_line_being_written() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    journal.observe(&Look::of(&machine()), at(1));
    journal.settle(at(100));
    let whole = desk.bytes();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    drop(journal);
    for cut in 0..whole.len() {
        fs::write(desk.state.file(Journal::FILE), &whole[..cut]).unwrap();
        let mut journal = desk.open(200);
        assert!(journal.set_aside.is_none(), "cut at {cut}");
        let expected = if cut < first { 0 } else { 1 };
        assert_eq!(journal.file.entries().len(), expected, "cut at {cut}");
        journal.observe(&Look::of(&with_kvm("other")), at(201));
        assert!(desk.lines().len() > expected, "goes on after a cut at {cut}");
    }
}

#[test]
fn whatever_is_changed_is_noticed() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    journal.observe(&Look::of(&machine()), at(100));
    journal.settle(at(200));
    journal.vouched(journal.head(), at(201)).unwrap();
    let whole = desk.bytes();
    drop(journal);
    let path = desk.state.file(Journal::FILE);
    let anchor = fs::read(desk.state.file(Journal::ANCHOR_FILE)).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let first = text.find('\n').unwrap() + 1;
    let edits: [(&str, Vec<u8>); 5] = [
        ("a string of the first line", text.replacen("PiKVM", "Mouse", 1).into_bytes()),
        ("the last line", {
            let (head, tail) = text.split_at(first);
            format!("{head}{}", tail.replace("detached", "attached")).into_bytes()
        }),
        ("the first line is gone", whole[first..].to_vec()),
        ("the last line is gone", whole[..first].to_vec()),
        ("everything is gone", Vec::new()),
    ];
    for (what, bytes) in edits {
        fs::write(&path, &bytes).unwrap();
        fs::write(desk.state.file(Journal::ANCHOR_FILE), &anchor).unwrap();
        let journal = desk.open(300);
        // A journal may let go of its oldest lines, so a first line that is gone is none of these.
        let noticed = journal.set_aside.is_some();
        assert_eq!(noticed, what != "the first line is gone", "{what}");
        if noticed {
            let facts = recalled(&journal, machine(), 301);
            let line = facts.coverage.iter().find(|line| line.source == Source::DeviceEvents).unwrap();
            assert_eq!(line.status, Status::Error);
            assert!(line.detail.contains("broken and set aside"), "{}", line.detail);
            assert_eq!(fs::read(desk.state.file(Journal::BROKEN_FILE)).unwrap(), bytes, "kept for people");
            assert!(desk.lines()[0].begun.is_some());
        }
    }
}

#[test]
fn a_journal_that_is_taken_away_is_noticed_and_what_a_report_told_is_told_once() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    journal.vouched(journal.head(), at(1)).unwrap();
    fs::remove_file(desk.state.file(Journal::FILE)).unwrap();
    let mut journal = desk.open(2);
    assert_eq!(journal.set_aside.as_deref(), Some("lines that a report vouches for are missing at its end"));
    journal.vouched(journal.head(), at(3)).unwrap();
    let facts = recalled(&journal, machine(), 4);
    assert_eq!(facts.coverage.last().unwrap().status, Status::Ok);
    assert!(desk.open(5).set_aside.is_none());
}

#[test]
fn it_is_bounded_and_what_is_still_there_is_never_forgotten() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    let mut keyboard = machine();
    keyboard.usb.push(UsbDevice {
        path: "1-2".into(),
        product: Some("Keyboard".into()),
        ..UsbDevice::default()
    });
    journal.observe(&Look::of(&keyboard), at(0));
    // One that comes and goes for fifty days.
    for round in 0..400_i64 {
        let mut both = keyboard.clone();
        both.usb.extend(with_kvm(&format!("{round:>200}")).usb);
        journal.observe(&Look::of(&both), at(round * 10_800));
        journal.observe(&Look::of(&keyboard), at(round * 10_800 + 100));
        journal.settle(at(round * 10_800 + 200));
    }
    let lines = desk.lines();
    assert!(lines.len() <= MAX_LINES);
    let newest = lines.last().unwrap().at;
    assert!(newest.duration_since(lines[0].at).as_hours() <= (MAX_DAYS + 1) * 24);
    assert!(lines[0].number > 1 && lines[0].previous.is_some());
    drop(journal);
    let later = 400 * 10_800;
    let journal = desk.open(later);
    assert!(journal.set_aside.is_none());
    let facts = recalled(&journal, keyboard, later);
    let known = facts.usb.iter().find(|usb| usb.path == "1-2").unwrap();
    assert_eq!(known.first_seen, Some(at(0)), "its line was let go, what is known of it was not");
}

#[test]
fn a_flood_does_not_push_out_what_was_there() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    for round in 0..600 {
        journal.observe(&Look::of(&with_kvm(&round.to_string())), at(1));
    }
    let lines = desk.lines();
    assert!(lines.len() <= usize::try_from(MAX_LINES_PER_HOUR).unwrap());
    assert!(serde_json::to_string(&lines[0]).unwrap().contains("PiKVM"));
    let facts = recalled(&journal, machine(), 2);
    assert_eq!(facts.coverage.last().unwrap().status, Status::Partial);
    assert!(facts.usb.len() <= 257, "{}", facts.usb.len());
}

#[test]
fn a_full_disk_is_said_and_the_chain_holds_afterwards() {
    let desk = Desk::new();
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    let (path, aside) = (desk.state.file(Journal::FILE), desk.state.file("aside"));
    fs::rename(&path, &aside).unwrap();
    fs::create_dir(&path).unwrap();
    journal.observe(&Look::of(&with_kvm("other")), at(1));
    let facts = recalled(&journal, machine(), 2);
    assert_eq!(facts.coverage.last().unwrap().status, Status::Error);
    fs::remove_dir(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    journal.observe(&Look::of(&with_kvm("third")), at(3));
    assert_eq!(recalled(&journal, machine(), 4).coverage.last().unwrap().status, Status::Ok);
    assert!(desk.open(5).set_aside.is_none());
}

#[test]
fn looking_into_it_changes_nothing() {
    let desk = Desk::new();
    assert!(Journal::look_into(&desk.state, None, at(0)).unwrap().is_none());
    let mut journal = desk.open(0);
    journal.observe(&Look::of(&with_kvm("PiKVM")), at(0));
    let mut torn = desk.bytes();
    torn.extend_from_slice(b"{\"number\":2,");
    fs::write(desk.state.file(Journal::FILE), &torn).unwrap();
    let seen = Journal::look_into(&desk.state, None, at(1)).unwrap().unwrap();
    assert_eq!(recalled(&seen, machine(), 1).usb.len(), 1);
    assert_eq!(desk.bytes(), torn);
}

#[test]
fn what_is_no_journal_is_refused_with_its_place() {
    assert_eq!(parse(b"x\n"), Err(Broken::Syntax(1)));
    assert_eq!(parse(b""), Ok(Parsed::default()));
    let long = vec![b' '; line::MAX_LINE_BYTES + 1];
    assert_eq!(parse(&[&long[..], b"\n"].concat()), Err(Broken::Long(1)));
    let lone = br#"{"number":2,"previous":null,"at":"2026-11-25T00:00:00Z"}"#;
    assert_eq!(parse(&[&lone[..], b"\n"].concat()), Err(Broken::Chain(1)));
}
