//! Java: an archive or a class. The options are those of the `java` command of OpenJDK.

use bearing_protocol::fact::IdentityKind;

use super::{Form, Options, Payload, Place, mark};

const OPTIONS: Options = Options {
    code: &["-version", "--version", "-help", "--help"],
    valued: &[
        "-cp",
        "-classpath",
        "--class-path",
        "-p",
        "--module-path",
        "--upgrade-module-path",
        "--add-modules",
        "--add-exports",
        "--add-opens",
        "--add-reads",
        "--enable-native-access",
        "--limit-modules",
    ],
};

pub(super) fn find(place: &Place<'_>) -> Option<Payload> {
    let words = place.words();
    // `-jar FILE` and `-m MODULE[/CLASS]` stand where the class would; what follows is the program's.
    let (first, _) = OPTIONS.script(words)?;
    let at = words.iter().position(|word| std::ptr::eq(word.as_str(), first))?;
    let before = at.checked_sub(1).and_then(|before| words.get(before)).map_or("", String::as_str);
    match before {
        "-jar" => {
            let path = place.locate(first)?;
            Some(Payload { path: Some(path), marks: Vec::new(), form: Form::Jar })
        }
        "-m" | "--module" => Some(class(place, first.rsplit('/').next().unwrap_or(first), None)),
        _ => Some(class(place, first, class_path(words))),
    }
}

/// A class, and the first archive in which it may be.
fn class(place: &Place<'_>, name: &str, archive: Option<&str>) -> Payload {
    let marks = vec![mark(IdentityKind::JavaMainClass, name.replace('/', "."))];
    // The archive's manifest may speak of another class: only where it lies is taken from it.
    Payload { path: archive.and_then(|path| place.locate(path)), marks, form: Form::Script }
}

fn class_path(words: &[String]) -> Option<&str> {
    let at = words.iter().position(|word| matches!(word.as_str(), "-cp" | "-classpath" | "--class-path"))?;
    words.get(at + 1)?.split(':').find(|path| path.ends_with(".jar"))
}
