//! systemd unit files: systemd.unit(5), systemd.service(5), systemd.syntax(7).
//!
//! Always: specifiers (`%h`) and variables stay as written; nothing is resolved or run.

use crate::sections::{Continuation, Entry, parse_sections, split_words};

/// Most `key=value` lines of one unit with its drop-ins.
const MAX_ENTRIES: usize = 2_000;
/// Most words of one command that are split to find the program.
const MAX_WORDS: usize = 64;

/// What a unit file tells, drop-ins applied in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitFile {
    /// `Description=`.
    pub description: Option<String>,
    /// All commands in force, joined by ` ; `, prefixes kept.
    pub command: Option<String>,
    /// The first command's program.
    pub program: Option<String>,
    /// Whether there is an `[Install]` section with something in it.
    pub installable: bool,
    /// `Alias=` names.
    pub aliases: Vec<String>,
}

/// Reads a unit file and its drop-ins, given in the order in which they apply.
pub fn parse_unit<'a>(texts: impl IntoIterator<Item = &'a str>) -> UnitFile {
    let mut unit = UnitFile::default();
    let mut commands: Vec<String> = Vec::new();
    let mut left = MAX_ENTRIES;
    for text in texts {
        let entries = parse_sections(text, Continuation::Backslash, left, is_read);
        left -= entries.len();
        for Entry { section, key, value } in entries {
            match (section.as_str(), key.as_str()) {
                ("Unit", "Description") if !value.is_empty() => unit.description = Some(value),
                // An empty assignment takes back what was set before (systemd.service(5)).
                ("Service", "ExecStart") if value.is_empty() => commands.clear(),
                ("Service", "ExecStart") => commands.push(value),
                ("Install", "Alias") => {
                    unit.aliases.extend(value.split_ascii_whitespace().map(str::to_owned));
                    unit.installable = true;
                }
                ("Install", "WantedBy" | "RequiredBy" | "UpheldBy" | "Also" | "DefaultInstance") => {
                    unit.installable |= !value.is_empty();
                }
                _ => {}
            }
        }
    }
    unit.program = commands.first().and_then(|command| program_of(command));
    unit.command = (!commands.is_empty()).then(|| commands.join(" ; "));
    unit
}

/// Whether a line's meaning is read here.
fn is_read(section: &str, key: &str) -> bool {
    section == "Install" || matches!((section, key), ("Unit", "Description") | ("Service", "ExecStart"))
}

/// The program of an `ExecStart=` value, its special prefixes (`@ - : + !`) taken off.
fn program_of(command: &str) -> Option<String> {
    let bare = command.trim_start_matches(['@', '-', ':', '+', '!', '|']);
    split_words(bare, MAX_WORDS).into_iter().next().filter(|word| !word.is_empty())
}

/// The template of an instance (`getty@tty1.service` → `getty@.service`).
pub fn template_of(name: &str) -> Option<String> {
    let (stem, suffix) = name.rsplit_once('.')?;
    let (prefix, instance) = stem.split_once('@')?;
    (!instance.is_empty()).then(|| format!("{prefix}@.{suffix}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_service_is_read_from_a_capture() {
        let unit = parse_unit([include_str!("../../captures/linux-6.18/ssh.service")]);
        assert_eq!(unit.description.as_deref(), Some("OpenBSD Secure Shell server"));
        assert_eq!(unit.program.as_deref(), Some("/usr/sbin/sshd"));
        assert!(unit.installable);
        assert_eq!(unit.aliases, ["sshd.service"]);
    }

    #[test]
    fn a_drop_in_replaces_the_command() {
        let unit = parse_unit([
            "[Service]\nExecStart=/usr/bin/first\n",
            "[Service]\nExecStart=\nExecStart=-\"/opt/My Tool/run\" --x \\\n  --y\n",
        ]);
        assert_eq!(unit.program.as_deref(), Some("/opt/My Tool/run"));
        assert_eq!(unit.command.as_deref(), Some("-\"/opt/My Tool/run\" --x  --y"));
        assert!(!unit.installable);
    }

    #[test]
    fn instances_know_their_template() {
        assert_eq!(template_of("getty@tty1.service").as_deref(), Some("getty@.service"));
        assert_eq!(template_of("getty@.service"), None);
        assert_eq!(template_of("ssh.service"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,300}", command in "[@+!\"' \\\\a-z/é-]{0,60}") {
            let _ = parse_unit([text.as_str(), &format!("[Service]\nExecStart={command}\n")]);
            let _ = template_of(&text);
        }
    }
}
