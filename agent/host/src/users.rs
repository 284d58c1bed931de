//! Accounts of this machine, and who may act as administrator.
//!
//! Always: accounts come from files. Those of a directory service are not in them: they are known by
//! their home directories only, and that is said.

pub mod passwd;
pub mod sudoers;

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::fact::User;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    root::{FileKind, Root},
};
use passwd::{GroupEntry, PasswdEntry, parse_group, parse_passwd};
use sudoers::{Grantee, Include, parse_sudoers};

const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_ACCOUNTS: usize = 20_000;
const MAX_SUDOERS_FILES: usize = 256;
/// Most homes that sources look into.
const MAX_HOMES: usize = 256;

/// Groups that distributions let act as root: sudo (Debian), wheel (Fedora, Arch), admin (old Ubuntu).
const ADMINISTRATOR_GROUPS: [&str; 3] = ["sudo", "wheel", "admin"];

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<User>> {
    context.needs_linux()?;
    let root = &context.root;
    let accounts = parse_passwd(&root.read_text("/etc/passwd", MAX_BYTES)?, MAX_ACCOUNTS);
    let mut gaps = Gaps::default();
    let groups = match root.read_text("/etc/group", MAX_BYTES) {
        Ok(text) => parse_group(&text, MAX_ACCOUNTS),
        Err(error) => {
            gaps.add("group files", error.kind.into());
            Vec::new()
        }
    };
    let grants = sudo_grants(root, &mut gaps);
    if uses_directory(root) {
        gaps.note("accounts of a directory service are not in files");
    }
    let users: Vec<User> = accounts.iter().map(|account| describe(account, &groups, &grants)).collect();
    let people = users.iter().filter(|user| user.interactive).count();
    let summary = format!("{} accounts, {people} of them for people", users.len());
    Ok(Reading::with_gaps(users, summary, gaps))
}

fn describe(account: &PasswdEntry, groups: &[GroupEntry], grants: &BTreeMap<Grantee, String>) -> User {
    let memberships =
        groups.iter().filter(|group| group.gid == account.gid || group.members.contains(&account.name));
    let mut reason = (account.uid == 0).then(|| "uid 0".to_owned());
    let own = [Grantee::All, Grantee::User(account.name.clone()), Grantee::UserId(account.uid)];
    let by_file = |grantee: &Grantee| grants.get(grantee).cloned();
    reason = reason.or_else(|| own.iter().find_map(by_file));
    for group in memberships {
        let well_known = || {
            let known = ADMINISTRATOR_GROUPS.contains(&group.name.as_str());
            known.then(|| format!("group `{}`", group.name))
        };
        reason = reason
            .or_else(well_known)
            .or_else(|| by_file(&Grantee::Group(group.name.clone())))
            .or_else(|| by_file(&Grantee::GroupId(group.gid)));
    }
    let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    User {
        name: account.name.clone(),
        uid: account.uid.to_string(),
        home: text(&account.home),
        shell: text(&account.shell),
        interactive: account.is_interactive(),
        administrator: reason.is_some(),
        administrator_by: reason,
    }
}

/// Who is granted everything, and by which file.
fn sudo_grants(root: &Root, gaps: &mut Gaps) -> BTreeMap<Grantee, String> {
    let mut grants = BTreeMap::new();
    let mut waiting = vec!["/etc/sudoers".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if seen.len() == MAX_SUDOERS_FILES {
            gaps.add("sudoers files", Why::OverLimit);
            break;
        }
        if !seen.insert(path.clone()) {
            continue;
        }
        let text = match root.read_text(&path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) => {
                gaps.add_error("sudoers files", &error);
                continue;
            }
        };
        let sudoers = parse_sudoers(&text);
        for grantee in sudoers.grantees {
            grants.entry(grantee).or_insert_with(|| format!("rule in `{path}`"));
        }
        for include in sudoers.includes {
            match include {
                Include::File(file) => waiting.push(absolute("/etc", &file)),
                Include::Directory(directory) => {
                    let directory = absolute("/etc", &directory);
                    match root.list_dir(&directory, MAX_SUDOERS_FILES) {
                        // sudo skips names with a dot or a trailing `~` (sudoers(5), "Including other files").
                        Ok(listing) => waiting.extend(
                            listing
                                .names
                                .iter()
                                .filter(|name| !name.contains('.') && !name.ends_with('~'))
                                .map(|name| format!("{directory}/{name}")),
                        ),
                        Err(error) => gaps.add_error("sudoers files", &error),
                    }
                }
            }
        }
    }
    grants
}

fn absolute(base: &str, path: &str) -> String {
    if path.starts_with('/') { path.trim_end_matches('/').to_owned() } else { format!("{base}/{path}") }
}

/// Whether nsswitch.conf(5) asks somebody else for accounts.
fn uses_directory(root: &Root) -> bool {
    let text = root.read_text("/etc/nsswitch.conf", MAX_BYTES).unwrap_or_default();
    text.lines().filter_map(|line| line.trim().strip_prefix("passwd:")).any(|sources| {
        sources
            .split_ascii_whitespace()
            .any(|word| matches!(word, "sss" | "ldap" | "winbind" | "nis" | "nisplus"))
    })
}

/// A home directory and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// User name; the directory's name where no account claims it.
    pub(crate) user: String,
    /// The directory.
    pub(crate) path: String,
}

/// Homes of people and of root: those of accounts, and directories under `/home` that belong to accounts
/// of a directory service.
pub(crate) fn homes(context: &Context) -> Vec<Home> {
    let root = &context.root;
    let mut homes: Vec<Home> = Vec::new();
    let mut add = |user: &str, path: &str| {
        let path = path.trim_end_matches('/');
        if path.starts_with('/') && homes.len() < MAX_HOMES && !homes.iter().any(|home| home.path == path) {
            homes.push(Home { user: user.to_owned(), path: path.to_owned() });
        }
    };
    if context.earlier.users.is_empty() {
        let text = root.read_text("/etc/passwd", MAX_BYTES).unwrap_or_default();
        for account in parse_passwd(&text, MAX_ACCOUNTS).iter().filter(|account| account.is_interactive()) {
            add(&account.name, &account.home);
        }
    }
    for user in &context.earlier.users {
        if let Some(home) = user.home.as_deref().filter(|_| user.interactive || user.uid == "0") {
            add(&user.name, home);
        }
    }
    if root.exists("/root") {
        add("root", "/root");
    }
    for name in root.list_dir("/home", MAX_HOMES).unwrap_or_default().names {
        let path = format!("/home/{name}");
        if name != "lost+found" && root.link_metadata(&path).is_ok_and(|m| m.kind == FileKind::Directory) {
            add(&name, &path);
        }
    }
    homes
}

#[cfg(test)]
mod tests;
