//! Scheduled tasks, from their XML files.
//!
//! Always: nothing is resolved or fetched; entities other than XML's own stay as they are; what is not of the form
//! gives no task. Facts: "Task Scheduler Schema" (`http://schemas.microsoft.com/windows/2004/02/mit/task`); the files
//! are UTF-16 with a byte order mark.

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Programs with their arguments.
    pub commands: Vec<(String, String)>,
    /// Class ids of handlers that run inside the task host.
    pub handlers: Vec<String>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether lists leave it out.
    pub hidden: bool,
    /// The account it runs as.
    pub runs_as: Option<String>,
}

/// Reads a file; `None` where it is no task.
pub fn parse(bytes: &[u8]) -> Option<Task> {
    let text = decode(bytes);
    if !text.contains("<Task") {
        return None;
    }
    let settings = inner(&text, "Settings").unwrap_or_default();
    let flag = |name: &str| inner(settings, name).map(|word| word.trim().eq_ignore_ascii_case("true"));
    let mut task = Task {
        enabled: flag("Enabled").unwrap_or(true),
        hidden: flag("Hidden").unwrap_or(false),
        runs_as: inner(&text, "UserId").map(plain),
        ..Task::default()
    };
    let mut rest = inner(&text, "Actions")?;
    while let Some((action, after)) = next(rest, "Exec")
        && task.commands.len() < MAX_ACTIONS
    {
        if let Some(command) = inner(action, "Command") {
            let arguments = inner(action, "Arguments").map(plain).unwrap_or_default();
            task.commands.push((plain(command), arguments));
        }
        rest = after;
    }
    let mut rest = inner(&text, "Actions")?;
    while let Some((action, after)) = next(rest, "ComHandler")
        && task.handlers.len() < MAX_ACTIONS
    {
        task.handlers.extend(inner(action, "ClassId").map(plain));
        rest = after;
    }
    Some(task)
}

fn decode(bytes: &[u8]) -> String {
    let units = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// What stands in the first element of this name.
fn inner<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    next(text, name).map(|(inner, _)| inner)
}

/// The first element of this name, and what follows it.
fn next<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find(&format!("<{name}"))?;
        let behind = text.get(at + 1 + name.len()..)?;
        if !behind.starts_with(['>', ' ', '\t', '\r', '\n', '/']) {
            from = at + 1;
            continue;
        }
        let (head, body) = behind.split_once('>')?;
        if head.ends_with('/') {
            return Some(("", body));
        }
        let (inner, after) = body.split_once(&format!("</{name}>"))?;
        return Some((inner, after));
    }
}

/// A text with XML's own entities resolved.
fn plain(text: &str) -> String {
    text.trim()
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

const MAX_ACTIONS: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_task_is_read_from_utf_16() {
        let text = include_str!("../../captures/windows/task.xml");
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let task = parse(&bytes).unwrap();
        assert_eq!(
            task.commands,
            [(r"C:\Program Files\RustDesk\rustdesk.exe".to_owned(), "--server & stay".to_owned())]
        );
        assert!(task.enabled && task.hidden);
        assert_eq!(task.runs_as.as_deref(), Some("S-1-5-18"));
        assert_eq!(parse(text.as_bytes()), Some(task));
    }

    #[test]
    fn a_task_that_is_off_says_so_and_others_are_none() {
        let text = "<Task><Settings><Enabled>false</Enabled></Settings><Actions><ComHandler><ClassId>{x}</ClassId></ComHandler></Actions></Task>";
        let task = parse(text.as_bytes()).unwrap();
        assert!(!task.enabled && task.commands.is_empty());
        assert_eq!(task.handlers, ["{x}"]);
        assert_eq!(parse(b"<Other/>"), None);
        assert_eq!(parse(b"<Task><Actions><Exec><Command>x"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(<Task|<Actions>|<Exec>|<Command>|</Exec>|</Actions>|<|>|/|é|x){0,40}") {
            let _ = parse(text.as_bytes());
        }
    }
}
