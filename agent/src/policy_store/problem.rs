use bearing_protocol::Timestamp;

/// What is wrong with a policy. Its text starts with a stable name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PolicyProblem {
    #[error("policy-signature: {0}")]
    Signature(String),
    #[error("policy-older: version {version} after version {floor}")]
    Older { version: u64, floor: u64 },
    #[error("policy-same-version: another policy with version {version}, which is in force already")]
    SameVersion { version: u64 },
    #[error("policy-expired: version {version} expired at {at}")]
    Expired { version: u64, at: Timestamp },
    #[error("policy-expired-in-force: version {version} expired at {at} and no newer one came")]
    ExpiredInForce { version: u64, at: Timestamp },
    #[error("policy-employee-signature: version {version} collects more and no employee-side key signed it")]
    EmployeeSignature { version: u64 },
    #[error("policy-content: {0}")]
    Content(String),
    #[error("policy-not-kept: {0}")]
    NotKept(String),
    #[error("policy-stored: what is on disk cannot be used: {0}")]
    Stored(String),
}
