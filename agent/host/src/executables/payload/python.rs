//! Python: a module or a script. The options are those of CPython's command line.

use bearing_protocol::fact::{Identity, IdentityKind};

use super::{Form, Options, Payload, Place, mark, parent};

const OPTIONS: Options = Options {
    code: &["-c", "-V", "--version", "-h", "--help"],
    valued: &["-W", "-X", "--check-hash-based-pycs"],
};
/// Most bytes of a script that are read: those that installers write are shorter.
const MAX_SCRIPT_BYTES: usize = 8 * 1024;

pub(super) fn find(place: &Place<'_>) -> Option<Payload> {
    let words = place.words();
    if let Some(module) = module_option(words) {
        let mut marks = vec![mark(IdentityKind::PythonModule, module)];
        if let Some((package, _)) = module.split_once('.') {
            marks.push(mark(IdentityKind::PythonModule, package));
        }
        let top = module.split('.').next().unwrap_or(module);
        return Some(Payload { path: place.locate(top), marks, form: Form::Script });
    }
    let (script, _) = OPTIONS.script(words)?;
    let path = place.locate(script)?;
    let package = package_of_path(&path).map(str::to_owned).or_else(|| {
        // What an installer puts into `bin` says which package it starts.
        let in_bin = parent(&path).is_some_and(|directory| directory.ends_with("bin"));
        let (bytes, _) = in_bin.then(|| place.root.read_prefix(&path, MAX_SCRIPT_BYTES).ok())??;
        parse_entry_script(&bytes)
    });
    let mut marks: Vec<Identity> = Vec::new();
    marks.extend(package.map(|package| mark(IdentityKind::PythonModule, package)));
    marks.push(mark(IdentityKind::Script, path.clone()));
    Some(Payload { path: Some(path), marks, form: Form::Script })
}

/// The module of `-m`, which ends Python's own options. `-Im` and the like are one word of several options.
fn module_option(words: &[String]) -> Option<&str> {
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let options = word.strip_prefix('-').filter(|options| !options.starts_with('-'))?;
        if OPTIONS.valued.contains(&word.as_str()) {
            rest.next();
            continue;
        }
        if options.contains('c') {
            return None;
        }
        if let Some((_, glued)) = options.split_once('m') {
            return if glued.is_empty() { rest.next().map(String::as_str) } else { Some(glued) };
        }
    }
    None
}

/// The package a file of an installation belongs to.
fn package_of_path(path: &str) -> Option<&str> {
    let below = ["/site-packages/", "/dist-packages/"].iter().find_map(|d| Some(path.split_once(d)?.1))?;
    let name = below.split('/').next()?;
    Some(name.strip_suffix(".py").unwrap_or(name))
}

/// The package that a console script starts, as pip, distlib and setuptools write them.
pub(crate) fn parse_entry_script(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().map(str::trim);
    let python = lines.next()?;
    if !python.starts_with("#!") || !python.contains("python") {
        return None;
    }
    for line in lines.take_while(|line| !line.starts_with("if __name__")) {
        if let Some(entry) = line.strip_prefix("# EASY-INSTALL-ENTRY-SCRIPT: '") {
            return name(entry.split(['=', '\'', '<', '>']).next()?);
        }
        let Some((module, _)) = line.strip_prefix("from ").and_then(|rest| rest.split_once(" import "))
        else {
            continue;
        };
        let top = module.split('.').next().unwrap_or(module);
        if !STANDARD.contains(&top) {
            return name(top);
        }
    }
    None
}

fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (!text.is_empty() && text.bytes().all(plain)).then(|| text.to_owned())
}

/// Modules that such scripts use for themselves.
const STANDARD: [&str; 9] = [
    "__future__",
    "re",
    "sys",
    "os",
    "importlib",
    "importlib_metadata",
    "pkg_resources",
    "warnings",
    "typing",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn module(words: &[&str]) -> Option<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        module_option(&words).map(str::to_owned)
    }

    #[test]
    fn the_module_is_found_where_python_finds_it() {
        assert_eq!(module(&["-m", "websockify", "-c", "x"]).as_deref(), Some("websockify"));
        assert_eq!(
            module(&["-u", "-W", "-m", "-Im", "mitmproxy.tools.main"]).as_deref(),
            Some("mitmproxy.tools.main")
        );
        assert_eq!(module(&["-mhttp.server"]).as_deref(), Some("http.server"));
        assert_eq!(module(&["script.py", "-m", "x"]), None);
        assert_eq!(module(&["-c", "import x", "-m", "x"]), None);
        assert_eq!(module(&[]), None);
    }

    #[test]
    fn console_scripts_name_their_package() {
        let pip = b"#!/opt/venv/bin/python3\n# -*- coding: utf-8 -*-\nimport re\nimport sys\n\
            from websockify.websocketproxy import websockify_init\nif __name__ == '__main__':\n    from x import y\n";
        assert_eq!(parse_entry_script(pip).as_deref(), Some("websockify"));
        let old = b"#!/usr/bin/python3\n# EASY-INSTALL-ENTRY-SCRIPT: 'websockify==0.10.0','console_scripts','websockify'\n";
        assert_eq!(parse_entry_script(old).as_deref(), Some("websockify"));
        assert_eq!(parse_entry_script(b"#!/usr/bin/python3\nimport sys\nprint('from a import b')\n"), None);
        assert_eq!(parse_entry_script(b"#!/bin/sh\nfrom a import b\n"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), words in proptest::collection::vec("-{0,2}[cmWX=a]{0,4}", 0..6)) {
            let _ = parse_entry_script(&bytes);
            let _ = parse_entry_script(&[b"#!python\n", bytes.as_slice()].concat());
            let _ = module_option(&words);
        }
    }
}
