//! Desktop entries: freedesktop.org's Desktop Entry Specification 1.5 and Desktop Application Autostart.
//!
//! Always: only the group `[Desktop Entry]` speaks for the program; actions and translations do not.

use crate::sections::{Continuation, parse_sections, split_words};

const MAX_ENTRIES: usize = 64;
const GROUP: &str = "Desktop Entry";
const KEYS: [&str; 4] = ["Name", "Exec", "Hidden", "X-GNOME-Autostart-enabled"];
const MAX_WORDS: usize = 64;

/// What a desktop entry tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesktopEntry {
    /// `Name`, untranslated.
    pub title: Option<String>,
    /// `Exec`, as written.
    pub command: Option<String>,
    /// The program in `Exec`, behind `env` and its assignments.
    pub program: Option<String>,
    /// Whether it is hidden or switched off for autostart.
    pub disabled: bool,
}

/// Reads a desktop entry. `None` where the group is missing.
pub fn parse_desktop_entry(text: &str) -> Option<DesktopEntry> {
    if !text
        .lines()
        .any(|line| line.trim().strip_prefix('[').and_then(|l| l.strip_suffix(']')) == Some(GROUP))
    {
        return None;
    }
    let mut entry = DesktopEntry::default();
    let wanted = |section: &str, key: &str| section == GROUP && KEYS.contains(&key);
    for line in parse_sections(text, Continuation::None, MAX_ENTRIES, wanted) {
        match line.key.as_str() {
            "Name" if entry.title.is_none() => entry.title = Some(line.value),
            "Exec" if entry.command.is_none() => {
                entry.program = program_of(&line.value);
                entry.command = Some(line.value);
            }
            "Hidden" => entry.disabled |= line.value == "true",
            "X-GNOME-Autostart-enabled" => entry.disabled |= line.value == "false",
            _ => {}
        }
    }
    Some(entry)
}

/// The program that a command line starts, behind `env` and assignments before it.
pub fn program_of(command: &str) -> Option<String> {
    let is_env = |word: &str| word == "env" || word.ends_with("/env");
    let is_assignment = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
    };
    let mut words = split_words(command, MAX_WORDS).into_iter().peekable();
    if words.peek().is_some_and(|word| is_env(word)) {
        words.next();
        while words.peek().is_some_and(|word| is_assignment(word) || word.starts_with('-')) {
            words.next();
        }
    }
    while words.peek().is_some_and(|word| is_assignment(word)) {
        words.next();
    }
    words.next().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_autostart_entry_is_read_from_a_capture() {
        let entry =
            parse_desktop_entry(include_str!("../../captures/linux-6.18/xdg-user-dirs.desktop")).unwrap();
        assert_eq!(entry.program.as_deref(), Some("xdg-user-dirs-update"));
        assert_eq!(entry.title.as_deref(), Some("User folders update"));
        assert!(!entry.disabled);
    }

    #[test]
    fn actions_do_not_speak_for_the_program() {
        let text = "[Desktop Entry]\nName=A\nExec=env X=1 /snap/bin/a --q %u\nHidden=true\n[Desktop Action b]\nName=B\nExec=b\n";
        let entry = parse_desktop_entry(text).unwrap();
        assert_eq!((entry.title.as_deref(), entry.program.as_deref()), (Some("A"), Some("/snap/bin/a")));
        assert!(entry.disabled);
        assert_eq!(parse_desktop_entry("[Other]\nExec=x\n"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", command in "[env =A/\"'\\\\-]{0,40}") {
            let _ = parse_desktop_entry(&text);
            let _ = parse_desktop_entry(&format!("[Desktop Entry]\nExec={command}\n"));
        }
    }
}
