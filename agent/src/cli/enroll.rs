use std::{fs, io, path::PathBuf, process::ExitCode, sync::Arc};

use bearing_host::{Collection, Root, collect};
use bearing_protocol::{clock::Clock, coverage::Source, plan::Plan};
use clap::Args;

use super::{Failure, output, runtime, token_file};
use crate::{
    config::Config,
    enroll::{Request, enroll},
    own_binary,
    policy_store::{PolicyStore, Taken},
    report::summarise_device,
    state::StateDirectory,
    transport::{Proxies, ServerUrl},
};

/// `enroll`: makes this machine's key and pins the server.
#[derive(Debug, Args)]
pub(super) struct Enroll {
    /// The server, as `https://host` or `https://host:port`
    #[arg(long, value_name = "URL")]
    server: ServerUrl,
    /// File that holds the enrolment token, or `-` for standard input; a token is never written on a command line
    #[arg(long, value_name = "FILE|-")]
    token_file: PathBuf,
    /// The server's CA in PEM, where the administrator handed it over; the token must name the same
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read CA file `{}`", .path.display())]
struct CaFileError {
    path: PathBuf,
    source: io::Error,
}

impl Enroll {
    /// What an installer was told.
    #[cfg(windows)]
    pub(super) const fn as_installed(server: ServerUrl, token_file: PathBuf) -> Self {
        Self { server, token_file, ca: None }
    }

    pub(super) fn run(
        &self,
        state: &StateDirectory,
        config: &Config,
        clock: &Arc<dyn Clock>,
    ) -> Result<ExitCode, Failure> {
        let token = token_file::read(&self.token_file)?;
        let ca_pem = self
            .ca
            .as_ref()
            .map(|path| fs::read_to_string(path).map_err(|source| CaFileError { path: path.clone(), source }))
            .transpose()?;
        state.create()?;
        let _lock = state.lock()?;
        let sources = [Source::Os, Source::Machine].into();
        let facts = collect(&Root::live(), &Collection { sources, plan: Plan::default() }, clock.as_ref());
        let request = Request {
            directory: state,
            server: &self.server,
            token: &token,
            ca_pem: ca_pem.as_deref(),
            tls: config.tls,
            proxies: Proxies::FromEnvironment,
            device: summarise_device(&facts),
            agent_digest: own_binary::digest(),
            clock: Arc::clone(clock),
        };
        let (enrolment, policy) = runtime()?.block_on(enroll(request))?;
        output::print(&format!(
            "This machine is enrolled at {} as {}.\n",
            enrolment.server_url, enrolment.device_id
        ))?;
        if enrolment.pending {
            output::print("An administrator must approve it on the server before its reports count.\n")?;
        }
        if let Some(envelope) = policy {
            let mut policies =
                PolicyStore::open(state, enrolment.policy_key_set(), enrolment.employee_keys.clone());
            if policies.take(envelope, clock.now()) == Taken::No {
                for problem in policies.problems(clock.now()) {
                    eprintln!("bearing-agent: the server's policy was refused: {problem}");
                }
            } else {
                let policy = policies.in_force();
                output::print(&format!(
                    "Policy {} version {} is in force.\n",
                    policy.name(),
                    policy.version()
                ))?;
            }
        }
        output::print("What it sends from now on: bearing-agent facts. The service: bearing-agent run.\n")?;
        Ok(ExitCode::SUCCESS)
    }
}
