//! Desktop entries, what starts at sign-in, and cron tables.

pub mod cron;
pub mod desktop_entry;

use bearing_protocol::fact::{Autostart, AutostartKind};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::Root,
    users::{Home, homes},
};
use cron::{Table, parse_crontab};
use desktop_entry::parse_desktop_entry;

/// Most entries of one directory.
const MAX_ENTRIES: usize = 5_000;
/// Most bytes of one file; office suites' translated entries have some hundred thousand.
const MAX_FILE_BYTES: usize = 512 * 1024;
/// Most jobs of one cron table.
const MAX_JOBS: usize = 1_000;

const SIGN_IN: [&str; 2] = ["/etc/xdg/autostart", "/usr/etc/xdg/autostart"];
const MENUS: [&str; 4] = [
    "/usr/share/applications",
    "/usr/local/share/applications",
    "/var/lib/flatpak/exports/share/applications",
    "/var/lib/snapd/desktop/applications",
];
const SIGN_IN_OF_USER: &str = ".config/autostart";
const MENUS_OF_USER: [&str; 2] =
    [".local/share/applications", ".local/share/flatpak/exports/share/applications"];
/// Debian's and Red Hat's places of users' tables.
const SPOOLS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Autostart>> {
    context.needs_linux()?;
    let mut scan = Scan { root: &context.root, gaps: Gaps::default(), entries: Vec::new(), places: 0 };
    for directory in SIGN_IN {
        scan.desktop_entries(directory, AutostartKind::SignIn, None);
    }
    for directory in MENUS {
        scan.desktop_entries(directory, AutostartKind::DesktopEntry, None);
    }
    for Home { user, path } in homes(context) {
        scan.desktop_entries(&format!("{path}/{SIGN_IN_OF_USER}"), AutostartKind::SignIn, Some(&user));
        for below in MENUS_OF_USER {
            scan.desktop_entries(&format!("{path}/{below}"), AutostartKind::DesktopEntry, Some(&user));
        }
    }
    scan.table("/etc/crontab", "crontab", Table::System, None);
    for name in scan.list("/etc/cron.d") {
        // cron passes over names with a dot (cron(8), Debian).
        if !name.contains('.') {
            scan.table(&format!("/etc/cron.d/{name}"), &name, Table::System, None);
        }
    }
    for spool in SPOOLS {
        for name in scan.list(spool) {
            scan.table(&format!("{spool}/{name}"), &name, Table::User, Some(&name));
        }
    }
    if scan.places == 0 {
        let gaps = scan.gaps.describe();
        return Err(if gaps.is_empty() {
            Unread::unsupported("no desktop entries and no cron tables")
        } else {
            Unread::Denied(gaps)
        });
    }
    let count = |kind| scan.entries.iter().filter(|entry| entry.kind == kind).count();
    let summary = format!(
        "{} menu entries, {} started at sign-in, {} scheduled",
        count(AutostartKind::DesktopEntry),
        count(AutostartKind::SignIn),
        count(AutostartKind::Schedule)
    );
    Ok(Reading::with_gaps(scan.entries, summary, scan.gaps))
}

struct Scan<'a> {
    root: &'a Root,
    gaps: Gaps,
    entries: Vec<Autostart>,
    /// Directories and files that were there.
    places: u32,
}

impl Scan<'_> {
    fn list(&mut self, directory: &str) -> Vec<String> {
        match self.root.list_dir(directory, MAX_ENTRIES) {
            Ok(listing) => {
                self.places += 1;
                if listing.truncated {
                    self.gaps.add("directories", Why::OverLimit);
                }
                listing.names
            }
            Err(error) => {
                self.gaps.add_error("directories", &error);
                Vec::new()
            }
        }
    }

    fn desktop_entries(&mut self, directory: &str, kind: AutostartKind, user: Option<&str>) {
        for name in self.list(directory) {
            if !name.ends_with(".desktop") {
                continue;
            }
            let path = format!("{directory}/{name}");
            let text = match self.root.read_text(&path, MAX_FILE_BYTES) {
                Ok(text) => text,
                Err(error) => {
                    self.gaps.add_error("desktop entries", &error);
                    continue;
                }
            };
            let Some(entry) = parse_desktop_entry(&text) else {
                self.gaps.add("desktop entries", Why::Malformed);
                continue;
            };
            self.entries.push(Autostart {
                kind,
                name,
                path,
                user: user.map(str::to_owned),
                title: entry.title,
                program: entry.program,
                command: entry.command,
                disabled: entry.disabled,
            });
        }
    }

    fn table(&mut self, path: &str, name: &str, table: Table, user: Option<&str>) {
        let text = match self.root.read_text(path, MAX_FILE_BYTES) {
            Ok(text) => text,
            Err(error) => {
                // `/var/spool/cron` holds Debian's directory of tables, which is read by itself.
                if error.kind != crate::root::ReadErrorKind::NotAFile {
                    self.gaps.add_error("cron tables", &error);
                }
                return;
            }
        };
        self.places += 1;
        let jobs = parse_crontab(&text, table, MAX_JOBS);
        self.entries.extend(jobs.into_iter().map(|job| Autostart {
            kind: AutostartKind::Schedule,
            name: name.to_owned(),
            path: path.to_owned(),
            user: user.map(str::to_owned).or(job.user),
            title: Some(job.when),
            program: job.program,
            command: Some(job.command),
            disabled: false,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn what_starts_by_itself_is_told_from_what_is_only_installed() {
        let machine = Machine::new();
        let entry = "[Desktop Entry]\nName=Tool\nExec=/opt/tool/run %u\n";
        machine
            .file("/usr/share/applications/tool.desktop", entry)
            .file("/etc/xdg/autostart/tool.desktop", entry)
            .file("/home/anna/.config/autostart/tool.desktop", format!("{entry}Hidden=true\n"))
            .file("/etc/cron.d/tool", "@reboot root /opt/tool/run\n")
            .file("/etc/cron.d/tool.dpkg-old", "@reboot root /opt/tool/old\n")
            .file("/var/spool/cron/crontabs/anna", "@reboot /home/anna/frpc\n")
            .file("/usr/share/applications/broken.desktop", "no entry\n");
        let reading = read(&machine.context()).unwrap();
        let found: Vec<_> = reading
            .value
            .iter()
            .map(|e| (e.kind, e.user.as_deref(), e.program.as_deref().unwrap_or_default(), e.disabled))
            .collect();
        assert_eq!(
            found,
            [
                (AutostartKind::SignIn, None, "/opt/tool/run", false),
                (AutostartKind::DesktopEntry, None, "/opt/tool/run", false),
                (AutostartKind::SignIn, Some("anna"), "/opt/tool/run", true),
                (AutostartKind::Schedule, Some("root"), "/opt/tool/run", false),
                (AutostartKind::Schedule, Some("anna"), "/home/anna/frpc", false),
            ]
        );
        assert_eq!(reading.gaps.count("desktop entries", Why::Malformed), 1);
        assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
    }
}
