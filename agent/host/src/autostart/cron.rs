//! cron tables: crontab(5), with Debian's system tables that name a user.
//!
//! Always: assignments, comments and what is no entry are skipped.

use super::desktop_entry::program_of;

/// Whether a table's entries name the user they run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `/etc/crontab`, `/etc/cron.d/*`.
    System,
    /// `/var/spool/cron/crontabs/NAME`.
    User,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronEntry {
    /// When, as written (`@reboot`, `17 * * * *`).
    pub when: String,
    /// As whom, in system tables.
    pub user: Option<String>,
    /// The command.
    pub command: String,
    /// Its program.
    pub program: Option<String>,
}

/// Reads a table, at most `max_entries`.
pub fn parse_crontab(text: &str, table: Table, max_entries: usize) -> Vec<CronEntry> {
    text.lines().filter_map(|line| parse_line(line, table)).take(max_entries).collect()
}

fn parse_line(line: &str, table: Table) -> Option<CronEntry> {
    let line = line.trim();
    let first = line.chars().next()?;
    if first == '#' {
        return None;
    }
    let fields = if first == '@' {
        1
    } else if first.is_ascii_digit() || first == '*' {
        5
    } else {
        return None;
    };
    let (when, rest) = take_fields(line, fields)?;
    let (user, command) = match table {
        Table::System => {
            let (user, rest) = take_fields(rest, 1)?;
            (Some(user.to_owned()), rest)
        }
        Table::User => (None, rest),
    };
    if command.is_empty() {
        return None;
    }
    let when = when.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    Some(CronEntry { when, user, program: program_of(command), command: command.to_owned() })
}

/// Cuts off the first `count` fields: they, and the rest without blanks before it.
fn take_fields(text: &str, count: usize) -> Option<(&str, &str)> {
    let mut rest = text;
    for _ in 0..count {
        let end = rest.find([' ', '\t'])?;
        rest = rest.get(end..)?.trim_start();
    }
    Some((text.get(..text.len() - rest.len())?.trim_end(), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_system_table_is_read_from_a_capture() {
        let read = parse_crontab(include_str!("../../captures/linux-6.18/crontab"), Table::System, 50);
        assert_eq!(read.len(), 4);
        assert_eq!((read[0].when.as_str(), read[0].user.as_deref()), ("17 * * * *", Some("root")));
        assert_eq!(read[0].command, "cd / && run-parts --report /etc/cron.hourly");
    }

    #[test]
    fn a_user_table_starts_things_at_boot() {
        let read =
            parse_crontab("MAILTO=x\n# no\n@reboot  /home/a/.x/frpc -c y\nnoise here\n", Table::User, 50);
        assert_eq!(
            read,
            [CronEntry {
                when: "@reboot".to_owned(),
                user: None,
                command: "/home/a/.x/frpc -c y".to_owned(),
                program: Some("/home/a/.x/frpc".to_owned()),
            }]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[@*0-9 \ta-zé\n#=]{0,200}") {
            let _ = parse_crontab(&text, Table::System, 5);
            let _ = parse_crontab(&text, Table::User, 5);
        }
    }
}
