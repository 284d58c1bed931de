//! `/proc/PID/{stat,status,cmdline}`: proc_pid_stat(5), proc_pid_status(5), proc_pid_cmdline(5).
//!
//! Always: bytes come from whoever started the process. `comm` may hold `)`, blanks and line feeds, `argv`
//! anything at all; nothing here trusts either beyond its place in the line.

/// Flag of kernel threads in the ninth field of `stat` (`PF_KTHREAD`, include/linux/sched.h).
const PF_KTHREAD: u64 = 0x0020_0000;
/// Most bytes of `cmdline` that are kept.
pub const MAX_CMDLINE_BYTES: usize = 64 * 1024;
/// Most arguments that are kept.
pub const MAX_ARGUMENTS: usize = 1024;

/// What `stat` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Process id.
    pub pid: u32,
    /// Short name.
    pub name: String,
    /// Parent.
    pub parent: u32,
    /// Whether the kernel says it is one of its own threads.
    pub kernel_thread: bool,
    /// Start, in clock ticks after boot.
    pub started_ticks: u64,
}

/// Reads `stat`. `None` where the line is not one.
pub fn parse_stat(bytes: &[u8]) -> Option<Stat> {
    // The name is between the first `(` and the last `)`: it may contain both.
    let open = bytes.iter().position(|b| *b == b'(')?;
    let close = bytes.iter().rposition(|b| *b == b')')?;
    let pid = std::str::from_utf8(bytes.get(..open)?).ok()?.trim().parse().ok()?;
    let name = String::from_utf8_lossy(bytes.get(open + 1..close)?).into_owned();
    let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().take(20).collect();
    Some(Stat {
        pid,
        name,
        parent: fields.get(1)?.parse().ok()?,
        kernel_thread: fields.get(6)?.parse::<u64>().ok()? & PF_KTHREAD != 0,
        started_ticks: fields.get(19)?.parse().ok()?,
    })
}

/// What `status` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Short name, with the kernel's escapes (`\n`, `\\`) undone.
    pub name: Option<String>,
    /// Parent.
    pub parent: Option<u32>,
    /// Real user id.
    pub uid: Option<u32>,
    /// Whether it is a kernel thread (Linux 6.8 and later say so).
    pub kernel_thread: Option<bool>,
}

/// Reads `status`. Lines it does not know are skipped.
pub fn parse_status(bytes: &[u8]) -> Status {
    let text = String::from_utf8_lossy(bytes);
    let mut status = Status::default();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key {
            "Name" if status.name.is_none() => {
                status.name = Some(value.replace("\\n", "\n").replace("\\\\", "\\"));
            }
            "PPid" => status.parent = value.parse().ok(),
            "Uid" => status.uid = value.split_ascii_whitespace().next().and_then(|uid| uid.parse().ok()),
            "Kthread" => status.kernel_thread = Some(value == "1"),
            _ => {}
        }
    }
    status
}

/// The arguments in `cmdline`, and whether some were left out. Padding NULs at the end (programs that
/// overwrite their own title leave them) are no arguments.
pub fn parse_cmdline(bytes: &[u8]) -> (Vec<String>, bool) {
    let window = bytes.get(..MAX_CMDLINE_BYTES).unwrap_or(bytes);
    let end = window.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let window_cut = bytes.len() > MAX_CMDLINE_BYTES;
    let Some(used) = window.get(..end).filter(|used| !used.is_empty()) else {
        return (Vec::new(), window_cut);
    };
    let mut pieces = used.split(|b| *b == 0);
    let arguments: Vec<String> = pieces
        .by_ref()
        .take(MAX_ARGUMENTS)
        .map(|piece| String::from_utf8_lossy(piece).into_owned())
        .collect();
    let more = pieces.next().is_some();
    (arguments, more || window_cut)
}

/// The target of an `exe` or `cwd` link, and whether the kernel marked it as gone.
pub fn split_deleted(target: &str) -> (&str, bool) {
    target.strip_suffix(" (deleted)").map_or((target, false), |path| (path, true))
}

/// The boot time in `/proc/stat`, seconds since 1970.
pub fn parse_boot_time(bytes: &[u8]) -> Option<i64> {
    String::from_utf8_lossy(bytes).lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stat_line_is_read_from_a_capture() {
        let stat = parse_stat(include_bytes!("../../captures/linux-6.18/proc_pid_stat")).unwrap();
        assert_eq!((stat.name.as_str(), stat.kernel_thread), ("sh", false));
        let thread = parse_stat(include_bytes!("../../captures/linux-6.18/proc_kthread_stat")).unwrap();
        assert_eq!((thread.name.as_str(), thread.parent, thread.kernel_thread), ("kthreadd", 0, true));
    }

    #[test]
    fn a_name_with_parentheses_and_line_feeds_stays_in_its_field() {
        let line = b"42 (a) S 1 (\n) R 7 0 0 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 555 0 0";
        let stat = parse_stat(line).unwrap();
        assert_eq!((stat.name.as_str(), stat.parent, stat.started_ticks), ("a) S 1 (\n", 7, 555));
    }

    #[test]
    fn status_gives_the_real_user() {
        let status =
            parse_status(b"Name:\ta\\nb\nUmask:\t0022\nPPid:\t12\nUid:\t1000\t0\t0\t0\nKthread:\t0\n");
        assert_eq!(status.name.as_deref(), Some("a\nb"));
        assert_eq!((status.parent, status.uid, status.kernel_thread), (Some(12), Some(1000), Some(false)));
    }

    #[test]
    fn arguments_are_split_and_padding_is_dropped() {
        assert_eq!(
            parse_cmdline(b"ssh\x00-R\x002222:localhost:22\0\0\0"),
            (vec!["ssh".to_owned(), "-R".to_owned(), "2222:localhost:22".to_owned()], false)
        );
        assert_eq!(parse_cmdline(b"a\0\0b\0").0, ["a", "", "b"]);
        assert_eq!(parse_cmdline(b""), (vec![], false));
    }

    #[test]
    fn a_two_megabyte_command_line_is_cut_and_said_so() {
        let (arguments, cut) = parse_cmdline(&vec![b'x'; 2 * 1024 * 1024]);
        assert_eq!((arguments.len(), arguments[0].len(), cut), (1, MAX_CMDLINE_BYTES, true));
        let (arguments, cut) = parse_cmdline(&b"a\0".repeat(5000));
        assert_eq!((arguments.len(), cut), (MAX_ARGUMENTS, true));
    }

    #[test]
    fn binary_arguments_become_text() {
        assert_eq!(parse_cmdline(b"\xff\xfe\x1b[31m\0").0, ["\u{fffd}\u{fffd}\u{1b}[31m"]);
    }

    #[test]
    fn a_deleted_program_is_told_by_its_link() {
        assert_eq!(split_deleted("/tmp/frpc (deleted)"), ("/tmp/frpc", true));
        assert_eq!(split_deleted("/usr/bin/ssh"), ("/usr/bin/ssh", false));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_stat(&bytes);
            let _ = parse_status(&bytes);
            let _ = parse_cmdline(&bytes);
            let _ = parse_boot_time(&bytes);
        }
    }
}
