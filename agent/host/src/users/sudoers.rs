//! sudoers(5), as far as "may run anything as root" needs it.
//!
//! Always: only a rule that grants every command counts; host lists are taken as matching, since the file
//! lies on this host; negated commands do not take the grant back, because sudoers(5) says that they do not.

use std::collections::BTreeMap;

/// Who is granted everything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    /// A user by name.
    User(String),
    /// A user by id.
    UserId(u32),
    /// A group by name.
    Group(String),
    /// A group by id.
    GroupId(u32),
    /// Everybody.
    All,
}

/// What a sudoers file tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sudoers {
    /// Who may run everything as root.
    pub grantees: Vec<Grantee>,
    /// Directories and files it includes, directories marked.
    pub includes: Vec<Include>,
}

/// A file or a directory that is read too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Include {
    /// `@include`.
    File(String),
    /// `@includedir`.
    Directory(String),
}

const MAX_LINES: usize = 4_000;
const MAX_DEPTH: usize = 4;

/// Reads one file.
pub fn parse_sudoers(text: &str) -> Sudoers {
    let mut sudoers = Sudoers::default();
    let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut rules: Vec<String> = Vec::new();
    for line in joined_lines(text) {
        let line = line.trim();
        // `#include` is old spelling and no comment; `#1000` at a line's start is a user id.
        if let Some(include) = include_of(line) {
            sudoers.includes.push(include);
        } else if let Some(rest) =
            line.strip_prefix("User_Alias").filter(|rest| rest.starts_with([' ', '\t']))
        {
            for definition in rest.split(':') {
                if let Some((name, members)) = definition.split_once('=') {
                    aliases.insert(name.trim().to_owned(), list(members));
                }
            }
        } else if !["Defaults", "Host_Alias", "Cmnd_Alias", "Cmd_Alias", "Runas_Alias"]
            .iter()
            .any(|word| line.starts_with(word))
        {
            rules.push(line.to_owned());
        }
    }
    for rule in rules {
        let Some((who, grant)) = split_rule(&rule) else { continue };
        if !grants_everything(grant) {
            continue;
        }
        for name in list(who) {
            expand(&name, &aliases, MAX_DEPTH, &mut sudoers.grantees);
        }
    }
    sudoers.grantees.sort();
    sudoers.grantees.dedup();
    sudoers
}

fn joined_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut pending = String::new();
    for line in text.lines().take(MAX_LINES) {
        let line = strip_comment(line);
        if let Some(head) = line.strip_suffix('\\') {
            pending.push_str(head);
            pending.push(' ');
        } else {
            pending.push_str(line);
            lines.push(std::mem::take(&mut pending));
        }
    }
    lines.push(pending);
    lines
}

/// Cuts a comment: `#` that is neither an include nor before a digit.
fn strip_comment(line: &str) -> &str {
    if line.trim_start().starts_with("#include") {
        return line;
    }
    let comment = line.char_indices().find(|(at, c)| {
        let next_is_digit = line.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
        *c == '#' && !next_is_digit
    });
    comment.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

fn include_of(line: &str) -> Option<Include> {
    let rest = line.strip_prefix(['@', '#'])?;
    let (word, path) = rest.split_once([' ', '\t'])?;
    let path = path.trim().trim_matches('"').to_owned();
    match word {
        "include" => Some(Include::File(path)),
        "includedir" => Some(Include::Directory(path)),
        _ => None,
    }
}

/// The users before and the grants behind a rule's first blank outside a list (`a, b ALL=(ALL) ALL`).
fn split_rule(rule: &str) -> Option<(&str, &str)> {
    let (left, _) = rule.split_once('=')?;
    // The host list is the last word of the left side; it may itself be a list with commas.
    let mut end = left.trim_end().len();
    loop {
        let head = left.get(..end)?;
        let cut = head.rfind([' ', '\t'])?;
        let before = head.get(..cut)?.trim_end();
        if before.ends_with(',') || head.get(cut..)?.trim_start().starts_with(',') {
            end = before.trim_end_matches(',').trim_end().len();
            continue;
        }
        return Some((before, rule.get(left.len() + 1..)?));
    }
}

/// Whether a grant (`(ALL:ALL) NOPASSWD: ALL`) covers every command as root.
fn grants_everything(grant: &str) -> bool {
    let mut as_root = true;
    let mut rest = grant.trim();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('(') {
            let (runas, after) = inner.split_once(')').unwrap_or((inner, ""));
            let users = runas.split(':').next().unwrap_or_default();
            as_root = list(users).iter().any(|user| matches!(user.as_str(), "ALL" | "root" | "#0"));
            rest = after.trim_start();
            continue;
        }
        let (item, after) = match rest.find([',', '(']) {
            Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at..).unwrap_or_default()),
            None => (rest, ""),
        };
        // Tags end with a colon: `NOPASSWD:ALL`, `SETENV: NOEXEC: ALL`.
        let command = item.rsplit(':').next().unwrap_or_default().trim();
        if as_root && command == "ALL" {
            return true;
        }
        rest = after.trim_start_matches(',').trim_start();
    }
    false
}

fn list(text: &str) -> Vec<String> {
    text.split(',')
        .map(|item| item.trim().trim_matches('"').to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

fn expand(name: &str, aliases: &BTreeMap<String, Vec<String>>, depth: usize, out: &mut Vec<Grantee>) {
    if let Some(members) = aliases.get(name) {
        if depth > 0 {
            for member in members {
                expand(member, aliases, depth - 1, out);
            }
        }
        return;
    }
    let id = |text: &str| text.parse::<u32>().ok();
    let grantee = if name == "ALL" {
        Some(Grantee::All)
    } else if let Some(gid) = name.strip_prefix("%#") {
        id(gid).map(Grantee::GroupId)
    } else if let Some(group) = name.strip_prefix('%') {
        Some(Grantee::Group(group.to_owned()))
    } else if let Some(uid) = name.strip_prefix('#') {
        id(uid).map(Grantee::UserId)
    } else if name.starts_with(['!', '+']) {
        None
    } else {
        Some(Grantee::User(name.to_owned()))
    };
    out.extend(grantee);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grantees(text: &str) -> Vec<Grantee> {
        parse_sudoers(text).grantees
    }

    #[test]
    fn the_usual_file_is_understood() {
        let text = "Defaults env_reset\nroot\tALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) NOPASSWD: ALL # x\n\n@includedir /etc/sudoers.d\n#include /etc/more\n# includes nothing\n";
        let read = parse_sudoers(text);
        assert_eq!(read.grantees, [Grantee::User("root".into()), Grantee::Group("sudo".into())]);
        assert_eq!(
            read.includes,
            [Include::Directory("/etc/sudoers.d".into()), Include::File("/etc/more".into())]
        );
    }

    #[test]
    fn a_single_command_is_no_administrator() {
        assert_eq!(grantees("anna ALL=(root) /usr/bin/apt update\nbob ALL=(www-data) ALL\n"), []);
        assert_eq!(grantees("anna ALL = (www) /bin/x, (root) ALL\n"), [Grantee::User("anna".into())]);
    }

    #[test]
    fn aliases_lists_and_ids_are_followed() {
        let text = "User_Alias ADMINS = anna, %ops : MORE = #1002\nADMINS, MORE ALL=ALL\ncarl, dora \\\n  ws1, ws2 = NOPASSWD:ALL\n#1005 ALL=(ALL) ALL\n";
        assert_eq!(
            grantees(text),
            [
                Grantee::User("anna".into()),
                Grantee::User("carl".into()),
                Grantee::User("dora".into()),
                Grantee::UserId(1002),
                Grantee::UserId(1005),
                Grantee::Group("ops".into()),
            ]
        );
    }

    #[test]
    fn an_alias_of_itself_ends() {
        assert_eq!(grantees("User_Alias A = A, B\nUser_Alias B = A\nA ALL=ALL\n"), []);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(ALL|=|,|:|\\(|\\)|%|#|@include| |\\\\|a|é|!|\n)*") {
            let _ = parse_sudoers(&text);
        }
    }
}
