//! The name in a `package.json`.

use serde::Deserialize;

/// Longest name that npm takes, in bytes.
const MAX_NAME_BYTES: usize = 214;

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// The package's name (`localtunnel`, `@scope/name`). `None` where the text is no such file, or names none.
pub fn parse_package_name(bytes: &[u8]) -> Option<String> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let package: Package = serde_json::from_slice(text).ok()?;
    Some(package.name).filter(|name| (1..=MAX_NAME_BYTES).contains(&name.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named() {
        let text =
            br#"{"version":"2.0.2","bin":{"lt":"bin/lt.js"},"name":"localtunnel","author":{"name":"x"}}"#;
        assert_eq!(parse_package_name(text).as_deref(), Some("localtunnel"));
        assert_eq!(parse_package_name(b"\xef\xbb\xbf{\"name\":\"@scope/x\"}").as_deref(), Some("@scope/x"));
    }

    #[test]
    fn what_names_nothing_is_nothing() {
        for text in [&b""[..], b"{}", b"{\"name\":\"\"}", b"{\"name\":7}", b"{\"name\":\"x\"", b"\xff"] {
            assert_eq!(parse_package_name(text), None);
        }
    }
}
