//! passwd(5) and group(5).
//!
//! Always: a line with the wrong number of fields or a number that is none is skipped, as glibc does.

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswdEntry {
    /// Name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Home directory.
    pub home: String,
    /// Login shell; empty means `/bin/sh`.
    pub shell: String,
}

/// Ids that distributions give to people: login.defs(5), `UID_MIN` and `UID_MAX`, and behind them those of
/// systemd-homed (systemd's `UIDS-GIDS.md`).
const PEOPLE: std::ops::RangeInclusive<u32> = 1000..=60_513;

impl PasswdEntry {
    /// Whether a person can sign in with it: root or an ordinary id, and a shell that is one.
    pub fn is_interactive(&self) -> bool {
        let program = self.shell.rsplit('/').next().unwrap_or_default();
        let closed =
            matches!(program, "nologin" | "false" | "true" | "sync" | "halt" | "shutdown" | "git-shell");
        !closed && (self.uid == 0 || PEOPLE.contains(&self.uid))
    }
}

/// Reads passwd, at most `max_entries`.
pub fn parse_passwd(text: &str, max_entries: usize) -> Vec<PasswdEntry> {
    let entry = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields.as_slice() else { return None };
        // `+name` and `-name` lines ask NIS (nsswitch.conf(5)); they are no accounts of this file.
        if name.is_empty() || name.starts_with(['+', '-', '#']) {
            return None;
        }
        Some(PasswdEntry {
            name: (*name).to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            home: (*home).to_owned(),
            shell: (*shell).trim_end().to_owned(),
        })
    };
    text.lines().filter_map(entry).take(max_entries).collect()
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEntry {
    /// Name.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// Members beyond those whose primary group it is.
    pub members: Vec<String>,
}

/// Reads group, at most `max_entries`.
pub fn parse_group(text: &str, max_entries: usize) -> Vec<GroupEntry> {
    let entry = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members] = fields.as_slice() else { return None };
        if name.is_empty() || name.starts_with(['+', '-', '#']) {
            return None;
        }
        let members = members.split(',').map(str::trim).filter(|m| !m.is_empty()).map(str::to_owned);
        Some(GroupEntry { name: (*name).to_owned(), gid: gid.parse().ok()?, members: members.collect() })
    };
    text.lines().filter_map(entry).take(max_entries).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accounts_are_read_from_a_capture() {
        let accounts = parse_passwd(include_str!("../../captures/linux-6.18/passwd"), 100);
        let root = accounts.iter().find(|a| a.name == "root").unwrap();
        assert!(root.is_interactive());
        let postgres = accounts.iter().find(|a| a.name == "postgres").unwrap();
        assert_eq!((postgres.shell.as_str(), postgres.is_interactive()), ("/bin/bash", false));
        let groups = parse_group(include_str!("../../captures/linux-6.18/group"), 100);
        assert_eq!(groups.iter().find(|g| g.name == "ssl-cert").unwrap().members, ["postgres"]);
    }

    #[test]
    fn garbage_is_skipped() {
        let text = "+::::::\nanna:x:1000:1000:A:/home/anna:/bin/zsh\nno:x:notanumber:1:::\nshort:x:1\n\u{1b}[31m:x:1001:1:::\n";
        let names: Vec<_> = parse_passwd(text, 10).into_iter().map(|a| a.name).collect();
        assert_eq!(names, ["anna", "\u{1b}[31m"]);
        assert!(parse_passwd("n:x:1000:1000::/n:/usr/sbin/nologin\n", 1).iter().all(|a| !a.is_interactive()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a:0-9+,\n é]{0,200}") {
            let _ = parse_passwd(&text, 5);
            let _ = parse_group(&text, 5);
        }
    }
}
