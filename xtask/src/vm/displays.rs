//! Displays to show to the machine: `tests/vm/displays.toml`.

use super::description::{Expected, Truth, catalogue};
use anyhow::Context;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    display: Vec<Form>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    about: String,
    truth: Truth,
    /// A file of `tests/vm/edid` without its ending, or `PRODUCT/NAME` of the catalogue.
    edid: String,
    severity: String,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    why: Option<String>,
}

/// One display, and what has to come of it.
pub(crate) struct Display {
    pub name: String,
    pub about: String,
    pub truth: Truth,
    pub bytes: Vec<u8>,
    pub expected: Expected,
}

impl Display {
    /// The EDID's file name in the boot image.
    pub(crate) fn file(&self) -> String {
        let name: String =
            self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        format!("rig-{name}.bin")
    }
}

/// All displays.
///
/// # Errors
/// When the list or an EDID cannot be read.
pub(crate) fn all() -> anyhow::Result<Vec<Display>> {
    let path = super::dir().join("displays.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let file: File = toml::from_str(&text).with_context(|| format!("in `{}`", path.display()))?;
    file.display
        .into_iter()
        .map(|form| {
            let hex = match form.edid.split_once('/') {
                Some((product, name)) => catalogue(product, "edid", "name", name)?,
                None => std::fs::read_to_string(super::dir().join(format!("edid/{}.hex", form.edid)))?,
            };
            Ok(Display {
                name: form.name,
                about: form.about,
                truth: form.truth,
                bytes: as_read(super::unhex(&hex)?),
                expected: Expected { severity: form.severity, rules: form.rules, why: form.why },
            })
        })
        .collect()
}

/// What a kernel makes of an EDID that announces extensions it does not have, or whose extensions do not add up: it
/// leaves them out, corrects the count and the checksum (`edid_filter_invalid_blocks` in `drivers/gpu/drm/drm_edid.c`).
fn as_read(mut bytes: Vec<u8>) -> Vec<u8> {
    const BLOCK: usize = 128;
    const EXTENSIONS: usize = 126;
    let adds_up = |block: &[u8]| block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) == 0;
    let announced = bytes.get(EXTENSIONS).copied().map_or(0, usize::from);
    let whole: Vec<u8> = bytes
        .chunks_exact(BLOCK)
        .enumerate()
        .filter(|(number, block)| *number == 0 || (*number <= announced && adds_up(block)))
        .flat_map(|(_, block)| block.to_vec())
        .collect();
    let has = (whole.len() / BLOCK).saturating_sub(1);
    if has == announced && whole.len() == bytes.len() {
        return bytes;
    }
    bytes = whole;
    let count = u8::try_from(has).unwrap_or(u8::MAX);
    if let Some([base @ .., checksum]) = bytes.get_mut(..BLOCK) {
        base[EXTENSIONS] = count;
        *checksum = base.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_that_is_not_there_is_no_longer_announced() {
        for display in all().unwrap() {
            let bytes = &display.bytes;
            assert_eq!(bytes.len(), 128 * (1 + usize::from(bytes[126])), "{}", display.name);
            assert!(
                bytes.chunks(128).all(|b| b.iter().fold(0_u8, |s, x| s.wrapping_add(*x)) == 0),
                "{}",
                display.name
            );
        }
    }
}
