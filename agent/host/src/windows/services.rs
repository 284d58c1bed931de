//! Services, as the registry sets them up and the service manager runs them.
//!
//! Always: drivers are left out; the service of Remote Desktop counts as switched off while connections are refused,
//! however it is set to start. Facts: `CurrentControlSet\Services` (`Type`, `Start`), `winsvc.h`.

use std::collections::HashMap;

use bearing_protocol::fact::{Enablement, Unit};

use super::{
    command::{Variables, program_of},
    registry::{Key, Registry},
    remote_desktop,
};
use crate::{
    gaps::{Gaps, Why},
    reading::{Read, Reading},
};

/// Reads services; `running` names those that run, in lower case, `None` where the service manager did not tell.
pub(super) fn read(
    registry: &dyn Registry,
    running: Option<&HashMap<String, bool>>,
    variables: &Variables,
) -> Read<Vec<Unit>> {
    let all = registry.key(SERVICES)?;
    let mut gaps = Gaps::default();
    if running.is_none() {
        gaps.note("the service manager did not tell which services run");
    }
    if all.cut {
        gaps.add("services", Why::OverLimit);
    }
    let desktop = remote_desktop::settings(registry, &mut gaps);
    let mut units = Vec::new();
    for name in &all.children {
        let path = format!("{SERVICES}\\{name}");
        let Some(key) = registry.found(&path, &mut gaps) else { continue };
        if let Some(mut unit) = unit(name, path, &key, variables) {
            unit.running =
                running.map(|states| states.get(&name.to_lowercase()).copied().unwrap_or_default());
            if name.eq_ignore_ascii_case(REMOTE_DESKTOP) {
                desktop.apply(&mut unit);
            }
            units.push(unit);
        }
    }
    let summary = format!("{} services", units.len());
    Ok(Reading::with_gaps(units, summary, gaps))
}

fn unit(name: &str, path: String, key: &Key, variables: &Variables) -> Option<Unit> {
    let kind = key.number("Type")?;
    if kind & PROGRAM == 0 {
        return None;
    }
    let command = key.text("ImagePath");
    let enablement = match key.number("Start") {
        Some(0..=2) => Enablement::Enabled,
        // Started by whoever asks, or by an event.
        Some(3) => Enablement::Static,
        Some(4) => Enablement::Disabled,
        _ => Enablement::Unknown,
    };
    Some(Unit {
        name: name.to_owned(),
        path,
        user: None,
        // `@file,-number` names a text in a library, which is not loaded.
        description: key.text("DisplayName").filter(|text| !text.starts_with('@')),
        program: command.as_deref().and_then(|command| program_of(command, variables)),
        command,
        enablement,
        running: None,
    })
}

const SERVICES: &str = r"HKLM\SYSTEM\CurrentControlSet\Services";
/// `SERVICE_WIN32`: a process of its own or a share in one.
const PROGRAM: u32 = 0x30;
/// The service of Remote Desktop.
const REMOTE_DESKTOP: &str = "TermService";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::{command::test_variables, registry_text::prepared};

    fn units(registry: &dyn Registry) -> Vec<Unit> {
        let running = HashMap::from([("anydesk".to_owned(), true)]);
        read(registry, Some(&running), &test_variables()).unwrap().value
    }

    #[test]
    fn services_are_read_and_drivers_are_not() {
        let units = units(&prepared());
        let any_desk = units.iter().find(|unit| unit.name == "AnyDesk").unwrap();
        assert_eq!(any_desk.program.as_deref(), Some(r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe"));
        assert_eq!((any_desk.enablement, any_desk.running), (Enablement::Enabled, Some(true)));
        assert!(!units.iter().any(|unit| unit.name == "usbhub3"));
    }

    #[test]
    fn remote_desktop_is_on_only_while_connections_are_let_in() {
        let path = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server";
        let of = |units: Vec<Unit>| units.into_iter().find(|unit| unit.name == "TermService").unwrap();
        assert_eq!(of(units(&prepared())).enablement, Enablement::Enabled);
        let refused = of(units(&prepared().with_number(path, "fDenyTSConnections", 1)));
        assert_eq!(refused.enablement, Enablement::Masked);
        let policy = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services";
        let by_policy = of(units(&prepared().with_number(policy, "fDenyTSConnections", 1)));
        assert_eq!(by_policy.enablement, Enablement::Masked, "policy outweighs the setting");
    }
}
