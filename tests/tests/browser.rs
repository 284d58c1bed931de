//! A person with a browser: signs in, sees a device's finding, and approves it until a day.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use bearing_host::clock::SystemClock;
use bearing_protocol::{
    clock::Clock as _,
    commitment::Disclosure,
    coverage::Source,
    id::FindingId,
    outcome::Outcome,
    payload::{CommittedEvidence, CommittedFinding, EvidenceText, FindingText, ReportPayload},
    rule::{Family, RuleId},
    severity::{Confidence, Severity},
    token::EnrolmentToken,
};
use bearing_tests::{
    connection::Target,
    device::Device,
    process::{ADMIN, PASSWORD, Server},
    sample,
};
use serde_json::json;

#[path = "../browser/webdriver.rs"]
mod webdriver;

use webdriver::Browser;

const TITLE: &str = "USB device 1-1 is a PiKVM";
/// What a device could call itself; the page must show it and do nothing of it.
const HOSTILE: &str = "<img src=x onerror=\"window.taken=1\"><script>window.taken=1</script>";
const REASON: &str = "A lab bench, seen at the desk";

/// Adds the finding to a report.
fn with_finding(payload: &mut ReportPayload, disclosures: &mut Vec<Disclosure>) -> Result<()> {
    let rule: RuleId = "KV-01".parse()?;
    let text = FindingText {
        title: TITLE.into(),
        subject: "usb:1-1".into(),
        disproof: "Ask for a photo of the desk.".into(),
        remediation: "Unplug it.".into(),
    };
    let (text, disclosure) = Disclosure::commit(&[1; 16], &text)?;
    disclosures.push(disclosure);
    let shown = EvidenceText {
        location: "1-1".into(),
        value: HOSTILE.into(),
        why: "no keyboard is called so".into(),
    };
    let (shown, disclosure) = Disclosure::commit(&[2; 16], &shown)?;
    disclosures.push(disclosure);
    payload.findings.push(CommittedFinding {
        id: FindingId::of_cause("KV-01", Some("pikvm"), "test"),
        rule,
        family: Family::Kvm,
        severity: Severity::Critical,
        confidence: Confidence::High,
        product: Some("pikvm".into()),
        text,
        evidence: vec![CommittedEvidence {
            source: Source::Usb,
            field: "product".into(),
            rule: None,
            text: shown,
        }],
        attack: vec!["T1219.003".into()],
        controls: Vec::new(),
        approval: None,
    });
    for outcome in payload.outcomes.iter_mut().filter(|outcome| outcome.rule == rule) {
        outcome.outcome = Outcome::Fail;
    }
    Ok(())
}

/// A device that reports the finding.
async fn report(server: &Server) -> Result<()> {
    let token: EnrolmentToken = fs::read_to_string(server.token(&["--max-uses", "1"])?)?.parse()?;
    let target = Target::new(&server.url, &server.ca_pem()?)?;
    let mut connection = target.connect().await?;
    let now = SystemClock.now();
    let mut device = Device::enroll(&mut connection, &token, sample::summary("atlas"), now).await?;
    let (mut payload, mut disclosures) = sample::report("atlas", 0, now)?;
    with_finding(&mut payload, &mut disclosures)?;
    let body = device.report(payload, disclosures)?;
    device.send_report(&mut connection, body).await?;
    Ok(())
}

/// Nothing that the browser refused or complained about.
async fn quiet(browser: &Browser) -> Result<()> {
    let loud: Vec<_> = browser.log().await?.into_iter().filter(|line| line.starts_with("SEVERE")).collect();
    ensure!(loud.is_empty(), "the browser's console says: {loud:#?}");
    Ok(())
}

#[tokio::test]
async fn a_person_signs_in_sees_the_finding_and_approves_it() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Server::begin(directory.path(), &[])?;
    report(&server).await?;
    let browser = Browser::start().await?;

    browser.go(&format!("{}/findings", server.url)).await?;
    browser.wait_for("Sign in").await?;
    browser.type_into("#name", ADMIN).await?;
    browser.type_into("#password", PASSWORD).await?;
    browser.click("form button").await?;
    browser.wait_for("Findings").await?;
    ensure!(browser.url().await?.ends_with("/findings"), "it goes on where the person wanted to");

    // The report becomes a finding within moments; the first page says so by itself.
    browser.go(&server.url).await?;
    browser.wait_for("Investigate").await?;
    browser.go(&format!("{}/findings", server.url)).await?;
    browser.wait_for(TITLE).await?;
    browser.click("a.primary").await?;
    browser.wait_for("How to disprove it").await?;
    browser.wait_for("<img src=x").await?;
    ensure!(
        browser.run("return window.taken === undefined", json!([])).await? == true,
        "hostile text was obeyed"
    );
    quiet(&browser).await?;

    let inline = "const s = document.createElement('script'); s.textContent = 'window.taken = 1'; document.head.append(s); return window.taken === undefined";
    ensure!(browser.run(inline, json!([])).await? == true, "an inline script ran");
    let refused = browser.log().await?;
    ensure!(
        refused.iter().any(|line| line.contains("Content Security Policy")),
        "the policy is not in force: {refused:?}"
    );

    browser.type_into("#reason", REASON).await?;
    let day = browser.run("return document.querySelector('#expires').value", json!([])).await?;
    let day = day.as_str().context("a day is proposed")?.to_owned();
    browser.click("#approve-form button.primary").await?;
    browser.wait_for("Approved. It stays visible").await?;
    let text = browser.text().await?;
    for part in [REASON, &day, "Withdraw the approval"] {
        ensure!(text.contains(part), "the page does not show {part:?}:\n{text}");
    }
    browser.go(&format!("{}/approvals", server.url)).await?;
    browser.wait_for(REASON).await?;
    browser.go(&format!("{}/audit-log?verify=1", server.url)).await?;
    browser.wait_for("approval.give").await?;
    browser.wait_for("The chain holds").await?;
    quiet(&browser).await?;
    browser.close().await
}
