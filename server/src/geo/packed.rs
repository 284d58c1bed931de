//! Packed tables of addresses, read: sorted boundaries in memory, looked up by halving.
//!
//! Always: `cargo xtask geodata` writes what this reads (its `pack.rs` describes the form); a table that is cut or was
//! changed is an error, never half a table; IPv6 is known to the /64.

use std::{io::Read as _, net::IpAddr};

use flate2::read::ZlibDecoder;

/// What a table begins with.
const MAGIC: &[u8; 8] = b"BRGGEO-1";
/// How many of the last values the form remembers.
const RECENT: usize = 250;
/// Most bytes of an unpacked table.
const MAX_RAW_BYTES: u64 = 64 * 1024 * 1024;
/// Most boundaries or values of one family.
const MAX_ROWS: u64 = 8_000_000;

/// Why packed bytes are no table.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PackedError {
    #[error("the packed table cannot be unpacked")]
    Zlib(#[source] std::io::Error),
    #[error("the packed table is damaged: {0}")]
    Damaged(&'static str),
}

/// A table of values by address.
#[derive(Debug, Default)]
pub struct Ranges<V> {
    v4: Vec<u32>,
    v4_values: Vec<V>,
    v6: Vec<u64>,
    v6_values: Vec<V>,
}

impl<V: Copy + Default> Ranges<V> {
    /// Reads a packed table; `value` turns the number in it into what is kept, where that is possible.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn read(packed: &[u8], value: impl Fn(u32) -> V) -> Result<Self, PackedError> {
        let mut raw = Vec::new();
        ZlibDecoder::new(packed).take(MAX_RAW_BYTES).read_to_end(&mut raw).map_err(PackedError::Zlib)?;
        let mut bytes = Bytes(&raw);
        if bytes.take(MAGIC.len())? != MAGIC {
            return Err(PackedError::Damaged("it begins otherwise"));
        }
        let mut values = Vec::new();
        let mut last = 0_u32;
        for _ in 0..bytes.count()? {
            let step = u32::try_from(bytes.number()?).map_err(|_| PackedError::Damaged("a value"))?;
            last = last.checked_add(step).ok_or(PackedError::Damaged("a value"))?;
            values.push(value(last));
        }
        let mut ranges = Self::default();
        let (starts, places) = bytes.column()?;
        for start in starts {
            ranges.v4.push(u32::try_from(start).map_err(|_| PackedError::Damaged("an IPv4 boundary"))?);
        }
        ranges.v4_values = meant(&places, &values)?;
        let (starts, places) = bytes.column()?;
        ranges.v6 = starts;
        ranges.v6_values = meant(&places, &values)?;
        if !bytes.0.is_empty() {
            return Err(PackedError::Damaged("more follows"));
        }
        Ok(ranges)
    }

    /// The value of an address; the default where the table knows nothing.
    pub fn get(&self, address: IpAddr) -> V {
        let value = match address {
            IpAddr::V4(v4) => {
                let at = self.v4.partition_point(|start| *start <= u32::from(v4));
                at.checked_sub(1).and_then(|at| self.v4_values.get(at))
            }
            IpAddr::V6(v6) => {
                let upper = (u128::from(v6) >> 64) as u64;
                let at = self.v6.partition_point(|start| *start <= upper);
                at.checked_sub(1).and_then(|at| self.v6_values.get(at))
            }
        };
        value.copied().unwrap_or_default()
    }

    /// Boundaries of IPv4 and IPv6.
    pub fn boundaries(&self) -> (usize, usize) {
        (self.v4.len(), self.v6.len())
    }
}

fn meant<V: Copy + Default>(places: &[u32], values: &[V]) -> Result<Vec<V>, PackedError> {
    places
        .iter()
        .map(|place| match usize::try_from(*place).unwrap_or(usize::MAX).checked_sub(1) {
            None => Ok(V::default()),
            Some(at) => values.get(at).copied().ok_or(PackedError::Damaged("a value's place")),
        })
        .collect()
}

/// What is left to read.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], PackedError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(PackedError::Damaged("it ends early"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// LEB128.
    pub(super) fn number(&mut self) -> Result<u64, PackedError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.take(1)? else { return Err(PackedError::Damaged("it ends early")) };
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(PackedError::Damaged("a number has no end"))
    }

    /// A count of what follows.
    pub(super) fn count(&mut self) -> Result<usize, PackedError> {
        let count = self.number()?;
        match usize::try_from(count) {
            Ok(fits) if count <= MAX_ROWS => Ok(fits),
            _ => Err(PackedError::Damaged("a count")),
        }
    }

    /// Boundaries, and the places of their values.
    fn column(&mut self) -> Result<(Vec<u64>, Vec<u32>), PackedError> {
        let count = self.count()?;
        let zeros = self.take(count)?;
        let mut starts = Vec::with_capacity(count);
        let mut start = 0_u64;
        for (at, zeros) in zeros.iter().enumerate() {
            let step = self.number()?.checked_shl(u32::from(*zeros)).unwrap_or(0);
            if step == 0 && at > 0 {
                return Err(PackedError::Damaged("a boundary does not rise"));
            }
            start = start.checked_add(step).ok_or(PackedError::Damaged("a boundary"))?;
            starts.push(start);
        }
        let recent_places = self.take(count)?;
        let unseen = self.count()?;
        let planes = [self.take(unseen)?, self.take(unseen)?, self.take(unseen)?];
        let mut next =
            planes[0].iter().zip(planes[1]).zip(planes[2]).map(|((low, middle), high)| {
                u32::from(*low) | u32::from(*middle) << 8 | u32::from(*high) << 16
            });
        let mut recent: Vec<u32> = Vec::with_capacity(RECENT + 1);
        let mut places = Vec::with_capacity(count);
        for at in recent_places {
            let place = match usize::from(*at).checked_sub(1) {
                None => next.next().ok_or(PackedError::Damaged("a value is missing"))?,
                Some(at) if at < recent.len() => recent.remove(at),
                Some(_) => return Err(PackedError::Damaged("a value that was not there")),
            };
            recent.insert(0, place);
            recent.truncate(RECENT);
            places.push(place);
        }
        Ok((starts, places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The boundaries 10.0.0.0 → 7, 11.0.0.0 → nothing, and 2001:db8::/32 → 9, packed by hand.
    fn packed() -> Vec<u8> {
        let mut raw = MAGIC.to_vec();
        raw.extend([2, 7, 2]); // two values: 7, 9
        raw.extend([2, 25, 24, 5, 1, 0, 0, 2, 1, 0, 0, 0, 0, 0]);
        raw.extend([2, 32, 32]);
        raw.extend([0xb8, 0x9b, 0x84, 0x80, 0x02]); // 0x20010db8 …
        raw.extend([1]);
        raw.extend([0, 0, 2, 2, 0, 0, 0, 0, 0]);
        deflate(&raw)
    }

    fn deflate(raw: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, raw).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_value_reaches_from_its_boundary_to_the_next() {
        let table = Ranges::<u32>::read(&packed(), |value| value).unwrap();
        let get = |address: &str| table.get(address.parse().unwrap());
        assert_eq!(
            (get("9.255.255.255"), get("10.0.0.0"), get("10.255.255.255"), get("11.0.0.0")),
            (0, 7, 7, 0)
        );
        assert_eq!((get("2001:db7:ffff::1"), get("2001:db8::1"), get("2001:db9::")), (0, 9, 0));
    }

    #[test]
    fn a_cut_or_changed_table_is_an_error() {
        let whole = packed();
        for end in 0..whole.len() {
            assert!(Ranges::<u32>::read(&whole[..end], |value| value).is_err(), "cut at {end}");
        }
        let raw = [MAGIC.as_slice(), &[0xff; 40]].concat();
        assert!(Ranges::<u32>::read(&deflate(&raw), |value| value).is_err());
    }
}
