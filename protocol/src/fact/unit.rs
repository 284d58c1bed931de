use serde::{Deserialize, Serialize};

/// Whether a unit is set to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enablement {
    /// Linked into a target.
    Enabled,
    /// Installed, not linked.
    Disabled,
    /// Linked to `/dev/null`.
    Masked,
    /// Has no install section: others pull it in.
    Static,
    /// Files do not tell.
    #[default]
    Unknown,
}

/// A service unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unit {
    /// Its name, with suffix (`ssh.service`).
    pub name: String,
    /// The file it comes from.
    pub path: String,
    /// Whether it is a user's own unit, and whose.
    pub user: Option<String>,
    /// Description line.
    pub description: Option<String>,
    /// First words of `ExecStart=`: the program.
    pub program: Option<String>,
    /// All of `ExecStart=`. Never leaves the device.
    pub command: Option<String>,
    /// Whether it is set to start.
    pub enablement: Enablement,
    /// Whether processes of it run (its control group has some).
    pub running: Option<bool>,
}

/// What starts a thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AutostartKind {
    /// A menu entry: installed, not started.
    #[default]
    DesktopEntry,
    /// Started at sign-in (XDG autostart, Run key, login item).
    SignIn,
    /// A cron table or scheduled task.
    Schedule,
}

/// A desktop entry or something that starts at sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Autostart {
    /// How it starts.
    pub kind: AutostartKind,
    /// Its file name (`anydesk.desktop`).
    pub name: String,
    /// The file it comes from.
    pub path: String,
    /// Whose, where it lies in a home directory.
    pub user: Option<String>,
    /// The shown name.
    pub title: Option<String>,
    /// The program it starts.
    pub program: Option<String>,
    /// The whole command. Never leaves the device.
    pub command: Option<String>,
    /// Whether it is switched off (`Hidden=true`, `X-GNOME-Autostart-enabled=false`).
    pub disabled: bool,
}
