//! What starts at sign-in or by schedule: Run keys, start-up folders, sign-in programs, scheduled tasks.
//!
//! Always: what a person switched off in the task manager is kept and marked; links are named and not followed.
//! Facts: "Run and RunOnce Registry Keys"; `Explorer\StartupApproved` (an odd first byte is off);
//! `Windows NT\CurrentVersion\Winlogon` (`Shell`, `Userinit`).

use bearing_protocol::fact::{Autostart, AutostartKind};

use super::{
    command::{Variables, program_of},
    registry::Registry,
    tasks, users,
};
use crate::{
    gaps::{Gaps, Why},
    reading::{Read, Reading, Unread},
    root::{FileKind, Root},
};

/// Reads the source.
pub(super) fn read(registry: &dyn Registry, root: &Root, variables: &Variables) -> Read<Vec<Autostart>> {
    let mut gaps = Gaps::default();
    let mut entries = run_keys(registry, variables, &mut gaps)?;
    sign_in_programs(registry, variables, &mut entries, &mut gaps);
    folders(registry, root, variables, &mut entries, &mut gaps);
    let tasks_directory = format!("{}\\System32\\Tasks", variables.system_root());
    scheduled(root, &tasks_directory, variables, &mut entries, &mut gaps);
    let tasks = entries.iter().filter(|entry| entry.kind == AutostartKind::Schedule).count();
    let summary = format!("{} entries, {tasks} of them scheduled tasks", entries.len());
    Ok(Reading::with_gaps(entries, summary, gaps))
}

/// Run keys of the machine and of every account whose hive is loaded.
pub(super) fn run_keys(
    registry: &dyn Registry,
    variables: &Variables,
    gaps: &mut Gaps,
) -> Result<Vec<Autostart>, Unread> {
    registry.key(r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion")?;
    let profiles = users::profiles(registry, gaps);
    let mut bases: Vec<(String, Option<String>, Variables)> = vec![
        (r"HKLM\SOFTWARE".to_owned(), None, variables.clone()),
        (r"HKLM\SOFTWARE\WOW6432Node".to_owned(), None, variables.clone()),
    ];
    let accounts = registry.loaded_accounts(gaps);
    for sid in &accounts {
        let home = profiles.iter().find(|(known, _)| known == sid).map(|(_, home)| home.as_str());
        let own = home.map_or_else(|| variables.clone(), |home| variables.of_person(home));
        let name = home.and_then(|home| home.rsplit('\\').next()).unwrap_or(sid).to_owned();
        bases.push((format!("HKU\\{sid}\\Software"), Some(name), own));
    }
    let closed = super::programs::closed_profiles(registry, &accounts, gaps);
    gaps.add_many("registries of accounts that are not signed in", Why::Skipped, closed);
    let mut entries = Vec::new();
    for (base, user, variables) in &bases {
        for place in RUN_KEYS {
            let path = format!("{base}\\{place}");
            let Some(key) = registry.found(&path, gaps) else { continue };
            // The machine's 32-bit entries are approved beside the others.
            let approvals = base.trim_end_matches("\\WOW6432Node");
            let list = if base.ends_with("WOW6432Node") { "Run32" } else { "Run" };
            let approved =
                registry.found(&format!("{approvals}\\{APPROVED}\\{list}"), gaps).unwrap_or_default();
            for (name, data) in &key.values {
                let Some(command) = data.text().filter(|text| !text.trim().is_empty()) else { continue };
                if entries.len() == MAX_ENTRIES {
                    gaps.add("Run entries", Why::OverLimit);
                    return Ok(entries);
                }
                entries.push(Autostart {
                    kind: AutostartKind::SignIn,
                    name: name.clone(),
                    path: path.clone(),
                    user: user.clone(),
                    title: None,
                    program: program_of(command, variables),
                    command: Some(command.to_owned()),
                    disabled: approved.bytes(name).is_some_and(is_off),
                });
            }
        }
    }
    Ok(entries)
}

/// Programs of the sign-in itself, where they are not Windows' own.
fn sign_in_programs(
    registry: &dyn Registry,
    variables: &Variables,
    entries: &mut Vec<Autostart>,
    gaps: &mut Gaps,
) {
    let Some(key) = registry.found(WINLOGON, gaps) else { return };
    for (name, own) in [("Shell", "explorer.exe"), ("Userinit", "userinit.exe")] {
        let text = key.text(name).unwrap_or_default();
        for command in text.split(',').map(str::trim).filter(|command| !command.is_empty()) {
            let program = program_of(command, variables).unwrap_or_default();
            let file = program.rsplit('\\').next().unwrap_or_default();
            if !file.eq_ignore_ascii_case(own) {
                entries.push(Autostart {
                    kind: AutostartKind::SignIn,
                    name: name.to_owned(),
                    path: WINLOGON.to_owned(),
                    program: Some(program),
                    command: Some(command.to_owned()),
                    ..Autostart::default()
                });
            }
        }
    }
}

/// Start-up folders of the machine and of every profile.
fn folders(
    registry: &dyn Registry,
    root: &Root,
    variables: &Variables,
    entries: &mut Vec<Autostart>,
    gaps: &mut Gaps,
) {
    let mut places = vec![(None, variables.expand(COMMON_FOLDER))];
    for (_, home) in users::profiles(registry, gaps) {
        let name = home.rsplit('\\').next().map(str::to_owned);
        places.push((name, format!("{home}\\{FOLDER_OF_PERSON}")));
    }
    for (user, folder) in places {
        let listing = match root.list_dir(&folder, MAX_FILES) {
            Ok(listing) => listing,
            Err(error) => {
                gaps.add_error("start-up folders", &error);
                continue;
            }
        };
        for name in listing.names.into_iter().filter(|name| !name.eq_ignore_ascii_case("desktop.ini")) {
            let path = format!("{folder}\\{name}");
            let is_link = name.to_ascii_lowercase().ends_with(".lnk");
            entries.push(Autostart {
                kind: AutostartKind::SignIn,
                title: Some(name.trim_end_matches(".lnk").to_owned()),
                // Where a link leads is in a format of its own, which is not read.
                program: (!is_link).then(|| path.clone()),
                name,
                path,
                user: user.clone(),
                ..Autostart::default()
            });
        }
    }
}

/// Scheduled tasks: each file below the directory is one.
fn scheduled(
    root: &Root,
    directory: &str,
    variables: &Variables,
    entries: &mut Vec<Autostart>,
    gaps: &mut Gaps,
) {
    let mut waiting = vec![(directory.to_owned(), 0)];
    let mut left = MAX_FILES;
    while let Some((place, depth)) = waiting.pop() {
        let listing = match root.list_dir(&place, left) {
            Ok(listing) => listing,
            Err(error) => {
                gaps.add_error("directories of scheduled tasks", &error);
                continue;
            }
        };
        if listing.truncated {
            gaps.add("scheduled tasks", Why::OverLimit);
        }
        left = left.saturating_sub(listing.names.len());
        for name in listing.names {
            let path = format!("{place}\\{name}");
            let Ok(found) = root.link_metadata(&path) else { continue };
            match found.kind {
                FileKind::Directory if depth < MAX_DEPTH => waiting.push((path, depth + 1)),
                FileKind::File => task(root, directory, &path, variables, entries, gaps),
                _ => {}
            }
        }
    }
}

fn task(
    root: &Root,
    directory: &str,
    path: &str,
    variables: &Variables,
    entries: &mut Vec<Autostart>,
    gaps: &mut Gaps,
) {
    let bytes = match root.read(path, MAX_TASK_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => return gaps.add_error("scheduled tasks", &error),
    };
    let Some(task) = tasks::parse(&bytes) else { return gaps.add("scheduled tasks", Why::Malformed) };
    let name = path.get(directory.len()..).unwrap_or(path).to_owned();
    for (command, arguments) in task.commands {
        let program = program_of(&command, variables);
        let quoted = if command.contains(' ') && !command.starts_with('"') {
            format!("\"{command}\"")
        } else {
            command
        };
        entries.push(Autostart {
            kind: AutostartKind::Schedule,
            name: name.clone(),
            path: path.to_owned(),
            user: task.runs_as.clone(),
            title: None,
            program,
            command: Some(format!("{quoted} {arguments}").trim_end().to_owned()),
            disabled: !task.enabled,
        });
    }
}

/// `StartupApproved`: twelve bytes; an odd first one is switched off.
fn is_off(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 1 == 1)
}

const RUN_KEYS: [&str; 4] = [
    r"Microsoft\Windows\CurrentVersion\Run",
    r"Microsoft\Windows\CurrentVersion\RunOnce",
    r"Microsoft\Windows\CurrentVersion\RunServices",
    r"Microsoft\Windows\CurrentVersion\Policies\Explorer\Run",
];
const APPROVED: &str = r"Microsoft\Windows\CurrentVersion\Explorer\StartupApproved";
const WINLOGON: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon";
const COMMON_FOLDER: &str = r"%ProgramData%\Microsoft\Windows\Start Menu\Programs\StartUp";
const FOLDER_OF_PERSON: &str = r"AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup";
const MAX_ENTRIES: usize = 5_000;
const MAX_FILES: usize = 5_000;
const MAX_DEPTH: usize = 8;
const MAX_TASK_BYTES: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::{command::test_variables, registry_text::prepared};

    #[test]
    fn run_keys_of_machine_and_person_are_read() {
        let mut gaps = Gaps::default();
        let entries = run_keys(&prepared(), &test_variables(), &mut gaps).unwrap();
        let find = |name: &str| entries.iter().find(|entry| entry.name == name).unwrap();
        let any_desk = find("AnyDesk");
        assert_eq!(any_desk.program.as_deref(), Some(r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe"));
        assert!(!any_desk.disabled && any_desk.user.is_none());
        let own = find("Parsec");
        assert_eq!(own.program.as_deref(), Some(r"C:\Users\kim\AppData\Roaming\Parsec\parsecd.exe"));
        assert!(own.disabled && own.user.as_deref() == Some("kim"));
    }

    #[test]
    fn only_other_programs_of_the_sign_in_are_told() {
        let mut entries = Vec::new();
        sign_in_programs(&prepared(), &test_variables(), &mut entries, &mut Gaps::default());
        let [shell] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!(shell.program.as_deref(), Some(r"C:\ProgramData\helper.exe"));
    }
}
