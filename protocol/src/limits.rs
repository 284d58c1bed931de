//! The limits both sides keep. Each is checked before memory is given out.

/// Largest request body on the wire, compressed or not.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Largest body after decompression.
pub const MAX_INFLATED_BYTES: usize = 4 * 1024 * 1024;
/// Largest payload inside an envelope, after base64.
pub const MAX_PAYLOAD_BYTES: usize = 2 * 1024 * 1024;
/// Most signatures on one envelope.
pub const MAX_SIGNATURES: usize = 4;
/// Most findings in one report.
pub const MAX_FINDINGS: usize = 1_000;
/// Most pieces of evidence in one finding.
pub const MAX_EVIDENCE: usize = 32;
/// Most rule outcomes in one report.
pub const MAX_OUTCOMES: usize = 256;
/// Most coverage lines in one report.
pub const MAX_COVERAGE: usize = 64;
/// Most inventory items in one report.
pub const MAX_INVENTORY: usize = 2_000;
/// Longest text from a machine in a report, in bytes; longer is cut.
pub const MAX_TEXT_BYTES: usize = 1_024;
/// Longest name, version or id of a system, a program or a policy in a message, in bytes; longer is cut.
pub const MAX_WORD_BYTES: usize = 128;
/// Deepest JSON that is parsed (serde_json's own limit is 128).
pub const MAX_JSON_DEPTH: usize = 64;
