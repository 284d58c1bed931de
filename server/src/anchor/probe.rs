//! What a probe and its answer look like.
//!
//! Probe: `BEARING-ANCHOR-1`, 32 random bytes, zeros up to 128 bytes. Answer, 96 bytes: those 32 bytes and the Ed25519
//! signature over `bearing-anchor-v1`, a zero byte and those 32 bytes.

use bearing_protocol::key::Signer;

/// Length of a probe.
pub const PROBE_BYTES: usize = 128;
/// Length of an answer.
pub const ANSWER_BYTES: usize = 96;
const MAGIC: &[u8; 16] = b"BEARING-ANCHOR-1";
const NONCE_BYTES: usize = 32;
const SIGNED: &[u8] = b"bearing-anchor-v1\0";

/// The answer to a probe; `None` where it is none.
pub fn answer(probe: &[u8], key: &dyn Signer) -> Option<[u8; ANSWER_BYTES]> {
    let nonce = nonce_of(probe)?;
    let mut signed = Vec::with_capacity(SIGNED.len() + NONCE_BYTES);
    signed.extend_from_slice(SIGNED);
    signed.extend_from_slice(nonce);
    let signature = key.sign(&signed);
    let mut answer = Vec::with_capacity(ANSWER_BYTES);
    answer.extend_from_slice(nonce);
    answer.extend_from_slice(signature.as_ref());
    answer.try_into().ok()
}

/// The random bytes of a probe that is exactly right.
fn nonce_of(probe: &[u8]) -> Option<&[u8]> {
    if probe.len() != PROBE_BYTES {
        return None;
    }
    let (nonce, padding) = probe.strip_prefix(MAGIC.as_slice())?.split_at_checked(NONCE_BYTES)?;
    padding.iter().all(|byte| *byte == 0).then_some(nonce)
}

#[cfg(test)]
pub(super) mod tests {
    use bearing_protocol::key::FileKey;

    use super::*;

    /// A probe with these random bytes.
    pub(in super::super) fn probe(nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let mut probe = MAGIC.to_vec();
        probe.extend_from_slice(&nonce);
        probe.resize(PROBE_BYTES, 0);
        probe
    }

    #[test]
    fn an_answer_is_signed_over_the_nonce_and_is_smaller_than_the_question() {
        let key = FileKey::from_seed(&[3; 32].into());
        let answer = answer(&probe([7; 32]), &key).unwrap();
        assert_eq!(&answer[..32], [7; 32]);
        let mut signed = b"bearing-anchor-v1\0".to_vec();
        signed.extend_from_slice(&[7; 32]);
        assert!(key.public().verifies(&signed, &answer[32..]));
        const { assert!(ANSWER_BYTES < PROBE_BYTES) };
    }

    #[test]
    fn what_is_not_exactly_a_probe_has_no_answer() {
        let key = FileKey::from_seed(&[3; 32].into());
        let good = probe([7; 32]);
        for length in 0..PROBE_BYTES {
            assert!(answer(&good[..length], &key).is_none(), "{length}");
        }
        let longer: Vec<u8> = good.iter().copied().chain([0]).collect();
        assert!(answer(&longer, &key).is_none());
        for at in [0, 15, 48, 127] {
            let mut odd = good.clone();
            odd[at] ^= 1;
            assert!(answer(&odd, &key).is_none(), "{at}");
        }
    }
}
