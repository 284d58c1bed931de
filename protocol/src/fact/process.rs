use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A running process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Parent's process id.
    pub parent: u32,
    /// The kernel's short name (15 bytes on Linux): free text for an attacker.
    pub name: String,
    /// Real user id, or SID on Windows.
    pub uid: Option<String>,
    /// User name, where the account is known.
    pub user: Option<String>,
    /// When it started, UTC.
    pub started_at: Option<Timestamp>,
    /// What it runs (the target of `/proc/PID/exe`, without ` (deleted)`).
    pub executable: Option<String>,
    /// Whether that file is gone from the file system.
    pub deleted: bool,
    /// Arguments. Never leave the device.
    pub arguments: Vec<String>,
    /// Working directory, where readable.
    pub working_directory: Option<String>,
    /// Control group path.
    pub cgroup: Option<String>,
    /// The service unit, container, snap or flatpak that the control group names.
    pub unit: Option<String>,
    /// Login session id, where there is one.
    pub session: Option<String>,
    /// Whether it is a kernel thread.
    pub kernel_thread: bool,
    /// Whether it ran between two evaluations and is gone now: noticed by the watch.
    pub seen_by_watch: bool,
}
