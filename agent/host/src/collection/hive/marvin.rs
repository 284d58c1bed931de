//! Marvin32, the hash that registry logs are checked with.

/// The hash of `bytes` under the registry's seed, both halves as one number.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let (mut low, mut high) = (SEED_LOW, SEED_HIGH);
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

const SEED_LOW: u32 = 0x7a4e_55c5;
const SEED_HIGH: u32 = 0x82ef_4d88;
