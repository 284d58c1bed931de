//! Init scripts of System V style and of OpenRC: LSB comment block, `openrc-run(8)` variables.
//!
//! Always: the script is text; only its header and plain assignments are read, nothing is run. A script
//! stands for a unit of its name with `.service` behind it, as systemd's own generator names it.

use std::collections::BTreeSet;

use bearing_protocol::fact::{Enablement, Unit};

use crate::{assignments::parse_assignments, gaps::Gaps, root::Root};

const DIRECTORIES: [&str; 2] = ["/etc/init.d", "/etc/rc.d/init.d"];
/// Run levels in which a machine works, with links `S20NAME`.
const LEVELS: [&str; 8] = [
    "/etc/rc2.d",
    "/etc/rc3.d",
    "/etc/rc4.d",
    "/etc/rc5.d",
    "/etc/rc.d/rc2.d",
    "/etc/rc.d/rc3.d",
    "/etc/rc.d/rc4.d",
    "/etc/rc.d/rc5.d",
];
const OPENRC_LEVELS: [&str; 3] = ["/etc/runlevels/default", "/etc/runlevels/boot", "/etc/runlevels/sysinit"];
const MAX_ENTRIES: usize = 2_000;
const MAX_BYTES: usize = 256 * 1024;
const MAX_LINES: usize = 400;

/// Files in `init.d` that are no service.
const NO_SERVICES: [&str; 8] =
    ["README", "skeleton", "rc", "rcS", "rc.local", "functions", "functions.sh", "single"];

/// What a script's text tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitScript {
    /// `Short-Description:` or `description=`.
    pub description: Option<String>,
    /// The program it starts: the first absolute `DAEMON=` or `command=`.
    pub program: Option<String>,
}

/// Reads a script's header and plain assignments.
pub fn parse_init_script(text: &str) -> InitScript {
    let mut script = InitScript::default();
    for line in text.lines().take(MAX_LINES) {
        if let Some(rest) = line.strip_prefix("# Short-Description:") {
            let rest = rest.trim();
            script.description = script.description.or_else(|| (!rest.is_empty()).then(|| rest.to_owned()));
            continue;
        }
        for (name, value) in parse_assignments(line) {
            match name {
                "DAEMON" | "command" if script.program.is_none() && value.starts_with('/') => {
                    script.program = Some(value);
                }
                "description" if script.description.is_none() && !value.is_empty() => {
                    script.description = Some(value);
                }
                _ => {}
            }
        }
    }
    script
}

/// Services that have a script and, by `known` names, no unit file.
pub(super) fn read_scripts(root: &Root, known: &BTreeSet<&str>, gaps: &mut Gaps) -> Vec<Unit> {
    let enabled = enabled_names(root);
    let mut units = Vec::new();
    for directory in DIRECTORIES {
        let listing = match root.list_dir(directory, MAX_ENTRIES) {
            Ok(listing) => listing,
            Err(error) => {
                gaps.add_error("init script directories", &error);
                continue;
            }
        };
        for file in listing.names {
            let stem = file.strip_suffix(".sh").unwrap_or(&file);
            let name = format!("{stem}.service");
            let is_service = !stem.contains('.') && !NO_SERVICES.contains(&file.as_str());
            if !is_service || known.contains(name.as_str()) {
                continue;
            }
            let path = format!("{directory}/{file}");
            let text = match root.read_text(&path, MAX_BYTES) {
                Ok(text) => text,
                Err(error) => {
                    gaps.add_error("init scripts", &error);
                    continue;
                }
            };
            let script = parse_init_script(&text);
            let starts = enabled.contains(stem);
            units.push(Unit {
                name,
                path,
                description: script.description,
                program: script.program,
                enablement: if starts { Enablement::Enabled } else { Enablement::Disabled },
                ..Unit::default()
            });
        }
        // `/etc/init.d` is a link to the other where both are there.
        break;
    }
    units
}

/// Names that a run level starts.
fn enabled_names(root: &Root) -> BTreeSet<String> {
    let names = |directory: &str| root.list_dir(directory, MAX_ENTRIES).unwrap_or_default().names;
    let mut enabled = BTreeSet::new();
    for directory in LEVELS {
        for link in names(directory) {
            let ordered =
                link.strip_prefix('S').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
            if let Some(name) = ordered.filter(|name| !name.is_empty()) {
                enabled.insert(name.strip_suffix(".sh").unwrap_or(name).to_owned());
            }
        }
    }
    for directory in OPENRC_LEVELS {
        enabled.extend(names(directory));
    }
    enabled
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_script_of_debian_is_read_from_a_capture() {
        let script = parse_init_script(include_str!("../../captures/linux-6.18/init_d_cron"));
        assert_eq!(script.program.as_deref(), Some("/usr/sbin/cron"));
        assert_eq!(script.description.as_deref(), Some("Regular background program processing daemon"));
    }

    #[test]
    fn a_script_of_openrc_is_read() {
        let text = "#!/sbin/openrc-run\ndescription=\"OpenBSD Secure Shell server\"\ncommand=\"${SSHD_BINARY}\"\ncommand=\"/usr/sbin/sshd\"\n";
        let script = parse_init_script(text);
        assert_eq!(script.program.as_deref(), Some("/usr/sbin/sshd"));
        assert_eq!(script.description.as_deref(), Some("OpenBSD Secure Shell server"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(# Short-Description:|DAEMON=|command=|/|\"|'|\\\\|é| |\n)*") {
            let _ = parse_init_script(&text);
        }
    }
}
