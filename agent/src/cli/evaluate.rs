use std::{fs, io, path::PathBuf, process::ExitCode};

use bearing_host::Root;
use bearing_policies::{Catalogue, Policy, policy::PolicyError};
use bearing_protocol::{
    clock::Clock,
    coverage::{Coverage, Source, Status},
    fact::Facts,
    report::Report,
    rule::Family,
    severity::Severity,
    text::printable,
};
use clap::Args;

use super::{Failure, Format, output};
use crate::{
    bundle::{Bundle, SignedBy, Signing},
    inventory, journal,
    key::DeviceKey,
    policy_store::PolicyStore,
    report::{Assessment, Reader, Request, assess, assess_collection, is_evaluated, render},
    state::{Enrolment, StateDirectory},
    tenant::TenantKey,
};

/// `evaluate`: no server, no enrolment, no administrator needed.
#[derive(Debug, Args)]
pub(super) struct Evaluate {
    /// Read a copy of a machine's files below DIR instead of this machine
    #[arg(long, value_name = "DIR", conflicts_with = "collection")]
    sysroot: Option<PathBuf>,
    /// Judge what was collected on another machine and unpacked into DIR (KAPE, UAC, Velociraptor, saved outputs)
    #[arg(long, value_name = "DIR")]
    collection: Option<PathBuf>,
    /// A site policy (TOML); an unsigned one is accepted here and nowhere else
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Apply only the rules of this family; may be given several times
    #[arg(long = "family", value_name = "FAMILY")]
    families: Vec<Family>,
    /// Exit with 1 where a finding is at least this grave
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    fail_on: Severity,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Also write a signed bundle of this one report, which `verify` checks offline
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

/// Why nothing could be evaluated.
#[derive(Debug, thiserror::Error)]
enum EvaluateError {
    #[error("cannot read the copy of a machine below `{}`", .path.display())]
    Sysroot { path: PathBuf, source: io::Error },
    #[error("cannot read policy file `{}`", .path.display())]
    ReadPolicy { path: PathBuf, source: io::Error },
    #[error("policy file `{}` is larger than {MAX_POLICY_FILE_BYTES} bytes", .path.display())]
    LargePolicy { path: PathBuf },
    #[error("policy file `{}` cannot be used", .path.display())]
    Policy { path: PathBuf, source: PolicyError },
    #[error("cannot write the bundle to `{}`", .path.display())]
    WriteBundle { path: PathBuf, source: io::Error },
}

impl Evaluate {
    pub(super) fn run(&self, state: &StateDirectory, clock: &dyn Clock) -> Result<ExitCode, Failure> {
        let root = open_root(self.elsewhere())?;
        let (policy, line) = self.policy(state, clock)?;
        let catalogue = Catalogue::for_policy(&policy);
        let beyond = |facts: &mut Facts, now| {
            if self.elsewhere().is_none() && policy.source_is_on(Source::DeviceEvents) {
                journal::recall_beside(state, None, facts, now);
            }
        };
        let request = Request {
            root: &root,
            catalogue: &catalogue,
            policy: &policy,
            families: &self.families,
            own: vec![line],
            beyond: &beyond,
            clock,
        };
        let assessment = match &self.collection {
            Some(directory) => assess_collection(directory, request)?,
            None => assess(request),
        };
        match self.format {
            Format::Json => output::print_json(&assessment.report)?,
            Format::Text => {
                let mut page = output::page();
                render(&mut page, &assessment.report, &catalogue, self.fail_on, self.reader());
                output::print(&page.finish())?;
            }
        }
        if let Some(path) = &self.evidence {
            self.write_bundle(path, state, &assessment, &catalogue, &policy, clock)?;
        }
        Ok(ExitCode::from(exit_code(&assessment.report, self.fail_on)))
    }

    /// Where another machine's files lie, if it is not this machine that is evaluated.
    fn elsewhere(&self) -> Option<&PathBuf> {
        self.collection.as_ref().or(self.sysroot.as_ref())
    }

    /// On a copy of a machine there is nothing to gain by more rights.
    fn reader(&self) -> Reader {
        if self.elsewhere().is_some() || output::is_administrator() {
            Reader::Privileged
        } else {
            Reader::User
        }
    }

    fn write_bundle(
        &self,
        path: &PathBuf,
        state: &StateDirectory,
        assessment: &Assessment,
        catalogue: &Catalogue,
        policy: &Policy,
        clock: &dyn Clock,
    ) -> Result<(), Failure> {
        // A copy of another machine is never signed with this machine's key.
        let own = if self.elsewhere().is_none() { enrolled(state) } else { None };
        let (key, tenant, signed_by) = match own {
            Some((key, tenant)) => (key, tenant, SignedBy::Device),
            None => (DeviceKey::ephemeral()?, TenantKey::for_one_run()?, SignedBy::OneRunKey),
        };
        let beside = match &self.collection {
            Some(_) => inventory::Beside::default(),
            None => {
                let own = self.elsewhere().is_none().then_some(state);
                inventory::Beside::of(&open_root(self.elsewhere())?, own, policy, clock.now())
            }
        };
        let inventory = inventory::take(&assessment.facts, catalogue, policy, &tenant, &beside);
        let signing = Signing {
            key: &key,
            signed_by,
            now: clock.now(),
            agent_digest: None,
            boot_id: assessment.facts.boot.id.clone(),
        };
        let bundle = Bundle::make(&assessment.report, &inventory, signing)?;
        let text = serde_json::to_vec_pretty(&bundle)?;
        fs::write(path, text).map_err(|source| EvaluateError::WriteBundle { path: path.clone(), source })?;
        if signed_by == SignedBy::OneRunKey {
            eprintln!(
                "bearing-agent: the bundle is signed with a key drawn for this run, not with a device's key"
            );
        }
        Ok(())
    }

    fn policy(&self, state: &StateDirectory, clock: &dyn Clock) -> Result<(Policy, Coverage), EvaluateError> {
        let line = |detail: String| Coverage { source: Source::Policy, status: Status::Unsupported, detail };
        let Some(path) = &self.policy else {
            if self.elsewhere().is_none()
                && let Ok(Some(enrolment)) = Enrolment::load(state)
            {
                let store = PolicyStore::open(state, enrolment.policy_key_set(), enrolment.employee_keys);
                return Ok((store.in_force().clone(), store.coverage(clock.now())));
            }
            let text = "the built-in profile is in force; no signed policy was verified".to_owned();
            return Ok((Policy::default(), line(text)));
        };
        let size = fs::metadata(path)
            .map_err(|source| EvaluateError::ReadPolicy { path: path.clone(), source })?
            .len();
        if size > MAX_POLICY_FILE_BYTES {
            return Err(EvaluateError::LargePolicy { path: path.clone() });
        }
        let text = fs::read_to_string(path)
            .map_err(|source| EvaluateError::ReadPolicy { path: path.clone(), source })?;
        let policy = Policy::from_toml(&text)
            .map_err(|source| EvaluateError::Policy { path: path.clone(), source })?;
        let shown = printable(&path.to_string_lossy(), MAX_PATH_CHARS);
        Ok((policy, line(format!("unsigned file `{shown}` from the command line is in force"))))
    }
}

/// This machine's own key, where it is enrolled and may be read.
fn enrolled(state: &StateDirectory) -> Option<(DeviceKey, TenantKey)> {
    let enrolment = Enrolment::load(state).ok().flatten()?;
    let key = DeviceKey::load(state).ok().flatten()?;
    (key.device_id() == enrolment.device_id).then_some((key, enrolment.tenant))
}

/// The live machine, or a copy of one.
pub(super) fn open_root(sysroot: Option<&PathBuf>) -> Result<Root, Failure> {
    let Some(path) = sysroot else { return Ok(Root::live()) };
    Ok(Root::sysroot(path).map_err(|source| EvaluateError::Sysroot { path: path.clone(), source })?)
}

/// 0 nothing at or above `threshold`, 1 something, 2 where not one rule could be decided: then nothing was evaluated.
fn exit_code(report: &Report, threshold: Severity) -> u8 {
    let grave = report.findings.iter().any(|f| f.approval.is_none() && f.severity >= threshold);
    if grave {
        1
    } else if is_evaluated(report) {
        0
    } else {
        2
    }
}

const MAX_POLICY_FILE_BYTES: u64 = 1024 * 1024;
const MAX_PATH_CHARS: usize = 200;
