//! Lines of text for a terminal or a file.
//!
//! Always: text is wrapped at the page's width, what comes from a machine has passed
//! [`bearing_protocol::text::printable`] before it is laid out, and colour is only written where it was asked for.

use std::fmt::Write as _;

use bearing_protocol::{severity::Severity, text::printable};

/// Whether colours are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Plain text, for files and pipes.
    Plain,
    /// ANSI colours.
    Colour,
}

/// A style for a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A heading or a name.
    Strong,
    /// Less important.
    Faint,
    /// Good news.
    Good,
    /// Worth a look.
    Warning,
    /// Bad news.
    Alarm,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Alarm => "1;31",
        }
    }

    /// How a severity is shown.
    pub const fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Critical | Severity::High => Self::Alarm,
            Severity::Medium => Self::Warning,
            Severity::Low => Self::Strong,
            Severity::Informational => Self::Faint,
        }
    }
}

/// A page that is being written.
#[derive(Debug)]
pub struct Page {
    out: String,
    width: usize,
    paint: Paint,
}

impl Page {
    /// An empty page, `width` columns wide.
    pub fn new(width: usize, paint: Paint) -> Self {
        Self { out: String::new(), width: width.clamp(MIN_WIDTH, MAX_WIDTH), paint }
    }

    /// The finished text.
    pub fn finish(self) -> String {
        self.out
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.out.push('\n');
    }

    /// A heading with a rule under the rest of the line.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        let rule = self.width.saturating_sub(text.chars().count() + 1);
        let heading = self.styled(Style::Strong, text);
        let rule = self.styled(Style::Faint, &"─".repeat(rule));
        let _ = writeln!(self.out, "{heading} {rule}");
    }

    /// A line that the caller composed from styled pieces.
    pub fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// `text` in the page's colours, or as it is.
    pub fn styled(&self, style: Style, text: &str) -> String {
        match self.paint {
            Paint::Plain => text.to_owned(),
            Paint::Colour => format!("\u{1b}[{}m{text}\u{1b}[0m", style.code()),
        }
    }

    /// A paragraph: the first line starts with `first`, the others with as many blanks.
    pub fn paragraph(&mut self, first: &str, text: &str) {
        self.hanging(first, text, None);
    }

    /// A paragraph whose first line starts with `first`, which may be styled and shows as `margin` columns.
    pub fn paragraph_after(&mut self, first: &str, margin: usize, text: &str) {
        self.lay_out(first, margin, text, None);
    }

    /// A paragraph in a style.
    pub fn styled_paragraph(&mut self, style: Style, first: &str, text: &str) {
        self.hanging(first, text, Some(style));
    }

    fn hanging(&mut self, first: &str, text: &str, style: Option<Style>) {
        self.lay_out(first, first.chars().count(), text, style);
    }

    fn lay_out(&mut self, first: &str, margin: usize, text: &str, style: Option<Style>) {
        let text = printable(text, MAX_PARAGRAPH_CHARS);
        let mut lead = first.to_owned();
        for line in wrap(&text, self.width.saturating_sub(margin).max(MIN_TEXT_WIDTH)) {
            let shown = style.map_or_else(|| line.clone(), |style| self.styled(style, &line));
            let whole = format!("{lead}{shown}");
            self.line(&whole);
            lead = " ".repeat(margin);
        }
    }
}

/// Breaks `text` at blanks into lines of at most `width` characters; words longer than that are cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        while word.len() > width {
            let rest = word.split_off(width);
            lines.push(word.into_iter().collect());
            word = rest;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        used += word.len();
        line.extend(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Columns where nothing says how wide the page is.
pub const DEFAULT_WIDTH: usize = 80;
const MIN_WIDTH: usize = 40;
const MAX_WIDTH: usize = 120;
const MIN_TEXT_WIDTH: usize = 20;
const MAX_PARAGRAPH_CHARS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_wider_than_the_page() {
        let mut page = Page::new(40, Paint::Plain);
        page.paragraph("  · ", &"word ".repeat(40));
        page.paragraph("  · ", &"x".repeat(300));
        let text = page.finish();
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert_eq!(text.matches('x').count(), 300);
    }

    #[test]
    fn escapes_in_text_are_shown_and_not_obeyed() {
        let mut page = Page::new(80, Paint::Plain);
        page.paragraph("", "a\u{1b}[2Jb\u{202e}c\r\nd");
        assert_eq!(page.finish(), "a\\u{1b}[2Jb\\u{202e}c\\u{d}\\u{a}d\n");
    }
}
