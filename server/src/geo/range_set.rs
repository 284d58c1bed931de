//! A set of addresses: merged ranges, looked up by halving.

use std::net::IpAddr;

use ipnet::IpNet;

/// Shortest prefixes that a list may name: wider ones are mistakes.
pub const SHORTEST_PREFIX: (u8, u8) = (8, 16);

/// Why a text is no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum RangeError {
    #[error("no address, network (203.0.113.0/24) or range (203.0.113.1-203.0.113.9)")]
    Malformed,
    #[error("the range ends before it begins, or in the other family")]
    Order,
    #[error("wider than /8 (IPv6: /16): no list means that")]
    Wide,
}

/// First and last address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// IPv4.
    V4(u32, u32),
    /// IPv6.
    V6(u128, u128),
}

impl Range {
    /// From one address to another.
    ///
    /// # Errors
    /// Where they are of two families, in the wrong order, or too far apart.
    pub fn between(first: IpAddr, last: IpAddr) -> Result<Self, RangeError> {
        match (first.to_canonical(), last.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => {
                let (first, last) = (u32::from(first), u32::from(last));
                let widest = u32::MAX >> SHORTEST_PREFIX.0;
                if last - first > widest { Err(RangeError::Wide) } else { Ok(Self::V4(first, last)) }
            }
            (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => {
                let (first, last) = (u128::from(first), u128::from(last));
                let widest = u128::MAX >> SHORTEST_PREFIX.1;
                if last - first > widest { Err(RangeError::Wide) } else { Ok(Self::V6(first, last)) }
            }
            _ => Err(RangeError::Order),
        }
    }

    /// An address, a network, or two addresses with a hyphen between them.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        let text = text.trim();
        if let Ok(network) = text.parse::<IpNet>() {
            return Self::between(network.network(), network.broadcast());
        }
        let address = |part: &str| part.trim().parse::<IpAddr>().map_err(|_| RangeError::Malformed);
        match text.split_once('-') {
            Some((first, last)) => Self::between(address(first)?, address(last)?),
            None => address(text).and_then(|one| Self::between(one, one)),
        }
    }
}

/// A set of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl RangeSet {
    /// Whether an address is in the set.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => within(&self.v4, u32::from(v4)),
            IpAddr::V6(v6) => within(&self.v6, u128::from(v6)),
        }
    }

    /// Merged ranges of both families.
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

fn within<T: Ord + Copy>(ranges: &[(T, T)], address: T) -> bool {
    let at = ranges.partition_point(|range| range.0 <= address);
    at.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|range| address <= range.1)
}

impl FromIterator<Range> for RangeSet {
    fn from_iter<I: IntoIterator<Item = Range>>(ranges: I) -> Self {
        let mut set = Self::default();
        for range in ranges {
            match range {
                Range::V4(first, last) => set.v4.push((first, last)),
                Range::V6(first, last) => set.v6.push((first, last)),
            }
        }
        merge(&mut set.v4, |last| last.checked_add(1));
        merge(&mut set.v6, |last| last.checked_add(1));
        set
    }
}

fn merge<T: Ord + Copy>(ranges: &mut Vec<(T, T)>, after: impl Fn(T) -> Option<T>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let touches = after(kept.1).is_none_or(|end| next.0 <= end);
        if touches {
            kept.1 = kept.1.max(next.1);
        }
        touches
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_addresses_and_ranges_are_one_set() {
        let set: RangeSet =
            ["203.0.113.0/25", "203.0.113.128-203.0.113.255", "198.51.100.7", "2001:db8::/32"]
                .iter()
                .map(|text| Range::parse(text).unwrap())
                .collect();
        assert_eq!(set.len(), 3, "what touches is merged");
        for (address, inside) in [
            ("203.0.113.0", true),
            ("203.0.113.255", true),
            ("203.0.114.0", false),
            ("198.51.100.7", true),
            ("198.51.100.8", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(set.contains(address.parse().unwrap()), inside, "{address}");
        }
    }

    #[test]
    fn a_range_that_nobody_means_is_refused() {
        assert_eq!(Range::parse("0.0.0.0/0"), Err(RangeError::Wide));
        assert_eq!(Range::parse("::/0"), Err(RangeError::Wide));
        assert_eq!(Range::parse("10.0.0.9-10.0.0.1"), Err(RangeError::Order));
        assert_eq!(Range::parse("10.0.0.1-::1"), Err(RangeError::Order));
        assert_eq!(Range::parse("example.com"), Err(RangeError::Malformed));
        assert_eq!(Range::parse("10.0.0.0/33"), Err(RangeError::Malformed));
        assert!(Range::parse("10.0.0.0/8").is_ok());
    }

    #[test]
    fn the_last_address_of_all_merges_too() {
        let set: RangeSet =
            ["255.255.255.0/24", "255.255.255.255"].iter().map(|text| Range::parse(text).unwrap()).collect();
        assert_eq!(set.len(), 1);
    }
}
