//! Shells and other languages: the script; programs of many names: which of them.

use bearing_protocol::fact::IdentityKind;

use super::{Form, Options, Payload, Place, mark};

/// Options of shells, Perl, Ruby and their like, as far as they differ from a plain flag.
const OPTIONS: Options = Options {
    code: &["-c", "-lc", "-ic", "-ec", "-xc", "-e", "-E", "-ne", "-pe", "-r", "-s", "--version", "--help"],
    valued: &["-o", "-O", "--rcfile", "--init-file", "-I", "-C"],
};

pub(super) fn find(place: &Place<'_>) -> Option<Payload> {
    let (script, _) = OPTIONS.script(place.words())?;
    let path = place.locate(script)?;
    let marks = vec![mark(IdentityKind::Script, path.clone())];
    Some(Payload { path: Some(path), marks, form: Form::Script })
}

/// The applet that a program of many names was called as (`nc -l`, `busybox nc -l`).
pub(super) fn applet(place: &Place<'_>) -> Option<Payload> {
    let mut words = place.process.arguments.iter();
    let called = |word: &String| word.rsplit('/').next().unwrap_or(word).trim_start_matches('-').to_owned();
    let mut name = words.next().map(called)?;
    if matches!(name.as_str(), "busybox" | "toybox") {
        name = words.next().map(called)?;
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'[' | b'.');
    let is_name = (1..=32).contains(&name.len()) && name.bytes().all(plain);
    is_name.then(|| Payload { path: None, marks: vec![mark(IdentityKind::Script, name)], form: Form::Script })
}
