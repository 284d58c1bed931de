//! What this process itself costs.
//!
//! Facts: proc_pid_status(5) (`VmRSS`, `VmHWM` in KiB); the process's own CPU clock of clock_gettime(2).

use std::time::Duration;

/// Our own use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnUse {
    /// Processor time since the start, user and system.
    pub cpu: Duration,
    /// Resident memory now, in bytes.
    pub resident_bytes: u64,
    /// The most it ever was, where the system keeps that.
    pub peak_resident_bytes: Option<u64>,
}

/// The system did not tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read this process's own use of processor and memory: {0}")]
pub struct UseUnknown(String);

/// Reads it now.
///
/// # Errors
/// Where the system does not tell: `/proc` is not mounted, or hidden.
#[cfg(target_os = "linux")]
pub fn own_use() -> Result<OwnUse, UseUnknown> {
    let status = crate::Root::live()
        .read_text("/proc/self/status", MAX_STATUS_BYTES)
        .map_err(|error| UseUnknown(error.to_string()))?;
    let (resident, peak) = parse_status(&status);
    let resident_bytes = resident.ok_or_else(|| UseUnknown("no VmRSS in /proc/self/status".to_owned()))?;
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let cpu = Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default());
    Ok(OwnUse { cpu, resident_bytes, peak_resident_bytes: peak })
}

/// Reads it now.
///
/// # Errors
/// Where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn own_use() -> Result<OwnUse, UseUnknown> {
    use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};
    let own = sysinfo::get_current_pid().map_err(|reason| UseUnknown(reason.to_owned()))?;
    let mut system = System::new();
    let wanted = ProcessRefreshKind::nothing().with_cpu().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, wanted);
    let process = system.process(own).ok_or_else(|| UseUnknown("the process is not listed".to_owned()))?;
    Ok(OwnUse {
        cpu: Duration::from_millis(process.accumulated_cpu_time()),
        resident_bytes: process.memory(),
        peak_resident_bytes: None,
    })
}

/// `VmRSS` and `VmHWM` of `/proc/PID/status`, in bytes.
pub fn parse_status(text: &str) -> (Option<u64>, Option<u64>) {
    let value = |name: &str| {
        let kib = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        kib.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    (value("VmRSS"), value("VmHWM"))
}

#[cfg(target_os = "linux")]
const MAX_STATUS_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_kib() {
        let text = "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(parse_status(text), (Some(1024 * 1024), Some(2048 * 1024)));
        assert_eq!(parse_status("VmRSS:\t99999999999999999999 kB\nVmHWM: lots\n"), (None, None));
    }

    #[test]
    fn we_cost_something() {
        let own = own_use().unwrap();
        assert!(own.cpu > Duration::ZERO && own.resident_bytes > 0);
    }
}
