//! Secure Boot: UEFI specification, section 3.3 (variables `SecureBoot`, `SetupMode`), as efivarfs shows
//! them: four bytes of attributes, then the value.

use bearing_protocol::fact::SecureBoot;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
};

const EFI: &str = "/sys/firmware/efi";
/// The namespace of variables that the specification itself defines (`EFI_GLOBAL_VARIABLE`).
const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const MAX_BYTES: usize = 64;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<SecureBoot> {
    context.needs_linux()?;
    let root = &context.root;
    if !root.exists("/sys/firmware") {
        return Err(Unread::unsupported("no `/sys/firmware`: the machine's firmware does not show"));
    }
    if !root.exists(EFI) {
        return Ok(Reading::new(SecureBoot::default(), "not started by UEFI"));
    }
    let mut gaps = Gaps::default();
    let mut flag = |name: &str| match root.read(format!("{EFI}/efivars/{name}-{GLOBAL}"), MAX_BYTES) {
        Ok(bytes) => {
            let value = parse_flag(&bytes);
            if value.is_none() {
                gaps.add("firmware variables", Why::Malformed);
            }
            value
        }
        Err(error) => {
            gaps.add("firmware variables", error.kind.into());
            None
        }
    };
    let state = SecureBoot { uefi: true, enabled: flag("SecureBoot"), setup_mode: flag("SetupMode") };
    let word = match state.enabled {
        Some(true) => "on",
        Some(false) => "off",
        None => "unknown",
    };
    Ok(Reading::with_gaps(state, format!("started by UEFI, Secure Boot {word}"), gaps))
}

/// A variable that is 0 or 1.
pub fn parse_flag(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [_, _, _, _, 0] => Some(false),
        [_, _, _, _, 1] => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_four_attribute_bytes_and_one() {
        assert_eq!(parse_flag(&[6, 0, 0, 0, 1]), Some(true));
        assert_eq!(parse_flag(&[6, 0, 0, 0, 0]), Some(false));
        for odd in [&[6, 0, 0, 0][..], &[6, 0, 0, 0, 2], &[6, 0, 0, 0, 1, 0], &[]] {
            assert_eq!(parse_flag(odd), None);
        }
    }
}
