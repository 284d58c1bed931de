//! Command lines of Windows: which program they start.
//!
//! Facts: `CreateProcess` (an unquoted path is tried at each blank), "Services" `ImagePath` of the registry
//! (`\SystemRoot\…`, `\??\…`, paths below the system's directory).

/// Environment variables by upper-case name.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(Vec<(String, String)>);

impl Variables {
    pub(super) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_ascii_uppercase(), value)).collect())
    }

    /// The same, with a person's own directories.
    pub(super) fn of_person(&self, profile: &str) -> Self {
        let mut pairs = self.0.clone();
        let own = ["USERPROFILE", "APPDATA", "LOCALAPPDATA"];
        pairs.retain(|(name, _)| !own.contains(&name.as_str()));
        pairs.push(("USERPROFILE".into(), profile.to_owned()));
        pairs.push(("APPDATA".into(), format!("{profile}\\AppData\\Roaming")));
        pairs.push(("LOCALAPPDATA".into(), format!("{profile}\\AppData\\Local")));
        Self(pairs)
    }

    fn get(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_uppercase();
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Puts values in place of `%NAME%`; an unknown name stays as it is.
    pub(super) fn expand(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('%') {
            out.push_str(before);
            match behind.split_once('%') {
                Some((name, after)) if self.get(name).is_some() => {
                    out.push_str(self.get(name).unwrap_or_default());
                    rest = after;
                }
                _ => {
                    out.push('%');
                    rest = behind;
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// The system's directory.
    pub(super) fn system_root(&self) -> &str {
        self.get("SystemRoot").unwrap_or("C:\\Windows")
    }
}

/// The program that a command line starts, as a path; `None` where it names none.
pub(super) fn program_of(command: &str, variables: &Variables) -> Option<String> {
    let command = command.get(..MAX_COMMAND_BYTES).unwrap_or(command);
    let expanded = variables.expand(command.trim());
    let text = expanded.as_str();
    let path = match text.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or_default(),
        None => unquoted(text),
    };
    let path = path.trim();
    if path.is_empty() {
        return None;
    }
    let path = path.strip_prefix("\\??\\").unwrap_or(path);
    let lower = path.to_ascii_lowercase();
    let root = variables.system_root();
    let path = if lower.starts_with("\\systemroot\\") {
        format!("{root}{}", path.get(11..)?)
    } else if lower.starts_with("system32\\") || lower.starts_with("syswow64\\") {
        format!("{root}\\{path}")
    } else {
        path.to_owned()
    };
    // `C:/Tools/x.exe` is the same to Windows.
    let is_drive = path.as_bytes().get(1) == Some(&b':');
    Some(if is_drive { path.replace('/', "\\") } else { path })
}

/// Up to the first ending of a program that a blank or the end follows; else the first word.
fn unquoted(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    let end = PROGRAMS
        .iter()
        .filter_map(|ending| {
            lower
                .match_indices(ending)
                .map(|(at, _)| at + ending.len())
                .find(|end| lower.as_bytes().get(*end).is_none_or(u8::is_ascii_whitespace))
        })
        .min();
    match end {
        Some(end) => text.get(..end).unwrap_or(text),
        None => text.split_whitespace().next().unwrap_or_default(),
    }
}

/// How programs end.
const PROGRAMS: [&str; 8] = [".exe", ".com", ".bat", ".cmd", ".sys", ".dll", ".scr", ".ps1"];
const MAX_COMMAND_BYTES: usize = 8 * 1024;

#[cfg(test)]
pub(super) fn test_variables() -> Variables {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Variables::new([
        pair("SystemRoot", "C:\\Windows"),
        pair("windir", "C:\\Windows"),
        pair("ProgramFiles", "C:\\Program Files"),
        pair("ProgramFiles(x86)", "C:\\Program Files (x86)"),
        pair("ProgramData", "C:\\ProgramData"),
    ])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn programs_are_found_in_command_lines() {
        let cases = [
            (
                r#""C:\Program Files (x86)\AnyDesk\AnyDesk.exe" --service"#,
                r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe",
            ),
            (r"C:\Program Files\Some Tool\tool.exe -k run", r"C:\Program Files\Some Tool\tool.exe"),
            (r"%SystemRoot%\system32\svchost.exe -k netsvcs -p", r"C:\Windows\system32\svchost.exe"),
            (r"\SystemRoot\System32\drivers\usbhub.sys", r"C:\Windows\System32\drivers\usbhub.sys"),
            (r"System32\drivers\x.sys", r"C:\Windows\System32\drivers\x.sys"),
            (r"\??\C:\tool\x.sys", r"C:\tool\x.sys"),
            (r"%UNKNOWN%\x.exe /a", r"%UNKNOWN%\x.exe"),
            (r"C:/Tools/x.exe", r"C:\Tools\x.exe"),
            (r"C:\a.execute\tool one", r"C:\a.execute\tool"),
        ];
        for (command, program) in cases {
            assert_eq!(program_of(command, &test_variables()).as_deref(), Some(program), "{command}");
        }
        assert_eq!(program_of("  \"\" ", &test_variables()), None);
        let person = test_variables().of_person("C:\\Users\\kim");
        assert_eq!(
            program_of("%appdata%\\x.exe", &person).as_deref(),
            Some("C:\\Users\\kim\\AppData\\Roaming\\x.exe")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}|[%\"\\\\ .exé]{0,200}") {
            let _ = program_of(&text, &test_variables());
        }
    }
}
