//! The service's log: one line per event on standard error, which the service manager keeps.
//!
//! Always: each line starts with its priority as the journal understands it (`<4>` is a warning), and nothing that a
//! machine or a server said can begin a line of its own or reach a terminal raw. Never here: spans, filters, files.

use std::{
    fmt::{self, Write as _},
    io::Write as _,
};

use bearing_protocol::text::printable;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::{SetGlobalDefaultError, set_global_default},
};

/// Begins to log. Once in a process.
///
/// # Errors
/// Where something logs already.
pub fn begin() -> Result<(), SetGlobalDefaultError> {
    set_global_default(Log)
}

/// Writes events and knows no spans.
struct Log;

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO
    }
    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _span: &Id, _values: &Record<'_>) {}
    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}
    fn enter(&self, _span: &Id) {}
    fn exit(&self, _span: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        // Where standard error is gone there is nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "{}", line.finish(*event.metadata().level()));
    }
}

/// One event as a line.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn finish(self, level: Level) -> String {
        // syslog's priorities: sd-daemon(3).
        let priority = match level {
            Level::ERROR => 3,
            Level::WARN => 4,
            _ => 6,
        };
        format!("<{priority}>{}", printable(&format!("{}{}", self.message, self.fields), MAX_LINE_CHARS))
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            let _ = write!(self.fields, " {}={value:?}", field.name());
        }
    }
}

const MAX_LINE_CHARS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_whatever_was_said() {
        let line = Line { message: "refused: a\n<0>b\u{1b}[31m".into(), fields: " sequence=7".into() };
        assert_eq!(line.finish(Level::WARN), "<4>refused: a\\u{a}<0>b\\u{1b}[31m sequence=7");
        assert!(Line::default().finish(Level::INFO).starts_with("<6>"));
    }
}
