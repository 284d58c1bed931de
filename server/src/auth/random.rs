//! Random bytes from the operating system.

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct RandomError(getrandom::Error);

/// `N` random bytes.
///
/// # Errors
/// Where the operating system has none; nothing secret may be made then.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(RandomError)?;
    Ok(bytes)
}

/// 32 random bytes, in hex.
///
/// # Errors
/// As [`random_bytes`].
pub fn random_hex() -> Result<String, RandomError> {
    Ok(hex::encode(random_bytes::<32>()?))
}
