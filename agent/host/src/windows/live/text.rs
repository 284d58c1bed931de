//! Texts as Windows takes and gives them: UTF-16, ended by a zero.

#![expect(unsafe_code, reason = "texts of the system are pointers")]

/// With the zero at its end.
pub(super) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect()
}

/// Units up to the first zero.
pub(super) fn text_of(units: &[u16]) -> String {
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16_lossy(units.get(..end).unwrap_or_default())
}

/// A text of the system, at most `MAX_UNITS` long; empty for a null pointer.
///
/// # Safety
/// `from` is null or points to units that a zero ends.
pub(super) unsafe fn copied(from: *const u16) -> String {
    let mut units = Vec::new();
    if from.is_null() {
        return String::new();
    }
    for at in 0..MAX_UNITS {
        // SAFETY: no zero came before, so this unit is still inside the text.
        let unit = unsafe { *from.add(at) };
        if unit == 0 {
            break;
        }
        units.push(unit);
    }
    String::from_utf16_lossy(&units)
}

const MAX_UNITS: usize = 32 * 1024;
