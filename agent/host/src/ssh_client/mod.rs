//! Forwardings in SSH client configuration, of the system, of each home, and of files that running or
//! starting programs are told to use.
//!
//! Always: our own parser; `ssh -G` would run what `Match exec` names. A file that cannot be read is a gap.

pub mod ssh_config;

use std::collections::BTreeSet;

use bearing_protocol::fact::SshForward;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    ssh_server::included,
    users::homes,
};
use ssh_config::parse_ssh_config;

/// The system's files: the usual one, and where distributions put defaults (SUSE).
const SYSTEM: [&str; 2] = ["/etc/ssh/ssh_config", "/usr/etc/ssh/ssh_config"];
const MAX_BYTES: usize = 1024 * 1024;
/// Most files over all includes of one configuration.
const MAX_FILES: usize = 256;
/// Most configurations that programs are told to use.
const MAX_NAMED: usize = 64;

/// Where a configuration lies, and whose it is.
struct Place {
    path: String,
    /// What relative includes are relative to.
    base: String,
    user: Option<String>,
    /// What `~` stands for.
    home: Option<String>,
}

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<SshForward>> {
    context.needs_linux()?;
    let mut gaps = Gaps::default();
    let mut forwards = Vec::new();
    let (mut files, mut malformed) = (0, 0);
    for place in places(context) {
        let text = match context.root.read_text(&place.path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) => {
                gaps.add_error("SSH client configurations", &error);
                continue;
            }
        };
        let mut left = MAX_FILES;
        let mut include = |pattern: &str| {
            let pattern = match (pattern.strip_prefix("~/"), &place.home) {
                (Some(rest), Some(home)) => format!("{home}/{rest}"),
                _ => pattern.to_owned(),
            };
            included(&context.root, &place.base, &pattern, &mut left, &mut gaps)
        };
        let config = parse_ssh_config(&place.path, &text, &mut include);
        files += config.files;
        malformed += config.malformed_lines;
        forwards.extend(config.forwards.into_iter().map(|forward| SshForward {
            path: forward.path,
            user: place.user.clone(),
            hosts: forward.hosts,
            kind: forward.kind,
            specification: forward.specification,
            kept_up: forward.kept_up,
        }));
    }
    gaps.add_many("SSH client configuration lines", Why::Malformed, malformed.into());
    let summary = format!("{} forwardings in {files} files", forwards.len());
    Ok(Reading::with_gaps(forwards, summary, gaps))
}

fn places(context: &Context) -> Vec<Place> {
    let mut places: Vec<Place> = SYSTEM
        .iter()
        .map(|path| Place { path: (*path).to_owned(), base: "/etc/ssh".to_owned(), user: None, home: None })
        .collect();
    let homes = homes(context);
    places.extend(homes.iter().map(|home| Place {
        path: format!("{}/.ssh/config", home.path),
        base: format!("{}/.ssh", home.path),
        user: Some(home.user.clone()),
        home: Some(home.path.clone()),
    }));
    let mut seen: BTreeSet<String> = places.iter().map(|place| place.path.clone()).collect();
    for (path, user) in named_files(context).into_iter().take(MAX_NAMED) {
        if !seen.insert(path.clone()) {
            continue;
        }
        let home = homes.iter().find(|home| user.as_ref() == Some(&home.user)).map(|home| home.path.clone());
        let base = home.as_ref().map_or_else(|| "/etc/ssh".to_owned(), |home| format!("{home}/.ssh"));
        places.push(Place { path, base, user, home });
    }
    places
}

/// Files behind `-F` of SSH clients that run or that units start, with whose they are.
fn named_files(context: &Context) -> Vec<(String, Option<String>)> {
    let facts = &context.earlier;
    let is_client = |program: Option<&str>| {
        let name = program.and_then(|program| program.rsplit('/').next());
        matches!(name, Some("ssh" | "autossh"))
    };
    let mut found = Vec::new();
    for process in &facts.processes {
        if is_client(process.executable.as_deref())
            || is_client(process.arguments.first().map(String::as_str))
        {
            let words = process.arguments.iter().map(String::as_str);
            if let Some(file) = configuration_option(words) {
                let path = match &process.working_directory {
                    Some(directory) if !file.starts_with('/') => format!("{directory}/{file}"),
                    _ => file.to_owned(),
                };
                found.push((path, process.user.clone()));
            }
        }
    }
    for unit in facts.units.iter().filter(|unit| is_client(unit.program.as_deref())) {
        let words = unit.command.as_deref().unwrap_or_default().split_ascii_whitespace();
        if let Some(file) = configuration_option(words) {
            found.push((file.to_owned(), unit.user.clone()));
        }
    }
    found.retain(|(path, _)| path.starts_with('/') && path != "/dev/null" && !path.contains("/../"));
    found
}

/// The value of `-F`, separate or glued.
fn configuration_option<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    while let Some(word) = words.next() {
        match word.strip_prefix("-F") {
            Some("") => return words.next(),
            Some(value) => return Some(value),
            None => {}
        }
    }
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::sync::Arc;

    use bearing_protocol::fact::{Facts, ForwardKind, Process};

    use super::*;
    use crate::testing::Machine;

    #[test]
    fn forwards_of_system_homes_and_named_files_are_read() {
        let machine = Machine::new();
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .file("/etc/ssh/ssh_config", "Include ssh_config.d/*.conf\nHost *\n SendEnv LANG\n")
            .file("/etc/ssh/ssh_config.d/20.conf", "RemoteForward 2222 localhost:22\n")
            .file("/home/anna/.ssh/config", "Include ~/.ssh/conf.d/* missing\nHost x\n")
            .file("/home/anna/.ssh/conf.d/a", "Host relay\nRemoteForward 5900 localhost:5900\n")
            .file("/srv/quiet", "Tunnel ethernet\n");
        let mut context = machine.context();
        let process = Process {
            executable: Some("/usr/bin/ssh".to_owned()),
            arguments: ["ssh", "-F", "quiet", "host"].map(str::to_owned).to_vec(),
            working_directory: Some("/srv".to_owned()),
            user: Some("anna".to_owned()),
            ..Process::default()
        };
        context.earlier = Arc::new(Facts { processes: vec![process], ..Facts::default() });
        let reading = read(&context).unwrap();
        let found: Vec<_> =
            reading.value.iter().map(|f| (f.path.as_str(), f.user.as_deref(), f.kind)).collect();
        assert_eq!(
            found,
            [
                ("/etc/ssh/ssh_config.d/20.conf", None, ForwardKind::Remote),
                ("/home/anna/.ssh/conf.d/a", Some("anna"), ForwardKind::Remote),
                ("/srv/quiet", Some("anna"), ForwardKind::Tunnel),
            ]
        );
        assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
    }

    #[test]
    fn what_would_wait_or_lead_in_circles_is_told() {
        let machine = Machine::new();
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .fifo("/home/anna/.ssh/config")
            .link("/etc/ssh/ssh_config", "/etc/ssh/ssh_config");
        let reading = read(&machine.context()).unwrap();
        assert!(reading.value.is_empty());
        assert_eq!(reading.gaps.count("SSH client configurations", Why::Malformed), 1);
        assert_eq!(reading.gaps.count("SSH client configurations", Why::Failed), 1);
    }
}
