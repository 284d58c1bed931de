//! Serial numbers that are nobody's: what vendors and tools put where a serial should be.
//!
//! Sources: defaults of the Linux USB gadget examples and of the TinyPilot, PiKVM and NanoKVM set-up scripts; strings that
//! unprogrammed controllers report.

/// Serials that many units carry, in upper case.
pub const DEFAULTS: [&str; 22] = [
    "0123456789ABCDEF",
    "0123456789",
    "123456789",
    "1234567890",
    "12345678",
    "123456",
    "CAFEBABE",
    "DEADBEEF",
    "FEDCBA9876543210",
    "6B65796D696D6570690",
    "6B65796D696D6570",
    "000000000000",
    "00000000",
    "0000",
    "0",
    "1",
    "01",
    "0001",
    "SN0001",
    "DEFAULT STRING",
    "TO BE FILLED BY O.E.M.",
    "NOT SPECIFIED",
];

/// Whether a serial in clear is no serial: a known default, one character repeated, or next to nothing.
pub fn is_default(serial: &str) -> bool {
    let text = serial.trim().to_uppercase();
    let first = text.chars().next();
    let repeats = first.is_some_and(|first| text.chars().all(|c| c == first));
    text.len() < 3 || repeats || DEFAULTS.contains(&text.as_str())
}
