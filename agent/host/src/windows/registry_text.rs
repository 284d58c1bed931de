//! Registry files of `regedit` (version 5.00), for tests: what stands in one is a machine's registry.

use std::collections::BTreeMap;

use super::registry::{Failure, Key, Registry, RegistryError};
use crate::collection::hive::{Data, decode};

/// A registry out of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct RegistryText {
    keys: BTreeMap<String, (String, Key)>,
}

/// The machine that the tests on every system and the run under Wine share.
pub(super) fn prepared() -> RegistryText {
    RegistryText::parse(include_str!("../../captures/windows/prepared.reg"))
}

impl RegistryText {
    pub(super) fn parse(text: &str) -> Self {
        let mut out = Self::default();
        let mut current = String::new();
        let joined = text.replace("\\\r\n", "").replace("\\\n", "");
        for line in joined.lines().map(str::trim) {
            if let Some(path) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                current = path
                    .replace("HKEY_LOCAL_MACHINE", "HKLM")
                    .replace("HKEY_USERS", "HKU")
                    .replace("HKEY_CURRENT_USER", "HKU\\S-1-5-21-0-0-0-1000");
                out.add_key(&current);
            } else if let Some((name, value)) = split(line) {
                let entry = out.keys.get_mut(&current.to_lowercase()).expect("a value stands in a key");
                entry.1.values.push((name, data(&value)));
            }
        }
        out
    }

    fn add_key(&mut self, path: &str) {
        self.keys.entry(path.to_lowercase()).or_insert_with(|| (path.to_owned(), Key::default()));
        if let Some((parent, name)) = path.rsplit_once('\\') {
            self.add_key(parent);
            let children = &mut self.keys.get_mut(&parent.to_lowercase()).expect("just added").1.children;
            if !children.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                children.push(name.to_owned());
            }
        }
    }

    /// Without a key and everything below it.
    pub(super) fn without(mut self, path: &str) -> Self {
        let lower = path.to_lowercase();
        self.keys.retain(|key, _| *key != lower && !key.starts_with(&format!("{lower}\\")));
        if let Some((parent, name)) = path.rsplit_once('\\')
            && let Some((_, key)) = self.keys.get_mut(&parent.to_lowercase())
        {
            key.children.retain(|child| !child.eq_ignore_ascii_case(name));
        }
        self
    }

    /// With a number in place of what a value holds.
    pub(super) fn with_number(mut self, path: &str, name: &str, number: u32) -> Self {
        self.add_key(path);
        let values = &mut self.keys.get_mut(&path.to_lowercase()).expect("just added").1.values;
        values.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        values.push((name.to_owned(), Data::Number(number)));
        self
    }
}

impl Registry for RegistryText {
    fn key(&self, path: &str) -> Result<Key, RegistryError> {
        self.keys
            .get(&path.to_lowercase())
            .map(|(_, key)| key.clone())
            .ok_or_else(|| RegistryError { path: path.to_owned(), failure: Failure::Missing })
    }
}

fn split(line: &str) -> Option<(String, String)> {
    if let Some(value) = line.strip_prefix("@=") {
        return Some((String::new(), value.to_owned()));
    }
    let rest = line.strip_prefix('"')?;
    let end = rest.find("\"=")?;
    Some((rest[..end].replace("\\\\", "\\"), rest[end + 2..].to_owned()))
}

fn data(value: &str) -> Data {
    if let Some(text) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Data::Text(text.replace("\\\"", "\"").replace("\\\\", "\\"));
    }
    if let Some(number) = value.strip_prefix("dword:") {
        return Data::Number(u32::from_str_radix(number, 16).expect("a number"));
    }
    let (kind, bytes) = value.strip_prefix("hex").and_then(|rest| rest.split_once(':')).expect("a value");
    let kind = kind.trim_matches(['(', ')']);
    let kind = if kind.is_empty() { 3 } else { u32::from_str_radix(kind, 16).expect("a type") };
    let bytes: Vec<u8> = bytes
        .split(',')
        .map(str::trim)
        .filter(|byte| !byte.is_empty())
        .map(|byte| u8::from_str_radix(byte, 16).expect("a byte"))
        .collect();
    decode(kind, &bytes)
}

#[test]
fn a_registry_file_is_read() {
    let text = "Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\A\\B]\n@=\"x\"\n\"N\"=dword:0000000a\n\
        \"P\"=\"C:\\\\x \\\"y\\\"\"\n\"M\"=hex(7):61,00,00,00,\\\n  62,00,00,00,00,00\n";
    let registry = RegistryText::parse(text);
    let key = registry.key("hklm\\a\\b").unwrap();
    assert_eq!((key.text("").as_deref(), key.number("n")), (Some("x"), Some(10)));
    assert_eq!(key.text("P").as_deref(), Some("C:\\x \"y\""));
    assert_eq!(key.texts("M"), ["a", "b"]);
    assert_eq!(registry.key("HKLM\\A").unwrap().children, ["B"]);
}
