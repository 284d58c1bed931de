use std::{path::PathBuf, process::ExitCode};

use bearing_policies::{Catalogue, Policy};
use bearing_protocol::{clock::Clock, coverage::Source};
use clap::Args;

use super::{Failure, Format, evaluate::open_root, output};
use crate::{
    facts_view::{self, Departure},
    inventory, journal,
    report::{Assessment, Request, assess},
    state::{Enrolment, StateDirectory},
    tenant::TenantKey,
};

/// `facts`: exactly what was read, and what of it would leave the machine.
#[derive(Debug, Args)]
pub(super) struct Facts {
    /// Read a copy of a machine's files below DIR instead of this machine
    #[arg(long, value_name = "DIR")]
    sysroot: Option<PathBuf>,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Facts {
    pub(super) fn run(
        &self,
        state: &StateDirectory,
        policy: &Policy,
        clock: &dyn Clock,
    ) -> Result<ExitCode, Failure> {
        let root = open_root(self.sysroot.as_ref())?;
        let catalogue = Catalogue::for_policy(policy);
        let beyond = |facts: &mut bearing_protocol::fact::Facts, now| {
            if self.sysroot.is_none() && policy.source_is_on(Source::DeviceEvents) {
                journal::recall_beside(state, None, facts, now);
            }
        };
        let request = Request {
            root: &root,
            catalogue: &catalogue,
            policy,
            families: &[],
            own: Vec::new(),
            beyond: &beyond,
            clock,
        };
        let Assessment { facts, report } = assess(request);
        if self.format == Format::Json {
            output::print_json(&facts)?;
            return Ok(ExitCode::SUCCESS);
        }
        let tenant = match Enrolment::load(state) {
            Ok(Some(enrolment)) => enrolment.tenant,
            _ => TenantKey::for_one_run()?,
        };
        let own = self.sysroot.is_none().then_some(state);
        let beside = inventory::Beside::of(&root, own, policy, clock.now());
        let inventory = inventory::take(&facts, &catalogue, policy, &tenant, &beside);
        let mut page = output::page();
        let departure = Departure { report: &report, inventory: &inventory };
        facts_view::render(&mut page, &facts, departure, policy);
        output::print(&page.finish())?;
        Ok(ExitCode::SUCCESS)
    }
}
