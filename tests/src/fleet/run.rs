//! The fleet speaks: enrol, evaluate, report, and then a heartbeat now and again.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use bearing_agent::{commit, inventory, report, tenant::TenantKey};
use bearing_host::Root;
use bearing_policies::{Catalogue, Policy};
use bearing_protocol::{
    clock::Clock,
    digest::Digest,
    key::KeyProtection,
    payload::{CheckinReason, ReportReason},
    report::Report,
    token::EnrolmentToken,
};

use super::stories::{STORIES, Story};
use crate::{connection::Target, device::Device};

/// How the fleet reaches the server.
pub struct Fleet<'a> {
    /// The simulation listener.
    pub target: &'a Target,
    /// One token per group, in the order of [`groups`].
    pub tokens: &'a [EnrolmentToken],
    /// Sysroots captured from real gadgets.
    pub captures: &'a Path,
    /// Where synthetic sysroots are written.
    pub work: &'a Path,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The policy that the simulated agents run.
    pub policy: &'a Policy,
}

/// One simulated device, enrolled and reported.
pub struct Member {
    story: Story,
    device: Device,
    policy_digest: Digest,
}

impl Member {
    /// The device's id and the countries it is expected in: one tab-separated line for `device expect`.
    pub fn place(&self) -> String {
        format!("{}\t{}", self.device.id, self.story.expected.join(","))
    }
}

/// The groups of the fleet, each named once, in the order of first appearance.
pub fn groups() -> Vec<&'static str> {
    let mut groups = Vec::new();
    for story in &STORIES {
        if !groups.contains(&story.group) {
            groups.push(story.group);
        }
    }
    groups
}

impl Fleet<'_> {
    /// Brings every device in: sysroot, collection, evaluation, enrolment, first report. `progress` is told of each.
    pub async fn begin(&self, mut progress: impl FnMut(&Story, &Report)) -> Result<Vec<Member>> {
        let catalogue = Catalogue::for_policy(self.policy);
        let mut members = Vec::new();
        for story in STORIES {
            let (member, report) = self
                .bring_in(story, &catalogue)
                .await
                .with_context(|| format!("simulated device {}", story.hostname))?;
            progress(&story, &report);
            members.push(member);
        }
        Ok(members)
    }

    async fn bring_in(&self, story: Story, catalogue: &Catalogue) -> Result<(Member, Report)> {
        let directory = self.work.join(story.hostname);
        let now = self.clock.now();
        story.build(&directory, self.captures, now.as_second() - 36_000)?;
        let root = Root::sysroot(&directory)?;
        let assessment = report::assess(report::Request {
            root: &root,
            catalogue,
            policy: self.policy,
            families: &[],
            own: Vec::new(),
            clock: &*self.clock,
            beyond: &report::nothing_beyond,
        });
        let position = groups().iter().position(|group| *group == story.group).unwrap_or_default();
        let token = self.tokens.get(position).context("a token for every group is needed")?;
        let mut connection = self.target.from_address(story.address).connect().await?;
        let device = assessment.report.device.clone();
        let mut device = Device::enroll(&mut connection, token, device, self.clock.now()).await?;
        let tenant = TenantKey::from_hex("demo", &device.tenant_key)?;
        let inventory = inventory::take(
            &assessment.facts,
            catalogue,
            self.policy,
            &tenant,
            &inventory::Beside::default(),
        );
        let header = commit::Header {
            server: device.server.clone(),
            device_id: device.id.clone(),
            boot_id: assessment.facts.boot.id.clone(),
            sequence: 0,
            previous: None,
            reason: ReportReason::Start,
            challenge: None,
            sent_at: self.clock.now(),
            agent_digest: None,
            key_protection: KeyProtection::File,
            policy_problems: Vec::new(),
            spool_loss: None,
            device_journal: None,
        };
        let committed = commit::commit(&assessment.report, &inventory, &header)?;
        let body = device.report(committed.payload, committed.disclosures)?;
        device.send_report(&mut connection, body).await?;
        let policy_digest = assessment.report.policy.digest;
        Ok((Member { story, device, policy_digest }, assessment.report))
    }

    /// One heartbeat of every device.
    pub async fn beat(&self, members: &mut [Member]) -> Result<()> {
        for member in members {
            let mut connection = self.target.from_address(member.story.address).connect().await?;
            let body =
                member.device.checkin(CheckinReason::Unchanged, member.policy_digest, self.clock.now())?;
            member.device.send_checkin(&mut connection, body).await?;
        }
        Ok(())
    }
}
