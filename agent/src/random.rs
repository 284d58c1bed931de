//! Random bytes from the operating system.

/// The system gave no random bytes: without them nothing can be signed or committed.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct RandomError(getrandom::Error);

/// `N` random bytes.
///
/// # Errors
/// [`RandomError`].
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(RandomError)?;
    Ok(bytes)
}

/// A number between 0 and `range`, both included: for jitter, where a small bias does not matter. Without random
/// bytes it is `range`, the longer wait.
pub fn random_up_to(range: u64) -> u64 {
    match (range.checked_add(1), random_bytes()) {
        (Some(span), Ok(bytes)) => u64::from_be_bytes(bytes) % span,
        _ => range,
    }
}
