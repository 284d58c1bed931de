use serde::{Deserialize, Serialize};

/// Day flags of the last weeks: counts of days, never times. Read only where policy opts in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PresenceDays {
    /// Working days on which the agent was running and looked.
    pub days_observed: u32,
    /// The newest days in a row on which the lid was shut whenever the agent looked.
    pub days_lid_shut: u32,
    /// The newest days in a row on which the built-in keyboard and pointer were silent whenever the agent looked.
    pub days_builtin_input_silent: u32,
}
