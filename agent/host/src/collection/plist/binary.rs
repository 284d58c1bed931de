//! The binary form: a table of offsets, objects, and a trailer that says where they are.

use super::{MAX_DEPTH, MAX_VALUES, PlistError, Value};

pub(super) fn parse(bytes: &[u8]) -> Result<Value, PlistError> {
    let broken = PlistError::Broken { offset: bytes.len() };
    let trailer_at = bytes.len().checked_sub(TRAILER_BYTES).ok_or_else(|| broken.clone())?;
    let trailer = bytes.get(trailer_at..).unwrap_or_default();
    let size = |at: usize| trailer.get(at).copied().map(usize::from).filter(|size| (1..=8).contains(size));
    let place = |at: usize| number(trailer, at, 8).and_then(|value| usize::try_from(value).ok());
    let file = (|| {
        Some(File {
            bytes: bytes.get(..trailer_at)?,
            offset_bytes: size(6)?,
            reference_bytes: size(7)?,
            objects: place(8)?,
            table: place(24)?,
        })
    })();
    let file = file.ok_or_else(|| broken.clone())?;
    let root = place(16).ok_or(broken)?;
    let mut values = 0;
    file.object(root, 0, &mut values)
}

struct File<'a> {
    bytes: &'a [u8],
    offset_bytes: usize,
    reference_bytes: usize,
    objects: usize,
    table: usize,
}

impl<'a> File<'a> {
    fn object(&self, reference: usize, depth: usize, values: &mut usize) -> Result<Value, PlistError> {
        if depth > MAX_DEPTH {
            return Err(PlistError::TooDeep);
        }
        *values += 1;
        if *values > MAX_VALUES {
            return Err(PlistError::TooMany);
        }
        let at = self.offset_of(reference).ok_or(PlistError::Broken { offset: self.table })?;
        let broken = PlistError::Broken { offset: at };
        let marker = *self.bytes.get(at).ok_or_else(|| broken.clone())?;
        let low = usize::from(marker & 0x0f);
        Ok(match marker >> 4 {
            0x0 => match low {
                8 => Value::Flag(false),
                9 => Value::Flag(true),
                _ => Value::Other,
            },
            0x1 if low <= 4 => {
                let size = 1_usize << low;
                // Sixteen bytes hold what eight cannot; the low half is what devices' numbers need.
                let (skip, size) = if size == 16 { (8, 8) } else { (0, size) };
                Value::Number(number(self.bytes, at + 1 + skip, size).ok_or(broken)?)
            }
            0x2 | 0x3 | 0x8 => Value::Other,
            0x4 => Value::Bytes(self.run(at, low, 1).ok_or(broken)?.to_vec()),
            0x5 => Value::Text(String::from_utf8_lossy(self.run(at, low, 1).ok_or(broken)?).into_owned()),
            0x6 => {
                let units: Vec<u16> = self
                    .run(at, low, 2)
                    .ok_or(broken)?
                    .chunks_exact(2)
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                    .collect();
                Value::Text(String::from_utf16_lossy(&units))
            }
            0xa..=0xc => {
                let references = self.run(at, low, self.reference_bytes).ok_or(broken)?;
                let mut list = Vec::new();
                for reference in references.chunks_exact(self.reference_bytes) {
                    list.push(self.object(self.reference(reference)?, depth + 1, values)?);
                }
                Value::List(list)
            }
            0xd => {
                let references = self.run(at, low, self.reference_bytes * 2).ok_or(broken)?;
                let (keys, items) = references.split_at(references.len() / 2);
                let mut map = Vec::new();
                let pairs =
                    keys.chunks_exact(self.reference_bytes).zip(items.chunks_exact(self.reference_bytes));
                for (key, item) in pairs {
                    let Value::Text(key) = self.object(self.reference(key)?, depth + 1, values)? else {
                        return Err(PlistError::Syntax { offset: at });
                    };
                    map.push((key, self.object(self.reference(item)?, depth + 1, values)?));
                }
                Value::Map(map)
            }
            _ => return Err(PlistError::Syntax { offset: at }),
        })
    }

    fn reference(&self, bytes: &[u8]) -> Result<usize, PlistError> {
        number(bytes, 0, bytes.len())
            .and_then(|value| usize::try_from(value).ok())
            .ok_or(PlistError::Broken { offset: self.table })
    }

    fn offset_of(&self, reference: usize) -> Option<usize> {
        if reference >= self.objects {
            return None;
        }
        let at = self.table.checked_add(reference.checked_mul(self.offset_bytes)?)?;
        usize::try_from(number(self.bytes, at, self.offset_bytes)?).ok()
    }

    /// The body of an object of `low` units (15: a number that follows says how many) of `unit` bytes.
    fn run(&self, at: usize, low: usize, unit: usize) -> Option<&'a [u8]> {
        let (start, count) = if low == 15 {
            let marker = *self.bytes.get(at + 1)?;
            let size = (marker >> 4 == 1).then_some(1_usize << (marker & 0x0f)).filter(|size| *size <= 8)?;
            (at + 2 + size, usize::try_from(number(self.bytes, at + 2, size)?).ok()?)
        } else {
            (at + 1, low)
        };
        self.bytes.get(start..start.checked_add(count.checked_mul(unit)?)?)
    }
}

/// A big-endian number of up to eight bytes.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let run = bytes.get(at..at.checked_add(size)?).filter(|run| run.len() <= 8)?;
    Some(run.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

const TRAILER_BYTES: usize = 32;
