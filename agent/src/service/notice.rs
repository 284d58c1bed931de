//! What every account of this machine may read: the local notice.
//!
//! Always: it is the same whether or not anybody looks into a case; it holds what was collected and sent, never a key
//! or a token; it cannot be switched off, and where it cannot be written the service says so.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bearing_policies::{Policy, policy::PlaceOptIn};
use bearing_protocol::{Timestamp, coverage::Status, digest::Digest};
use serde::{Deserialize, Serialize};

use super::{LastReport, Record};
use crate::{
    chain::Chain,
    policy_store::PolicyStore,
    state::{Enrolment, FileError, StateDirectory, read_at_most, remove},
    trips::{Shown, TripBook},
};

/// What `status` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The server.
    pub server_url: String,
    /// This device.
    pub device_id: String,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// Name and version of the policy in force.
    pub policy: String,
    /// Whether it came signed.
    pub policy_is_signed: bool,
    /// What is wrong with policy.
    pub policy_problems: Vec<String>,
    /// The service's own record.
    pub record: Record,
    /// Messages that were dropped.
    pub lost_messages: u64,
    /// The last report, in brief.
    pub last_report: Option<ReportInBrief>,
    /// What policy asks for that is off unless asked for, in words.
    #[serde(default)]
    pub opted_into: Vec<String>,
    /// Trips that people announced on this machine.
    #[serde(default)]
    pub trips: Vec<Shown>,
    /// Whether policy shows the last place verdict to everybody.
    #[serde(default)]
    pub shows_place: bool,
}

/// A report in brief.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportInBrief {
    /// When it was made.
    pub evaluated_at: Timestamp,
    /// Its chain digest.
    pub digest: Digest,
    /// Findings in it.
    pub findings: usize,
    /// Sources that were read in full, and all.
    pub sources: (usize, usize),
    /// Inventory items that went with it.
    pub inventory: usize,
}

impl From<&LastReport> for ReportInBrief {
    fn from(last: &LastReport) -> Self {
        let coverage = &last.report.coverage;
        let read = coverage.iter().filter(|line| line.status == Status::Ok).count();
        Self {
            evaluated_at: last.report.evaluated_at,
            digest: last.digest,
            findings: last.report.findings.len(),
            sources: (read, coverage.len()),
            inventory: last.inventory.len(),
        }
    }
}

impl Notice {
    /// From the state directory, for who may read it; `None` where this machine is not enrolled.
    ///
    /// # Errors
    /// Where the state cannot be read.
    pub fn collect(state: &StateDirectory, now: Timestamp) -> Result<Option<Self>, FileError> {
        let Some(enrolment) = Enrolment::load(state)? else { return Ok(None) };
        let policies = PolicyStore::open(state, enrolment.policy_key_set(), enrolment.employee_keys.clone());
        let last = LastReport::load(state)?;
        let lost = Chain::load(state)?.lost_messages();
        Ok(Some(Self::of(
            &enrolment,
            &policies,
            Record::load(state),
            lost,
            last.as_ref().map(Into::into),
            TripBook::open(state).list(),
            now,
        )))
    }

    pub(super) fn of(
        enrolment: &Enrolment,
        policies: &PolicyStore,
        record: Record,
        lost_messages: u64,
        last_report: Option<ReportInBrief>,
        trips: Vec<Shown>,
        now: Timestamp,
    ) -> Self {
        let policy = policies.in_force();
        let shows_place = policy.place().show_verdict;
        let mut record = record;
        record.place = record.place.filter(|_| shows_place);
        Self {
            server_url: enrolment.server_url.clone(),
            device_id: enrolment.device_id.to_string(),
            enrolled_at: enrolment.enrolled_at,
            policy: format!("{} version {}", policy.name(), policy.version()),
            policy_is_signed: policies.envelope().is_some(),
            policy_problems: policies.problems(now).iter().map(ToString::to_string).collect(),
            record,
            lost_messages,
            last_report,
            opted_into: opted_into(policy),
            trips,
            shows_place,
        }
    }
}

/// What comes nearer to watching a person than the rest, and is off unless policy names it.
fn opted_into(policy: &Policy) -> Vec<String> {
    let rules = policy.opted_rules().map(|rule| format!("rule {rule}"));
    let places = policy.place().opt_in.iter().map(|asked| {
        let what = match asked {
            PlaceOptIn::Hours => "the shift of working hours against the expected zone",
            PlaceOptIn::WifiSurroundings => "which access points are near, matched on this machine",
            PlaceOptIn::OsLocation => "the system's own location, as a country",
        };
        format!("{what} (policy asks for it; this version does not read it)")
    });
    rules.chain(places).collect()
}

/// Where the notice lies: readable by every account, written by the service alone.
#[derive(Clone, Debug)]
pub struct NoticeBoard {
    directory: PathBuf,
}

impl NoticeBoard {
    /// The board in `directory` (`/run/bearing`).
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Makes it where it is missing.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn create(&self) -> Result<(), FileError> {
        let fail = |source| FileError::Write { path: self.directory.clone(), source };
        fs::create_dir_all(&self.directory).map_err(fail)?;
        #[cfg(windows)]
        bearing_host::windows::privacy::let_everybody_read(&self.directory).map_err(fail)?;
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// The notice that hangs there; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn notice(&self) -> Result<Option<Notice>, FileError> {
        self.read(NOTICE_FILE)
    }

    /// The last report in full; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn last_report(&self) -> Result<Option<LastReport>, FileError> {
        self.read(REPORT_FILE)
    }

    /// Takes both down, and on Windows, where nothing else does it, the directory.
    ///
    /// # Errors
    /// [`FileError::Remove`].
    pub fn take_down(&self) -> Result<(), FileError> {
        for name in [NOTICE_FILE, REPORT_FILE] {
            remove(&self.directory.join(name))?;
            remove(&self.temporary(name))?;
        }
        #[cfg(windows)]
        match fs::remove_dir(&self.directory) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::Remove { path: self.directory.clone(), source });
            }
            _ => {}
        }
        Ok(())
    }

    fn temporary(&self, name: &str) -> PathBuf {
        self.directory.join(format!(".{name}.tmp"))
    }

    pub(super) fn hang_notice(&self, notice: &Notice) -> Result<(), FileError> {
        self.write(NOTICE_FILE, notice)
    }

    pub(super) fn hang_report(&self, report: &LastReport) -> Result<(), FileError> {
        self.write(REPORT_FILE, report)
    }

    fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FileError> {
        let path = self.directory.join(name);
        let Some(bytes) = read_at_most(&path, MAX_NOTICE_BYTES)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|source| FileError::Malformed { path, source })
    }

    /// Whole or not at all; nothing of it must survive a crash, so it is not taken to the disk.
    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), FileError> {
        let path = self.directory.join(name);
        let fail = |source| FileError::Write { path: path.clone(), source };
        let bytes = serde_json::to_vec(value).map_err(|error| fail(io::Error::other(error)))?;
        fs::create_dir_all(&self.directory).map_err(fail)?;
        let temporary = self.temporary(name);
        fs::write(&temporary, bytes).map_err(fail)?;
        open_to_all(&self.directory, &temporary).and_then(|()| fs::rename(&temporary, &path)).map_err(fail)
    }
}

fn open_to_all(directory: &Path, file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
        fs::set_permissions(file, fs::Permissions::from_mode(0o644))?;
    }
    let _ = (directory, file);
    Ok(())
}

const NOTICE_FILE: &str = "status.json";
const REPORT_FILE: &str = "last-report.json";
const MAX_NOTICE_BYTES: u64 = 8 * 1024 * 1024;
