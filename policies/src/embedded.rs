//! The data files built into this crate, as (path, text), sorted by path.
//!
//! Always: every `.toml` below `rules`, `catalogue`, `profiles` and `cases`; `build.rs` makes the lists. Running
//! programs read the packed form: the same content as JSON, which costs a fraction in room and in time.

use std::io::{self, Read as _};

use flate2::read::DeflateDecoder;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Version and digest of every rule.
pub static RULES_LOCK: &str = include_str!("../rules.lock");

/// What is there in packed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// As [`RULES`].
    Rules,
    /// As [`TOOLS`].
    Tools,
    /// As [`KVM`].
    Kvm,
}

/// A part, unpacked.
#[derive(Clone, Debug)]
pub struct Unpacked {
    text: String,
}

/// Unpacks a part. Not kept: whoever needs it twice keeps what was made of it.
///
/// # Errors
/// Bytes that do not unpack: a damaged program.
pub fn unpack(part: Part) -> io::Result<Unpacked> {
    let bytes = match part {
        Part::Rules => PACKED_RULES,
        Part::Tools => PACKED_TOOLS,
        Part::Kvm => PACKED_KVM,
    };
    let mut text = String::new();
    DeflateDecoder::new(bytes).take(MAX_PART_BYTES).read_to_string(&mut text)?;
    Ok(Unpacked { text })
}

impl Unpacked {
    /// The files, as (path, JSON text), sorted by path.
    pub fn files(&self) -> Vec<(&str, &str)> {
        self.text.lines().filter_map(|line| line.split_once('\t')).collect()
    }
}

/// Far more than all data files together.
const MAX_PART_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packed_form_says_what_the_written_one_says() {
        for (part, written) in [(Part::Rules, RULES), (Part::Tools, TOOLS), (Part::Kvm, KVM)] {
            let unpacked = unpack(part).unwrap();
            let files = unpacked.files();
            assert_eq!(files.len(), written.len(), "{part:?}");
            for ((path, json), (written_path, text)) in files.iter().zip(written) {
                assert_eq!(path, written_path);
                let packed: serde_json::Value = serde_json::from_str(json).unwrap();
                let plain: serde_json::Value = toml::from_str(text).unwrap();
                assert_eq!(packed, plain, "{path}");
            }
        }
    }
}
