//! Whether a command line asks a tool to make this machine reachable.
//!
//! Always: arguments are compared whole; a file that is called like a subcommand is none where the subcommand must
//! stand first.

use crate::catalogue::{Action, Tool};

/// The action that `arguments` (without the program's name) ask for, if any.
pub(super) fn asked<'t>(tool: &'t Tool, arguments: &[String]) -> Option<&'t Action> {
    tool.actions.iter().find(|action| is_asked(action, arguments))
}

fn is_asked(action: &Action, arguments: &[String]) -> bool {
    let mut words = arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-'));
    let found = if action.anywhere {
        words.by_ref().take(MAX_WORDS).any(|word| word == action.word)
    } else {
        words.next() == Some(action.word.as_str())
    };
    let asks_for_help = arguments.iter().any(|argument| HELP.contains(&argument.as_str()));
    let harmless = words.clone().next().is_some_and(|next| action.except.iter().any(|except| except == next));
    let lacks =
        action.with_prefix.as_deref().is_some_and(|prefix| !words.any(|word| word.starts_with(prefix)));
    found && !asks_for_help && !harmless && !lacks
}

const HELP: [&str; 3] = ["--help", "-h", "--version"];
const MAX_WORDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn action(anywhere: bool) -> Action {
        Action { word: "tunnel".into(), except: vec!["status".into()], with_prefix: None, anywhere }
    }

    fn asks(anywhere: bool, line: &str) -> bool {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        is_asked(&action(anywhere), &arguments)
    }

    #[test]
    fn only_the_whole_word_in_its_place_counts() {
        assert!(asks(false, "tunnel --name box"));
        assert!(asks(false, "--verbose tunnel"));
        assert!(!asks(false, "notes.txt tunnel"));
        assert!(!asks(false, "tunnel/"));
        assert!(!asks(false, "tunnel status"));
        assert!(!asks(false, "tunnel --help"));
        assert!(asks(true, "--config /etc/x.yml tunnel run"));
        assert!(!asks(true, "proxy-dns --port 5053"));
    }

    #[test]
    fn a_word_that_must_follow_is_waited_for() {
        let action =
            Action { word: "client".into(), except: vec![], with_prefix: Some("R:".into()), anywhere: true };
        let asked = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            is_asked(&action, &words)
        };
        assert!(asked("client https://h R:2222:localhost:22"));
        assert!(!asked("client https://h 8080:db:5432"));
    }
}
