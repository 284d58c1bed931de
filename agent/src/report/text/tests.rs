use bearing_protocol::{
    digest::Digest,
    fact::MachineKind,
    finding::Approval,
    id::FindingId,
    report::{DeviceSummary, MachineSummary, OsSummary, PolicySummary, SCHEMA},
    rule::Family,
    severity::Confidence,
    text::is_hostile,
};

use super::*;
use crate::report::Paint;

fn finding(rule: &str, severity: Severity) -> Finding {
    Finding {
        id: FindingId::from_bytes(rule.as_bytes()),
        rule: rule.parse().unwrap(),
        family: Family::Kvm,
        severity,
        confidence: Confidence::High,
        title: "A keyboard that is built like an IP-KVM".into(),
        subject: "usb:1-1".into(),
        product: Some("pikvm".into()),
        evidence: vec![Evidence {
            source: Source::Usb,
            location: "1-1".into(),
            field: "product".into(),
            value: "PiKVM Composite Device".into(),
            why: "the name that PiKVM gives itself".into(),
            rule: None,
        }],
        attack: Vec::new(),
        controls: Vec::new(),
        disproof: "Follow the cable from the port.".into(),
        remediation: "Unplug it and keep it.".into(),
        approval: None,
    }
}

fn coverage(source: Source, status: Status, detail: &str) -> Coverage {
    Coverage { source, status, detail: detail.into() }
}

fn outcome(rule: &str, outcome: Outcome, reason: Option<&str>) -> RuleOutcome {
    RuleOutcome { rule: rule.parse().unwrap(), outcome, reason: reason.map(str::to_owned) }
}

fn report() -> Report {
    let mut approved = finding("KV-09", Severity::Medium);
    approved.approval = Some(Approval {
        id: None,
        owner: "IT".into(),
        reason: "the lab's own".into(),
        expires: "2027-01-01T00:00:00Z".parse().unwrap(),
    });
    Report {
        schema: SCHEMA.into(),
        evaluated_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        device: DeviceSummary {
            hostname: "desk-17".into(),
            os: OsSummary { family: "linux".into(), name: "Debian GNU/Linux".into(), version: "12".into() },
            machine: MachineSummary { kind: MachineKind::Laptop },
        },
        policy: PolicySummary { name: "default".into(), version: 1, digest: Digest::of(b"policy") },
        coverage: vec![
            coverage(Source::Usb, Status::Ok, "4 devices"),
            coverage(Source::Displays, Status::Ok, ""),
            coverage(Source::Processes, Status::Partial, "98 processes; 3 exe links: no permission"),
            coverage(Source::Dns, Status::Denied, NOT_NEEDED),
        ],
        outcomes: vec![
            outcome("KV-01", Outcome::Fail, None),
            outcome("KV-09", Outcome::Pass, Some("approved")),
            outcome("KV-03", Outcome::Unknown, Some("one device shows no descriptors")),
        ],
        findings: vec![finding("KV-01", Severity::Critical), approved],
    }
}

fn text(report: &Report, reader: Reader) -> String {
    let mut page = Page::new(80, Paint::Plain);
    render(&mut page, report, &Catalogue::default(), Severity::High, reader);
    page.finish()
}

#[test]
fn a_report_with_findings_and_gaps() {
    insta::assert_snapshot!(text(&report(), Reader::User));
}

#[test]
fn nothing_found_is_not_an_all_clear() {
    let mut report = report();
    report.findings.clear();
    report.outcomes.truncate(2);
    report.outcomes[0].outcome = Outcome::Pass;
    report.coverage.truncate(2);
    insta::assert_snapshot!(text(&report, Reader::Privileged));
}

#[test]
fn hostile_text_is_shown_and_not_obeyed() {
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}<script>alert(1)</script>\r\n\u{200b}";
    let mut report = report();
    report.device.hostname = hostile.into();
    report.device.os.name = hostile.into();
    report.coverage[2].detail = hostile.into();
    report.outcomes[2].reason = Some(hostile.into());
    let finding = &mut report.findings[0];
    finding.title = hostile.repeat(10_000);
    finding.subject = hostile.into();
    finding.evidence[0].location = hostile.into();
    finding.evidence[0].field = hostile.into();
    finding.evidence[0].value = hostile.repeat(10_000);
    let text = text(&report, Reader::User);
    assert!(text.chars().all(|c| c == '\n' || !is_hostile(c)), "{text:?}");
    assert!(text.len() < 64 * 1024, "{} bytes", text.len());
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}
