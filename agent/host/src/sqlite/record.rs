//! A row's record: a header of types, then the values.

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `NULL`; also the column that stands for the row's id.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text, in the database's encoding.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

/// The values of a record, in the order of columns, as far as the record is well-formed.
pub fn columns(record: &[u8]) -> Columns<'_> {
    let parts = || {
        let (header_bytes, start) = varint(record)?;
        let header = usize::try_from(header_bytes).ok()?;
        Some((record.get(start..header)?, record.get(header..)?))
    };
    let (types, body) = parts().unwrap_or_default();
    Columns { types, body }
}

/// See [`columns`].
#[derive(Clone, Debug)]
pub struct Columns<'a> {
    types: &'a [u8],
    body: &'a [u8],
}

impl<'a> Iterator for Columns<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (serial, used) = varint(self.types)?;
        self.types = self.types.get(used..)?;
        let length = match serial {
            0 | 8 | 9 => 0,
            1..=4 => serial,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (serial - 12) / 2,
        };
        let (value, rest) = self.body.split_at_checked(usize::try_from(length).ok()?)?;
        self.body = rest;
        Some(match serial {
            0 => Value::Null,
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            1..=6 => Value::Integer(signed(value)),
            7 => Value::Real(f64::from_be_bytes(value.try_into().ok()?)),
            _ if serial % 2 == 0 => Value::Blob(value),
            _ => Value::Text(value),
        })
    }
}

/// Big-endian, as wide as it is.
fn signed(bytes: &[u8]) -> i64 {
    let start = if bytes.first().is_some_and(|byte| *byte >= 0x80) { -1 } else { 0 };
    bytes.iter().fold(start, |number, byte| (number << 8) | i64::from(*byte))
}

/// A number of one to nine bytes, and how many it took.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some(((number << 8) | u64::from(*byte), 9));
        }
        number = (number << 7) | u64::from(*byte & 0x7f);
        if *byte < 0x80 {
            return Some((number, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_read() {
        // NULL, 1 byte, 2 bytes, constant 1, text of 2, blob of 1, double.
        let record =
            [8, 0, 1, 2, 9, 17, 14, 7, 0xff, 0x01, 0x00, b'h', b'i', 7, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0];
        let read: Vec<_> = columns(&record).collect();
        let expected = [
            Value::Null,
            Value::Integer(-1),
            Value::Integer(256),
            Value::Integer(1),
            Value::Text(b"hi"),
            Value::Blob(&[7]),
            Value::Real(1.0),
        ];
        assert_eq!(read, expected);
        assert_eq!(columns(&record[..12]).count(), 4, "what is cut off is left out");
        assert_eq!(columns(&[200]).count(), 0);
    }

    #[test]
    fn numbers_of_nine_bytes_use_all_bits() {
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, 2)));
        assert_eq!(varint(&[0x80]), None);
    }
}
