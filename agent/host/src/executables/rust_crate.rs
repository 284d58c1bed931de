//! Crates that a Rust program was built from, by the source paths in its panic messages.
//!
//! Always: a path counts only whole, from cargo's registry on; a cut one gives nothing. Which crate is the
//! program's own is not written anywhere: one with a `main.rs` is likely it, and all others may be.
//!
//! Source of the form: cargo's home layout (`registry/src/INDEX-HASH/NAME-VERSION/`), on Windows with
//! backslashes. Programs built with `--remap-path-prefix` or `-Ztrim-paths` have none.

/// What stands before every such path.
pub const REGISTRY: [&str; 2] = ["registry/src/", "registry\\src\\"];
/// Most bytes behind [`REGISTRY`] that are looked at.
pub const MAX_PATH_BYTES: usize = 256;
/// Longest name crates.io takes.
const MAX_NAME_BYTES: usize = 64;
/// Longest name of the directory of an index.
const MAX_INDEX_BYTES: usize = 80;

/// A crate in a program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RustCrate {
    /// Whether its path is one of a program's main file: these come first.
    pub is_dependency: bool,
    /// Its name.
    pub name: String,
}

/// Reads what follows [`REGISTRY`]: `index.crates.io-HASH/bore-cli-0.6.0/src/main.rs`. `None` where that is no
/// such path.
pub fn parse_crate_path(bytes: &[u8]) -> Option<RustCrate> {
    let bytes = bytes.get(..bytes.len().min(MAX_PATH_BYTES))?;
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let mut parts = bytes.splitn(3, is_separator);
    let index = parts.next().filter(|index| index.len() <= MAX_INDEX_BYTES)?;
    if !index.contains(&b'-') || !index.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
    {
        return None;
    }
    let (directory, path) = (parts.next()?, parts.next()?);
    let directory = std::str::from_utf8(directory).ok()?;
    let name = directory.match_indices('-').find_map(|(at, _)| {
        let (name, version) = (directory.get(..at)?, directory.get(at + 1..)?);
        is_version(version).then_some(name)
    })?;
    let is_name = |name: &str| {
        (1..=MAX_NAME_BYTES).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let mains: [&[u8]; 4] = [b"src/main.rs", b"src/bin/", b"src\\main.rs", b"src\\bin\\"];
    let is_dependency = !mains.iter().any(|main| path.starts_with(main));
    is_name(name).then(|| RustCrate { is_dependency, name: name.to_owned() })
}

/// Whether this begins as `1.2.3` does.
fn is_version(text: &str) -> bool {
    let mut numbers = text.splitn(3, '.');
    let is_number = |part: Option<&str>| {
        part.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let third = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    is_number(numbers.next()) && is_number(numbers.next()) && numbers.next().is_some_and(third)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<(String, bool)> {
        parse_crate_path(text.as_bytes()).map(|found| (found.name, found.is_dependency))
    }

    #[test]
    fn crates_are_named_whatever_their_version() {
        assert_eq!(
            read("index.crates.io-1949cf8c6b5b557f/bore-cli-0.6.0/src/main.rsevent"),
            Some(("bore-cli".to_owned(), false))
        );
        assert_eq!(
            read("github.com-1ecc6299db9ec823\\sha-1-0.10.0\\src\\lib.rs"),
            Some(("sha-1".to_owned(), true))
        );
        assert_eq!(
            read("index.crates.io-1949cf8c6b5b557f/x25519-dalek-2.0.0-pre.1/src/x.rs"),
            Some(("x25519-dalek".to_owned(), true))
        );
    }

    #[test]
    fn a_path_that_is_cut_or_none_gives_nothing() {
        for text in [
            "index.crates.io-1949cf8c6b5b557f/bore-cli-0.6",
            "index.crates.io-1949cf8c6b5b557f/bore-cli-0.6.0",
            "index.crates.io-1949cf8c6b5b557f/README/src/x.rs",
            "a b-c/bore-cli-0.6.0/src/x.rs",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[a-z/0-9.\\\\é-]{0,120}") {
            let _ = parse_crate_path(&bytes);
            let _ = parse_crate_path(text.as_bytes());
        }
    }
}
