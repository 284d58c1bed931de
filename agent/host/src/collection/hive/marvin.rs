//! Marvin32, the hash that registry logs are checked with.

/// The hash of `bytes` under the registry's seed, both halves as one number.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    hash_with(SEED, bytes)
}

pub(super) fn hash_with(seed: u64, bytes: &[u8]) -> u64 {
    let half = |value: u64| u32::try_from(value & 0xffff_ffff).unwrap_or_default();
    let (mut low, mut high) = (half(seed), half(seed >> 32));
    let words = bytes.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        low = low.wrapping_add(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        (low, high) = mix(low, high);
    }
    let mut last = 0x80_u32;
    for byte in rest.iter().rev() {
        last = last << 8 | u32::from(*byte);
    }
    low = low.wrapping_add(last);
    (low, high) = mix(low, high);
    (low, high) = mix(low, high);
    u64::from(high) << 32 | u64::from(low)
}

const fn mix(mut low: u32, mut high: u32) -> (u32, u32) {
    high ^= low;
    low = low.rotate_left(20).wrapping_add(high);
    high = high.rotate_left(9) ^ low;
    low = low.rotate_left(27).wrapping_add(high);
    high = high.rotate_left(19);
    (low, high)
}

const SEED: u64 = 0x82ef_4d88_7a4e_55c5;
