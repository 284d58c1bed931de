//! USB devices in USBGuard's rules.
//!
//! Always: a rule names a device that somebody met here, not when; the rule's file, not its verdict, is the fact.
//! Facts: usbguard-rules.conf(5): `allow id 1d6b:0104 serial "…" name "…" hash "…" via-port "1-1" with-interface { 03:01:01 … }`.

use std::path::{Path, PathBuf};

use bearing_protocol::fact::UsbDevice;

use super::{MAX_ENTRIES, Past};
use crate::{
    gaps::{Gaps, Why},
    reading::Context,
    sysfs,
};

pub(super) fn read(context: &Context, gaps: &mut Gaps) -> Option<(usize, Past)> {
    let root = &context.root;
    let mut paths: Vec<PathBuf> = [RULES, STATE_RULES].map(PathBuf::from).to_vec();
    if let Ok(listing) = root.list_dir(RULES_DIRECTORY, MAX_ENTRIES) {
        let rules = listing.names.iter().filter(|name| name.ends_with(".conf"));
        paths.extend(rules.map(|name| Path::new(RULES_DIRECTORY).join(name)));
    }
    let mut past = Past::default();
    let mut files = 0;
    for path in paths {
        match root.read_text(&path, MAX_FILE_BYTES) {
            Ok(text) => {
                files += 1;
                let (devices, malformed) = parse(&text);
                gaps.add_many("rules of USBGuard", Why::Malformed, malformed);
                for device in devices {
                    past.add(device, Vec::new());
                }
            }
            Err(error) => gaps.add_error("files of USBGuard", &error),
        }
    }
    (files > 0).then_some((files, past))
}

/// Devices that rules name by id, and how many rules could not be read. A rule without a whole id names none.
pub fn parse(text: &str) -> (Vec<UsbDevice>, u64) {
    let mut devices: Vec<UsbDevice> = Vec::new();
    let mut malformed = 0;
    for line in text.lines().map(str::trim).take(MAX_RULES) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(tokens) = tokens(line) else {
            malformed += 1;
            continue;
        };
        devices.extend(device(&tokens, devices.len()));
    }
    (devices, malformed)
}

fn device(tokens: &[Token], number: usize) -> Option<UsbDevice> {
    let after = |name: &str| {
        let at = tokens.iter().position(|token| token.word() == Some(name))?;
        tokens.get(at + 1..)
    };
    let (vendor, product) = after("id")?.first()?.word()?.split_once(':')?;
    let text = |name| after(name).and_then(|rest| rest.first()?.text().map(str::to_owned));
    let port = after("via-port").and_then(|rest| rest.iter().find_map(|token| token.text()));
    let interfaces =
        after("with-interface").unwrap_or_default().iter().map_while(|token| match token.word() {
            Some(word) if word == "{" || word.ends_with("-of") || word.starts_with("equals") => Some(None),
            Some(word) => interface(word).map(Some),
            None => None,
        });
    let path = match port.filter(|port| sysfs::is_usb_device_name(port)) {
        Some(port) => port.to_owned(),
        None => format!("rule-{}", number + 1),
    };
    Some(UsbDevice {
        parent: sysfs::usb_parent(&path),
        path,
        vendor_id: sysfs::hex_u16(vendor)?,
        product_id: sysfs::hex_u16(product)?,
        product: text("name").filter(|text| !text.is_empty()),
        serial: text("serial").filter(|text| !text.is_empty()),
        interfaces: super::interfaces(interfaces.flatten()),
        provenance: Some("usbguard".to_owned()),
        ..UsbDevice::default()
    })
}

/// `03:01:01`; wildcards name no interface.
fn interface(word: &str) -> Option<(u8, u8, u8)> {
    let mut parts = word.split(':').map(sysfs::hex_u8);
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[derive(Debug)]
enum Token {
    Word(String),
    Text(String),
}

impl Token {
    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Text(_) => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Word(_) => None,
        }
    }
}

/// Words and quoted texts (`\"`, `\\`, `\xNN`). `None` where a quote does not end.
fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && tokens.len() < MAX_TOKENS {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut text = String::new();
            let mut characters = quoted.char_indices();
            let end = loop {
                match characters.next()? {
                    (at, '"') => break at,
                    (at, '\\') => match characters.next()?.1 {
                        'x' => {
                            let byte = sysfs::hex_u8(quoted.get(at + 2..at + 4)?)?;
                            text.push(char::from(byte));
                            characters.next()?;
                            characters.next()?;
                        }
                        other => text.push(other),
                    },
                    (_, other) => text.push(other),
                }
            };
            text.truncate(bearing_protocol::text::truncate(&text, MAX_TEXT_BYTES).len());
            tokens.push(Token::Text(text));
            rest = quoted.get(end + 1..).unwrap_or_default().trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            tokens.push(Token::Word(word.to_owned()));
            rest = after.trim_start();
        }
    }
    Some(tokens)
}

const RULES: &str = "/etc/usbguard/rules.conf";
const STATE_RULES: &str = "/var/lib/usbguard/rules.conf";
const RULES_DIRECTORY: &str = "/etc/usbguard/rules.d";
const MAX_FILE_BYTES: usize = 1024 * 1024;
const MAX_RULES: usize = 4096;
const MAX_TOKENS: usize = 256;
const MAX_TEXT_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rules_name_devices() {
        let (devices, malformed) = parse(
            "# a comment\nallow id 1d6b:0104 serial \"CAFE\\x20BABE\" name \"Pi\\\"KVM\" hash \"k=\" parent-hash \"p=\" \
             via-port \"1-1.4\" with-interface { 03:01:01 03:00:00 08:06:50 } with-connect-type \"hotplug\"\n\
             reject id 046d:* name \"x\"\nallow id 046d:c52b with-interface 03:01:01\nallow name \"open\n",
        );
        assert_eq!(malformed, 1);
        let [kvm, receiver] = &devices[..] else { panic!("{devices:?}") };
        assert_eq!((kvm.vendor_id, kvm.product_id, kvm.path.as_str()), (0x1d6b, 0x0104, "1-1.4"));
        assert_eq!((kvm.serial.as_deref(), kvm.product.as_deref()), (Some("CAFE BABE"), Some("Pi\"KVM")));
        assert_eq!(kvm.interfaces.len(), 3);
        assert_eq!((receiver.path.as_str(), receiver.interfaces.len()), ("rule-2", 1));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,300}") {
            let _ = parse(&text);
            let _ = parse(&format!("allow id 1d6b:0104 name \"{text}"));
        }
    }
}
