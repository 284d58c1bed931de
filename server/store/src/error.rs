//! What can go wrong in a store.

/// Why a store could not do it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum StoreError {
    /// Try again later: locked, full, connection lost. The server answers 503 with Retry-After.
    #[error("the store cannot {what} right now")]
    Unavailable { what: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    /// The disk is full: nothing was lost, nothing more is taken.
    #[error("the store is full: free disk space, then the server goes on by itself")]
    Full,
    /// What is stored does not read back as what was written.
    #[error("stored {what} is damaged")]
    Damaged { what: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    /// Somebody else changed it meanwhile, or it exists already.
    #[error("{0}")]
    Conflict(String),
}
