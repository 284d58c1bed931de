//! ssh_config(5): keywords without case, `Host` and `Match` blocks, `Include` where it stands.
//!
//! Always: nothing is run and nothing resolved: `Match exec` is a word like any other, its command is not kept.
//! `ClearAllForwardings` cancels what it holds for, by the rule that the first value holds.
//! Facts: OpenSSH `readconf.c` (keywords, depth of includes), `misc.c` (`argv_split`: quotes, `\`, comments).

use bearing_protocol::{fact::ForwardKind, limits::MAX_TEXT_BYTES, text::printable};

/// Finds what an `Include` pattern names: path and text of each file, in lexical order.
pub type Includes<'a> = dyn FnMut(&str) -> Vec<(String, String)> + 'a;

/// A forwarding, as a configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The file it stands in.
    pub path: String,
    /// `Host` patterns or `Match` words; empty where it holds for all.
    pub hosts: Vec<String>,
    /// What it opens.
    pub kind: ForwardKind,
    /// Its words.
    pub specification: String,
    /// Whether its block says that the connection is meant to stay.
    pub kept_up: bool,
}

/// What a configuration tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshConfig {
    /// Forwardings that nothing cancels, in their order.
    pub forwards: Vec<Forward>,
    /// Files read.
    pub files: u32,
    /// Lines that were not understood or are over the limit.
    pub malformed_lines: u32,
}

/// Reads a configuration, starting with its main file.
pub fn parse_ssh_config(path: &str, text: &str, includes: &mut Includes<'_>) -> SshConfig {
    let mut reading = Reading {
        blocks: vec![Block::default()],
        forwards: Vec::new(),
        clear_for_all: None,
        lines: 0,
        config: SshConfig::default(),
    };
    reading.file(path, text, includes, 0, 0);
    reading.finish()
}

/// What a `Host` or `Match` line begins.
#[derive(Clone, Debug, Default)]
struct Block {
    hosts: Vec<String>,
    kept_up: bool,
    /// `ClearAllForwardings` of its own, and whether one for all stood before it.
    clear: Option<bool>,
}

struct Reading {
    blocks: Vec<Block>,
    /// Forwardings with the block they stand in.
    forwards: Vec<(usize, Forward)>,
    clear_for_all: Option<bool>,
    lines: u32,
    config: SshConfig,
}

impl Reading {
    fn file(&mut self, path: &str, text: &str, includes: &mut Includes<'_>, depth: u8, outer: usize) {
        self.config.files = self.config.files.saturating_add(1);
        let mut block = outer;
        for line in text.lines() {
            self.lines = self.lines.saturating_add(1);
            if self.lines > MAX_LINES {
                self.malformed();
                return;
            }
            block = self.line(path, line, includes, depth, outer, block);
        }
    }

    /// Reads a line of `block` and says which block the next one belongs to.
    fn line(
        &mut self,
        path: &str,
        line: &str,
        includes: &mut Includes<'_>,
        depth: u8,
        outer: usize,
        block: usize,
    ) -> usize {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return block;
        }
        let (keyword, rest) = line.split_once(|c: char| c.is_whitespace() || c == '=').unwrap_or((line, ""));
        let rest = if line.get(keyword.len()..).is_some_and(|rest| rest.starts_with('=')) {
            rest
        } else {
            let rest = rest.trim_start();
            rest.strip_prefix('=').unwrap_or(rest)
        };
        let Some(words) = split(rest) else {
            self.malformed();
            return block;
        };
        match keyword.to_ascii_lowercase().as_str() {
            "host" => return self.begin(outer, host_patterns(&words)),
            "match" => return self.begin(outer, match_words(&words)),
            "include" if depth < MAX_DEPTH => {
                for pattern in &words {
                    for (path, text) in includes(pattern) {
                        // Blocks of the file end with it.
                        self.file(&path, &text, includes, depth + 1, block);
                    }
                }
            }
            "include" => self.malformed(),
            keyword => self.setting(path, keyword, &words, block),
        }
        block
    }

    fn begin(&mut self, outer: usize, hosts: Vec<String>) -> usize {
        let outer = self.blocks.get(outer).map(|block| block.hosts.clone()).unwrap_or_default();
        if self.blocks.len() < MAX_BLOCKS {
            self.blocks.push(Block { hosts: [outer, hosts].concat(), ..Block::default() });
        } else {
            self.malformed();
        }
        self.blocks.len() - 1
    }

    fn setting(&mut self, path: &str, keyword: &str, words: &[String], block: usize) {
        let value = words.first().map(|word| word.to_ascii_lowercase());
        let value = value.as_deref().unwrap_or_default();
        let kind = match keyword {
            "remoteforward" => ForwardKind::Remote,
            "localforward" => ForwardKind::Local,
            "dynamicforward" => ForwardKind::Dynamic,
            "tunnel" if value != "no" => ForwardKind::Tunnel,
            "clearallforwardings" => {
                let for_all = self.clear_for_all;
                if let Some(found) = self.blocks.get_mut(block) {
                    let value = is_yes(value);
                    if found.hosts.is_empty() {
                        self.clear_for_all.get_or_insert(value);
                    } else {
                        // What stood for all before it came first, and the first value holds.
                        found.clear.get_or_insert(for_all.unwrap_or(value));
                    }
                }
                return;
            }
            _ => {
                if says_it_stays(keyword, value)
                    && let Some(found) = self.blocks.get_mut(block)
                {
                    found.kept_up = true;
                }
                return;
            }
        };
        if value.is_empty() || self.forwards.len() >= MAX_FORWARDS {
            self.malformed();
            return;
        }
        let forward = Forward {
            path: path.to_owned(),
            hosts: self.blocks.get(block).map(|block| block.hosts.clone()).unwrap_or_default(),
            kind,
            specification: printable(&words.join(" "), MAX_TEXT_BYTES),
            kept_up: false,
        };
        self.forwards.push((block, forward));
    }

    fn malformed(&mut self) {
        self.config.malformed_lines = self.config.malformed_lines.saturating_add(1);
    }

    fn finish(mut self) -> SshConfig {
        for (block, mut forward) in self.forwards {
            let Some(block) = self.blocks.get(block) else { continue };
            if block.clear.or(self.clear_for_all) == Some(true) {
                continue;
            }
            forward.kept_up = block.kept_up;
            self.config.forwards.push(forward);
        }
        self.config
    }
}

/// Whether a setting is one of a connection that is meant to stay.
fn says_it_stays(keyword: &str, value: &str) -> bool {
    match keyword {
        "exitonforwardfailure" | "forkafterauthentication" => is_yes(value),
        "serveraliveinterval" => !value.trim_matches('0').is_empty(),
        "controlpersist" => !matches!(value, "no" | "" | "false"),
        "sessiontype" => value == "none",
        _ => false,
    }
}

fn is_yes(value: &str) -> bool {
    matches!(value, "yes" | "true")
}

/// Patterns of a `Host` line; none where it holds for all.
fn host_patterns(words: &[String]) -> Vec<String> {
    // A pattern that begins with `!` takes out, whatever else stands there.
    let for_all = words.iter().any(|word| word == "*") && !words.iter().any(|word| word.starts_with('!'));
    if for_all { Vec::new() } else { kept(words.iter().map(String::as_str)) }
}

/// Words of a `Match` line; none where it holds for all. What `exec` would run is left out.
fn match_words(words: &[String]) -> Vec<String> {
    if let [all] = words
        && all.eq_ignore_ascii_case("all")
    {
        return Vec::new();
    }
    let mut hide = false;
    kept(words.iter().map(|word| {
        if std::mem::take(&mut hide) {
            return "…";
        }
        hide = word.trim_start_matches('!').eq_ignore_ascii_case("exec");
        word
    }))
}

fn kept<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.take(MAX_WORDS).map(|word| printable(word, MAX_TEXT_BYTES)).collect()
}

/// Splits a value into words: single and double quotes join, `\` escapes quotes, blanks and itself, `#` at the
/// beginning of a word ends the line. `None` where a quote stays open.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut characters = text.chars().peekable();
    loop {
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        match characters.peek() {
            None | Some('#') => return Some(words),
            Some(_) if words.len() == MAX_WORDS => return None,
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote = None;
        loop {
            let c = match characters.next() {
                Some(c) => c,
                None if quote.is_some() => return None,
                None => break,
            };
            let escaped =
                |next: &char| matches!(next, '\'' | '"' | '\\') || (quote.is_none() && *next == ' ');
            match (quote, c) {
                (_, '\\') => word.push(characters.next_if(escaped).unwrap_or('\\')),
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (None, c) if c.is_whitespace() => break,
                (_, c) => word.push(c),
            }
        }
        words.push(word);
    }
}

/// Most lines over all files.
const MAX_LINES: u32 = 50_000;
const MAX_WORDS: usize = 64;
const MAX_BLOCKS: usize = 5_000;
const MAX_FORWARDS: usize = 1_000;
/// Deepest chain of includes (the client's own limit, `READCONF_MAX_DEPTH`).
const MAX_DEPTH: u8 = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> SshConfig {
        parse_ssh_config("config", text, &mut |_| Vec::new())
    }

    fn shown(text: &str) -> Vec<String> {
        parse(text)
            .forwards
            .iter()
            .map(|f| format!("{:?} {} @{} {}", f.kind, f.specification, f.hosts.join(","), f.kept_up))
            .collect()
    }

    #[test]
    fn forwards_are_read_in_every_spelling() {
        let text = "RemoteForward 2222 localhost:22\n\
             Host jump *.example.org\n  remoteforward=\"0.0.0.0:3389\" 'localhost:3389' # comment\n  LOCALFORWARD = 8080 web:80\n\
             ExitOnForwardFailure yes\n\
             Match host box exec \"secret command\"\n\tDynamicForward\t1080\n\tTunnel point-to-point\n\
             Match all\n Tunnel no\n RemoteForward 1080\n ServerAliveInterval 0\n\
             Host *\n ControlPersist no\nRemoteForward /run/a\\ b.sock localhost:22\n";
        assert_eq!(
            shown(text),
            [
                "Remote 2222 localhost:22 @ false",
                "Remote 0.0.0.0:3389 localhost:3389 @jump,*.example.org true",
                "Local 8080 web:80 @jump,*.example.org true",
                "Dynamic 1080 @host,box,exec,… false",
                "Tunnel point-to-point @host,box,exec,… false",
                "Remote 1080 @ false",
                "Remote /run/a b.sock localhost:22 @ false",
            ]
        );
    }

    #[test]
    fn what_clears_forwards_is_minded_by_the_first_value() {
        assert!(shown("Host a\nRemoteForward 1 b:2\nHost *\nClearAllForwardings yes\n").is_empty());
        let kept = "Host a\nClearAllForwardings no\nRemoteForward 1 b:2\nHost *\nClearAllForwardings yes\n";
        assert_eq!(shown(kept).len(), 1);
        let first = "ClearAllForwardings yes\nHost a\nClearAllForwardings no\nRemoteForward 1 b:2\n";
        assert!(shown(first).is_empty());
        assert_eq!(shown("Host a\nClearAllForwardings yes\nHost b\nRemoteForward 1 b:2\n").len(), 1);
    }

    #[test]
    fn includes_belong_to_the_block_they_stand_in() {
        let mut asked = Vec::new();
        let mut includes = |pattern: &str| {
            asked.push(pattern.to_owned());
            vec![("other".to_owned(), "RemoteForward 1 a:1\nHost c\nRemoteForward 2 a:2\n".to_owned())]
        };
        let config = parse_ssh_config("main", "Host b\nInclude x.conf\nRemoteForward 3 a:3\n", &mut includes);
        let found: Vec<_> = config.forwards.iter().map(|f| (f.path.as_str(), f.hosts.join(","))).collect();
        assert_eq!(found, [("other", "b".to_owned()), ("other", "b,c".to_owned()), ("main", "b".to_owned())]);
        assert_eq!(asked, ["x.conf"]);
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let mut includes =
            |_: &str| vec![("self".to_owned(), "Include self\nRemoteForward 1 a:1\n".to_owned())];
        let config = parse_ssh_config("self", "Include self\n", &mut includes);
        assert_eq!(config.forwards.len(), 16);
        assert_eq!(config.malformed_lines, 1);
    }

    #[test]
    fn comments_and_open_quotes_forward_nothing() {
        let config = parse("# RemoteForward 1 a:1\nRemoteForward \"1 a:1\nRemoteForward\nHost \"x\n");
        assert!(config.forwards.is_empty());
        assert_eq!(config.malformed_lines, 3);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "((?i)host|match|include|remoteforward|tunnel|[ =\t\"'\\\\#*\nx0-9:])*") {
            let _ = parse(&text);
        }
    }
}
