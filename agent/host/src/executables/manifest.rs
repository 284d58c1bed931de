//! The main section of a jar's manifest: JAR File Specification, "Manifest format".
//!
//! Always: lines are at most 72 bytes and go on behind a blank; the first empty line ends the section that
//! speaks for the whole archive.

use bearing_protocol::fact::{Identity, IdentityKind};

/// Longest value that is kept, in bytes.
const MAX_VALUE_BYTES: usize = 512;
/// Most lines that are looked at.
const MAX_LINES: usize = 1024;

/// Main class and title of a manifest, each once.
pub fn parse_manifest(bytes: &[u8]) -> Vec<Identity> {
    let text = String::from_utf8_lossy(bytes);
    let mut attributes: Vec<(String, String)> = Vec::new();
    for line in text.lines().take(MAX_LINES) {
        if line.is_empty() {
            break;
        }
        match (line.strip_prefix(' '), attributes.last_mut()) {
            (Some(more), Some((_, value))) if value.len() < MAX_VALUE_BYTES => value.push_str(more),
            (Some(_), _) => {}
            (None, _) => {
                let Some((key, value)) = line.split_once(':') else { continue };
                attributes
                    .push((key.to_ascii_lowercase(), value.strip_prefix(' ').unwrap_or(value).to_owned()));
            }
        }
    }
    let value = |wanted: &str| {
        let found = attributes.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let title = value("implementation-title").or_else(|| value("bundle-name"));
    let marks = [(IdentityKind::JavaMainClass, value("main-class")), (IdentityKind::JavaTitle, title)];
    marks.into_iter().filter_map(|(kind, value)| Some(Identity { kind, value: value? })).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_that_go_on_and_the_end_of_the_section_are_heeded() {
        let text = "Manifest-Version: 1.0\r\nmain-class: com.example.sup\r\n port.Main\r\nBundle-Name: Support\r\n\r\n\
            Implementation-Title: of one package only\r\n";
        let found = parse_manifest(text.as_bytes());
        let found: Vec<_> = found.iter().map(|mark| (mark.kind, mark.value.as_str())).collect();
        assert_eq!(
            found,
            [(IdentityKind::JavaMainClass, "com.example.support.Main"), (IdentityKind::JavaTitle, "Support")]
        );
    }

    #[test]
    fn what_names_nothing_is_nothing() {
        assert_eq!(parse_manifest(b""), []);
        assert_eq!(parse_manifest(b" x\nMain-Class:\n"), []);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[ a:\r\nMainCls-]{0,200}") {
            let _ = parse_manifest(&bytes);
            let _ = parse_manifest(text.as_bytes());
        }
    }
}
