use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;

use crate::report::{DEFAULT_WIDTH, Page, Paint};

/// How a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A page for standard output: as wide as the terminal, in colour only there and where `NO_COLOR` is not set.
pub(super) fn page() -> Page {
    let terminal = io::stdout().is_terminal();
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let paint = if terminal && !no_colour { Paint::Colour } else { Paint::Plain };
    let width =
        if terminal { terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) } else { None };
    Page::new(width.unwrap_or(DEFAULT_WIDTH), paint)
}

/// Whether this process has an administrator's rights.
pub(super) fn is_administrator() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    false
}

/// Writes to standard output. A reader that went away (`| head`) is no error.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes `value` as indented JSON. Text inside is escaped as JSON escapes it: control characters never reach
/// a terminal raw.
pub(super) fn print_json<T: serde::Serialize>(value: &T) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    text.push('\n');
    print(&text)
}
