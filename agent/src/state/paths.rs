//! Where the agent keeps things, by system.

use std::path::PathBuf;

/// The agent's own directory below `%ProgramData%`.
#[cfg(windows)]
pub(crate) const OWN_DIRECTORY: &str = "Bearing";

/// Key, enrolment and what waits to be sent: for the agent alone.
pub fn state() -> PathBuf {
    #[cfg(windows)]
    return own("state");
    #[cfg(not(windows))]
    PathBuf::from("/var/lib/bearing")
}

/// What every account may read.
pub fn notice() -> PathBuf {
    #[cfg(windows)]
    return own("notice");
    #[cfg(not(windows))]
    PathBuf::from("/run/bearing")
}

/// The configuration file.
pub fn config() -> PathBuf {
    #[cfg(windows)]
    return own("agent.toml");
    #[cfg(not(windows))]
    PathBuf::from("/etc/bearing/agent.toml")
}

#[cfg(windows)]
fn own(name: &str) -> PathBuf {
    bearing_host::windows::places::program_data().join(OWN_DIRECTORY).join(name)
}
