//! A machine that lies and shouts: escapes, bidi, HTML and megabyte names wherever it may name something.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use bearing_agent::{
    commit::{Header, commit},
    inventory,
    key::DeviceKey,
    report::{Page, Paint, Reader, Request, assess, render},
    tenant::TenantKey,
};
use bearing_host::Root;
use bearing_policies::{Catalogue, Policy};
use bearing_protocol::{
    Timestamp,
    clock::FixedClock,
    envelope::Envelope,
    limits::{MAX_BODY_BYTES, MAX_TEXT_BYTES},
    payload::{EvidenceText, InventoryValue, ReportReason},
    severity::Severity,
    text::is_hostile,
};

const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}<script>alert(1)</script>\u{200b}";

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn hostile_machine(root: &Path) {
    let long = HOSTILE.repeat(30_000);
    write(root, "etc/hostname", &long[..200_000 - 200_000 % HOSTILE.len()]);
    write(root, "etc/os-release", &format!("NAME=\"{HOSTILE}\"\nVERSION_ID=\"{}\"\n", HOSTILE.repeat(50)));
    write(root, "etc/passwd", &format!("root:x:0:0:{HOSTILE}:/root:/bin/sh\n"));
    let device = "sys/bus/usb/devices/1-1";
    for (name, value) in [
        ("idVendor", "1d6b"),
        ("idProduct", "0104"),
        ("bcdDevice", "0100"),
        ("bDeviceClass", "00"),
        ("bDeviceSubClass", "00"),
        ("bDeviceProtocol", "00"),
        ("speed", "480"),
        ("manufacturer", HOSTILE),
        ("product", &format!("PiKVM {HOSTILE}")),
        ("serial", HOSTILE),
    ] {
        write(root, &format!("{device}/{name}"), &format!("{value}\n"));
    }
    let stat = "7 (\u{1b}[31mx) S 1 7 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0";
    write(root, "proc/7/stat", stat);
    write(root, "proc/7/comm", "\u{1b}[31mx\n");
    write(root, "proc/7/cmdline", &format!("{HOSTILE}\0{}", HOSTILE.repeat(5_000)));
    write(root, "proc/7/status", "Name:\tx\nUid:\t0\t0\t0\t0\n");
    write(root, "proc/stat", "btime 1700000000\n");
}

#[test]
fn nothing_that_a_machine_says_is_obeyed_or_unbounded() {
    let temporary = tempfile::tempdir().unwrap();
    hostile_machine(temporary.path());
    let root = Root::sysroot(temporary.path()).unwrap();
    let (catalogue, policy) = (Catalogue::embedded(), Policy::default());
    let clock = FixedClock::new(Timestamp::UNIX_EPOCH);
    let request = Request {
        root: &root,
        catalogue: &catalogue,
        policy: &policy,
        families: &[],
        own: Vec::new(),
        beyond: &bearing_agent::report::nothing_beyond,
        clock: &clock,
    };
    let assessment = assess(request);
    assert!(!assessment.facts.usb.is_empty(), "the hostile device was read");

    let mut page = Page::new(80, Paint::Plain);
    render(&mut page, &assessment.report, &catalogue, Severity::High, Reader::Privileged);
    let text = page.finish();
    assert!(text.chars().all(|c| c == '\n' || !is_hostile(c)), "{text:?}");
    assert!(text.contains("\\u{1b}[2J"), "it is shown, not obeyed");

    let json = serde_json::to_string(&assessment.report).unwrap();
    assert!(!json.contains("\\u001b") && !json.contains('\u{202e}') && !json.contains('\u{200b}'));

    let (key, tenant) = (DeviceKey::ephemeral().unwrap(), TenantKey::for_one_run().unwrap());
    let items = inventory::take(&assessment.facts, &catalogue, &policy, &tenant, &Default::default());
    let header = Header {
        server: "srv_x".parse().unwrap(),
        device_id: key.device_id(),
        boot_id: Some(HOSTILE.repeat(1_000)),
        sequence: 1,
        previous: None,
        reason: ReportReason::Start,
        challenge: None,
        sent_at: Timestamp::UNIX_EPOCH,
        agent_digest: None,
        key_protection: key.protection(),
        policy_problems: vec![HOSTILE.repeat(1_000)],
        spool_loss: None,
        device_journal: None,
    };
    let committed = commit(&assessment.report, &items, &header).unwrap();
    let envelope = Envelope::seal(&committed.payload, &[key.signer()]).unwrap();
    let disclosed: usize = committed.disclosures.iter().map(|d| d.as_str().len()).sum();
    assert!(envelope.payload.len() + disclosed < MAX_BODY_BYTES);
    for disclosure in &committed.disclosures {
        if let Ok(text) = disclosure.value::<EvidenceText>() {
            assert!(text.value.len() <= MAX_TEXT_BYTES && !text.value.chars().any(is_hostile), "{text:?}");
        }
        if let Ok(InventoryValue::Usb(usb)) = disclosure.value::<InventoryValue>() {
            assert!(!usb.product.unwrap().chars().any(is_hostile));
            assert_eq!(usb.serial.unwrap().len(), 16, "a pseudonym");
        }
    }
}
