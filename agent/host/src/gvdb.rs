//! Settings of GNOME as they lie on disk: dconf's database of one person, in GVDB form.
//!
//! Always: offsets are checked against the file; a chain of parents that is too long or runs in a circle
//! is malformed; only values of plain types have a meaning here.
//! Facts: `gvdb-format.h` of GVDB (header, hash table, items of 24 bytes), the GVariant specification
//! (a value, a zero byte, its type).

use bearing_protocol::text::truncate;

use crate::little_endian::u32_at;

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Type `b`.
    Boolean(bool),
    /// Types `i` and `u`.
    Number(i64),
    /// Type `s`.
    Text(String),
    /// Some other type.
    Other,
}

/// The file is no database of this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a GVDB file in this machine's byte order")]
pub struct Malformed;

/// The values of some keys (`/org/gnome/…`) in a database, in the order of `keys`; `None` where it is not set.
///
/// # Errors
/// [`Malformed`] where the file contradicts itself before every key was looked at.
pub fn look_up<const N: usize>(bytes: &[u8], keys: [&str; N]) -> Result<[Option<Value>; N], Malformed> {
    let file = File(bytes);
    let mut values = [const { None }; N];
    if bytes.is_empty() {
        return Ok(values); // dconf leaves an empty file before the first setting
    }
    if bytes.get(..8) != Some(SIGNATURE) || file.u32_at(8) != Some(0) {
        return Err(Malformed);
    }
    let table = file.slice(16).ok_or(Malformed)?;
    let items = items_of(table).ok_or(Malformed)?;
    for index in 0..items.len() / ITEM_BYTES {
        let item = item(items, index).ok_or(Malformed)?;
        if item.kind != b'v' {
            continue;
        }
        let name = file.name(items, index).ok_or(Malformed)?;
        if let Some(place) = keys.iter().position(|key| name == *key) {
            let value = bytes.get(item.value_start..item.value_end).ok_or(Malformed)?;
            if let Some(slot) = values.get_mut(place) {
                *slot = Some(parse_variant(value));
            }
        }
    }
    Ok(values)
}

/// The names and raw values (a variant in serialised form) of a table inside a database, at most `max_items`:
/// empty where there is no such table.
///
/// # Errors
/// [`Malformed`] where the file contradicts itself.
pub fn table<'a>(
    bytes: &'a [u8],
    name: &str,
    max_items: usize,
) -> Result<Vec<(String, &'a [u8])>, Malformed> {
    let file = File(bytes);
    if bytes.get(..8) != Some(SIGNATURE) || file.u32_at(8) != Some(0) {
        return Err(Malformed);
    }
    let outer = items_of(file.slice(16).ok_or(Malformed)?).ok_or(Malformed)?;
    for index in 0..outer.len() / ITEM_BYTES {
        let found = item(outer, index).ok_or(Malformed)?;
        if found.kind != b'H' || file.name(outer, index).ok_or(Malformed)? != name {
            continue;
        }
        let inner = bytes.get(found.value_start..found.value_end).and_then(items_of).ok_or(Malformed)?;
        let mut values = Vec::new();
        for index in 0..(inner.len() / ITEM_BYTES).min(max_items) {
            let entry = item(inner, index).ok_or(Malformed)?;
            if entry.kind == b'v' {
                let value = bytes.get(entry.value_start..entry.value_end).ok_or(Malformed)?;
                values.push((file.name(inner, index).ok_or(Malformed)?, value));
            }
        }
        return Ok(values);
    }
    Ok(Vec::new())
}

struct File<'a>(&'a [u8]);

struct Item {
    parent: u32,
    key_start: usize,
    key_bytes: usize,
    kind: u8,
    value_start: usize,
    value_end: usize,
}

impl<'a> File<'a> {
    fn u32_at(&self, at: usize) -> Option<u32> {
        u32_at(self.0, at)
    }

    /// What the pointer at `at` (start, end) points to.
    fn slice(&self, at: usize) -> Option<&'a [u8]> {
        let (start, end) = (self.u32_at(at)?, self.u32_at(at + 4)?);
        self.0.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// An item's whole name: its parents' parts and its own.
    fn name(&self, items: &[u8], index: usize) -> Option<String> {
        let mut parts = Vec::new();
        let mut next = index;
        loop {
            let item = item(items, next)?;
            let part = self.0.get(item.key_start..item.key_start.checked_add(item.key_bytes)?)?;
            parts.push(std::str::from_utf8(part).ok()?);
            if item.parent == NO_PARENT {
                parts.reverse();
                return Some(parts.concat());
            }
            if parts.len() > MAX_DEPTH {
                return None;
            }
            next = usize::try_from(item.parent).ok()?;
        }
    }
}

/// The items of a hash table: behind its bloom filter and its buckets.
fn items_of(table: &[u8]) -> Option<&[u8]> {
    // The upper five bits are the filter's shift.
    let bloom_words = usize::try_from(u32_at(table, 0)? & 0x07ff_ffff).ok()?;
    let buckets = usize::try_from(u32_at(table, 4)?).ok()?;
    let before = bloom_words.checked_add(buckets)?.checked_mul(4)?.checked_add(8)?;
    table.get(before..)
}

fn item(items: &[u8], index: usize) -> Option<Item> {
    let at = index.checked_mul(ITEM_BYTES)?;
    let bytes = items.get(at..at.checked_add(ITEM_BYTES)?)?;
    let place = |at| usize::try_from(u32_at(bytes, at)?).ok();
    Some(Item {
        parent: u32_at(bytes, 4)?,
        key_start: place(8)?,
        key_bytes: usize::from(u16::from_le_bytes(bytes.get(12..14)?.try_into().ok()?)),
        kind: *bytes.get(14)?,
        value_start: place(16)?,
        value_end: place(20)?,
    })
}

/// A value, a zero byte, and the text of its type.
fn parse_variant(bytes: &[u8]) -> Value {
    let Some(zero) = bytes.iter().rposition(|byte| *byte == 0) else { return Value::Other };
    let (value, kind) = (bytes.get(..zero).unwrap_or_default(), bytes.get(zero + 1..).unwrap_or_default());
    match (kind, value) {
        (b"b", [flag]) => Value::Boolean(*flag != 0),
        (b"i", &[a, b, c, d]) => Value::Number(i32::from_le_bytes([a, b, c, d]).into()),
        (b"u", &[a, b, c, d]) => Value::Number(u32::from_le_bytes([a, b, c, d]).into()),
        (b"s", [text @ .., 0]) => std::str::from_utf8(text)
            .map_or(Value::Other, |text| Value::Text(truncate(text, MAX_TEXT_BYTES).to_owned())),
        _ => Value::Other,
    }
}

/// Where a person's database lies, below the home directory.
pub(crate) const USER_DATABASE: &str = ".config/dconf/user";
/// Most bytes of a database; ordinary ones have some dozen KiB.
pub(crate) const MAX_DATABASE_BYTES: usize = 4 * 1024 * 1024;
/// `GVariant`, in little-endian order.
const SIGNATURE: &[u8] = b"GVariant";
const ITEM_BYTES: usize = 24;
const NO_PARENT: u32 = u32::MAX;
/// Deepest path; dconf's own are under ten.
const MAX_DEPTH: usize = 32;
const MAX_TEXT_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USER: &[u8] = include_bytes!("../captures/dconf-0.40/user");

    #[test]
    fn settings_are_read_from_a_capture() {
        let [automatic, mode, port, format, unset] = look_up(
            USER,
            [
                "/org/gnome/desktop/datetime/automatic-timezone",
                "/org/gnome/system/proxy/mode",
                "/org/gnome/system/proxy/http/port",
                "/org/gnome/desktop/interface/clock-format",
                "/org/gnome/desktop/interface",
            ],
        )
        .unwrap();
        assert_eq!(automatic, Some(Value::Boolean(true)));
        assert_eq!(mode, Some(Value::Text("manual".to_owned())));
        assert_eq!(port, Some(Value::Number(3128)));
        assert_eq!(format, Some(Value::Text("24h".to_owned())));
        assert_eq!(unset, None, "a path is no setting");
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(look_up(b"", ["/a"]), Ok([None]));
        assert_eq!(look_up(b"raVGtnai", ["/a"]), Err(Malformed));
        assert_eq!(look_up(&USER[..100], ["/a"]), Err(Malformed));
    }

    #[test]
    fn parents_in_a_circle_are_refused() {
        let mut bytes = USER.to_vec();
        // The table begins at 24, its items behind 17 buckets: each becomes its own parent.
        for (index, item) in bytes[24 + 8 + 17 * 4..508].chunks_exact_mut(ITEM_BYTES).enumerate() {
            item[4..8].copy_from_slice(&u32::try_from(index).unwrap().to_le_bytes());
        }
        assert_eq!(look_up(&bytes, ["/a"]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn any_damage_is_survived(at in 0..USER.len(), value in any::<u8>(), end in 0..=USER.len()) {
            let mut bytes = USER.to_vec();
            bytes[at] = value;
            let _ = look_up(&bytes[..end], ["/org/gnome/system/proxy/mode"]);
            let _ = table(&bytes[..end], "main", 10);
        }
    }
}
