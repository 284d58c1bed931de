//! ScreenConnect: the instance in the directory's name, the relay in the launch parameters.
//!
//! Facts: `connectwisecontrol-ID` and `screenconnect-ID` directories; parameters are a query string with `e`
//! (`Access` waits, `Support` is one session), `h` the relay's host, `k` its key, `s` the session.

use bearing_protocol::fact::{BindingKind, ToolState};

use super::text::bind;

/// Reads the instance id in a path.
pub fn parse_path(path: &str) -> Option<ToolState> {
    let id = path.split('/').find_map(|part| {
        let part = part.strip_suffix(".service").unwrap_or(part);
        let rest =
            part.strip_prefix("connectwisecontrol-").or_else(|| part.strip_prefix("screenconnect-"))?;
        (rest.len() >= MIN_ID_BYTES && rest.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(rest)
    })?;
    let mut state = ToolState::default();
    bind(&mut state, BindingKind::Instance, id);
    Some(state)
}

/// Reads what a command says: launch parameters, and the instance's id in a path.
pub fn parse_command<'a>(words: impl Iterator<Item = &'a str>) -> Option<ToolState> {
    let (mut by_path, mut by_parameters) = (None, None);
    for word in words {
        by_path = by_path.or_else(|| parse_path(word));
        if by_parameters.is_none() && (word.contains("?e=") || word.contains("?h=")) {
            by_parameters = parse(word.as_bytes());
        }
    }
    match (by_path, by_parameters) {
        (Some(by_path), Some(by_parameters)) => {
            Some(ToolState { bindings: by_path.bindings, aliases: by_parameters.bindings, ..by_parameters })
        }
        (by_path, by_parameters) => by_parameters.or(by_path),
    }
}

/// Reads launch parameters, wherever they stand in a text.
pub fn parse(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let query = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).find_map(|word| {
        let at = word.find("?e=").or_else(|| word.find("?h="))?;
        word.get(at + 1..).filter(|query| query.contains("&k=") || query.contains("&s="))
    })?;
    let mut state = ToolState::default();
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            "h" => bind(&mut state, BindingKind::Instance, value),
            "e" => state.unattended = Some(value.eq_ignore_ascii_case("Access")),
            _ => {}
        }
    }
    Some(state)
}

const MIN_ID_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_and_relay_are_read() {
        let by_path =
            parse_path("/opt/connectwisecontrol-0123456789abcdef/ClientLaunchParameters.txt").unwrap();
        assert_eq!(by_path.bindings[0].value, "0123456789abcdef");
        assert_eq!(parse_path("/opt/connectwisecontrol-x/y"), None);
        let state =
            parse(b"java -jar x \"?e=Access&y=Guest&h=instance-ab12-relay.example.com&p=443&s=1&k=SECRET\"")
                .unwrap();
        assert_eq!(state.bindings[0].value, "instance-ab12-relay.example.com");
        assert_eq!(state.unattended, Some(true));
        assert!(!format!("{state:?}").contains("SECRET"));
        assert_eq!(parse(b"?e=Support&h=a&k=b").unwrap().unattended, Some(false));
        assert_eq!(parse(b"https://example.org/?e=1"), None);
        let words = [
            "java",
            "-classpath",
            "/opt/connectwisecontrol-0123456789abcdef/*",
            "?e=Access&h=r.example.com&k=x",
        ];
        let state = parse_command(words.into_iter()).unwrap();
        assert_eq!(
            (state.bindings[0].value.as_str(), state.aliases[0].value.as_str()),
            ("0123456789abcdef", "r.example.com")
        );
        assert_eq!(parse_command(["java", "x"].into_iter()), None);
    }
}
