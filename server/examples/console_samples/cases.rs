//! Cases of the made-up devices: those that open by themselves, one about a group, one closed, one that awaits a
//! second person.

use anyhow::Context as _;
use bearing_protocol::id::DeviceId;
use bearing_server::{
    act::{self, Answer, CaseRequest},
    app::App,
    auth::Actor,
    cases,
};
use bearing_store::{
    CaseChange, CaseDecision, CaseEvent, CaseFilter, CaseRow, CaseStatus, CaseSubject, CheckResult,
    DeviceFilter, PageRequest, SubjectKind,
};

async fn open(app: &App) -> anyhow::Result<Vec<CaseRow>> {
    Ok(app.store.cases(&CaseFilter::default(), &PageRequest::default()).await?.items)
}

/// Opens and works them.
pub(super) async fn seed(app: &App) -> anyhow::Result<()> {
    let actor = Actor::command_line();
    let devices = app.store.devices(&DeviceFilter::default(), &PageRequest::default()).await?.items;
    let mut verdicts = Vec::new();
    for device in &devices {
        verdicts.extend(app.store.verdict(&device.id).await?);
    }
    cases::follow(app, &verdicts, app.clock.now()).await?;
    let group: Vec<DeviceId> =
        devices.iter().filter(|row| row.group == "engineering").take(3).map(|row| row.id.clone()).collect();
    let request = CaseRequest {
        subject: CaseSubject { kind: SubjectKind::Group, id: "grp-lisbon".into() },
        title: "Three laptops behind one gateway".into(),
        devices: group,
        findings: Vec::new(),
    };
    act::open_case(app, &actor, request).await?;
    let mut rows = open(app).await?;
    rows.retain(|row| row.subject.kind == SubjectKind::Device);
    let mut rows = rows.into_iter();
    let first = rows.next().context("a case that opened by itself")?;
    act::assign_case(app, &actor, &first.id, "ben").await?;
    let words = "Live call with HR: the camera shows an empty desk.\nThe employee says the dock is from IT.";
    act::comment_case(app, &actor, &first.id, words).await?;
    let members = app.store.case_members(&first.id).await?;
    let findings = cases::findings_of(app, &members).await?;
    for (number, step) in cases::steps(&findings, &[]).into_iter().enumerate() {
        let row = app.store.case(&first.id).await?.context("the case")?;
        let answer = Answer {
            step: step.key,
            result: if number == 0 { CheckResult::Stands } else { CheckResult::NotPossible },
            note: "Seen in a live call; the cable leads behind the desk.".into(),
        };
        act::answer_step(app, &actor, &first.id, row.version, answer).await?;
    }
    let row = app.store.case(&first.id).await?.context("the case")?;
    let proposed = CaseRow {
        status: CaseStatus::AwaitingDecision,
        decision: Some(CaseDecision::Confirmed),
        reason: Some("The device was unplugged in the call and the session ended at once.".into()),
        proposed_by: Some("ben".into()),
        ..row.clone()
    };
    let event = CaseEvent {
        at: app.clock.now(),
        actor: "ben".into(),
        what: "proposed to confirm it".into(),
        text: proposed.reason.clone(),
    };
    let change = CaseChange { events: vec![event], ..CaseChange::default() };
    app.store.save_case(&proposed, row.version, &change).await?;
    if let Some(other) = rows.next() {
        let reason = "A lab bench: the board is on the inventory list.";
        act::close_case(app, &actor, &other.id, other.version, CaseDecision::Benign, reason).await?;
    }
    Ok(())
}
