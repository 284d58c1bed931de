//! Remote Desktop and Remote Assistance, as the registry sets them.
//!
//! Facts: `Control\Terminal Server` (`fDenyTSConnections`), its listener `WinStations\RDP-Tcp` (`PortNumber`,
//! `UserAuthentication`), the policies `Windows NT\Terminal Services` (`fDenyTSConnections`, `Shadow`), and
//! `Control\Remote Assistance` (`fAllowToGetHelp`, `fAllowFullControl`).

use bearing_protocol::fact::{Enablement, ToolState, Unit};

use super::registry::Registry;
use crate::{
    gaps::Gaps,
    reading::{Read, Reading},
};

/// The settings in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// Whether connections are let in; `None` where nothing says.
    pub(super) desktop: Option<bool>,
    /// The port.
    pub(super) port: Option<u32>,
    /// Whether a connection must sign in before it sees a screen.
    pub(super) network_level_authentication: Option<bool>,
    /// Whether a session may be watched or steered without asking its user (`Shadow` 2 or 4).
    pub(super) shadow_unasked: bool,
    /// Whether Remote Assistance may be asked for, and whether the helper may steer.
    pub(super) assistance: Option<bool>,
    pub(super) assistance_steers: bool,
}

/// Reads them; policy outweighs the setting.
pub(super) fn settings(registry: &dyn Registry, gaps: &mut Gaps) -> Settings {
    let server = registry.found(SERVER, gaps).unwrap_or_default();
    let policy = registry.found(POLICY, gaps).unwrap_or_default();
    let listener = registry.found(LISTENER, gaps).unwrap_or_default();
    let assistance = registry.found(ASSISTANCE, gaps).unwrap_or_default();
    let either =
        |name: &str, plain: &super::registry::Key| policy.number(name).or_else(|| plain.number(name));
    Settings {
        desktop: either("fDenyTSConnections", &server).map(|deny| deny == 0),
        port: listener.number("PortNumber"),
        network_level_authentication: either("UserAuthentication", &listener).map(|on| on != 0),
        shadow_unasked: matches!(either("Shadow", &listener), Some(2 | 4)),
        assistance: either("fAllowToGetHelp", &assistance).map(|allow| allow != 0),
        assistance_steers: either("fAllowFullControl", &assistance).is_some_and(|allow| allow != 0),
    }
}

impl Settings {
    /// Says on the service what is let in.
    pub(super) fn apply(&self, unit: &mut Unit) {
        match self.desktop {
            Some(true) => unit.enablement = Enablement::Enabled,
            // It also serves the switch between local users: no way in while connections are refused.
            Some(false) => unit.enablement = Enablement::Masked,
            None => {}
        }
    }
}

/// How Remote Desktop and Remote Assistance are set up, where they are switched on.
pub(super) fn read(registry: &dyn Registry) -> Read<Vec<ToolState>> {
    registry.key(SERVER)?;
    let mut gaps = Gaps::default();
    let settings = settings(registry, &mut gaps);
    let mut states = Vec::new();
    if settings.desktop == Some(true) {
        let mut features = Vec::new();
        if settings.network_level_authentication == Some(false) {
            features.push("no-network-level-authentication".to_owned());
        }
        if settings.shadow_unasked {
            features.push("shadow-without-consent".to_owned());
        }
        if let Some(port) = settings.port.filter(|port| *port != DEFAULT_PORT) {
            features.push(format!("port-{port}"));
        }
        states.push(ToolState {
            product: REMOTE_DESKTOP.to_owned(),
            location: SERVER.to_owned(),
            unattended: Some(true),
            features,
            ..ToolState::default()
        });
    }
    if settings.assistance == Some(true) {
        let steers = settings.assistance_steers.then(|| "full-control".to_owned());
        states.push(ToolState {
            product: REMOTE_ASSISTANCE.to_owned(),
            location: ASSISTANCE.to_owned(),
            unattended: Some(false),
            features: steers.into_iter().collect(),
            ..ToolState::default()
        });
    }
    gaps.note("settings of other tools are not read on Windows yet");
    let word = |on: Option<bool>| match on {
        Some(true) => "on",
        Some(false) => "off",
        None => "not set",
    };
    let summary =
        format!("Remote Desktop {}, Remote Assistance {}", word(settings.desktop), word(settings.assistance));
    Ok(Reading::with_gaps(states, summary, gaps))
}

const SERVER: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server";
const LISTENER: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp";
const POLICY: &str = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services";
const ASSISTANCE: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Remote Assistance";
const DEFAULT_PORT: u32 = 3389;
/// Catalogue ids.
const REMOTE_DESKTOP: &str = "windows-remote-desktop";
const REMOTE_ASSISTANCE: &str = "windows-remote-assistance";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::registry_text::prepared;

    #[test]
    fn what_is_switched_on_is_told_with_what_weakens_it() {
        let states = read(&prepared()).unwrap().value;
        let [desktop] = &states[..] else { panic!("{states:?}") };
        assert_eq!(desktop.product, REMOTE_DESKTOP);
        assert_eq!(desktop.features, ["no-network-level-authentication"]);
        let both = prepared().with_number(ASSISTANCE, "fAllowToGetHelp", 1);
        assert_eq!(read(&both).unwrap().value.len(), 2);
        let none = prepared().with_number(SERVER, "fDenyTSConnections", 1);
        assert!(read(&none).unwrap().value.is_empty());
        assert!(read(&prepared().without(SERVER)).is_err());
    }
}
