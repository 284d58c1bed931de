//! Enrolment tokens: what is read is what is written again, and the secret is not in what is logged.
#![no_main]

use bearing_protocol::{text::printable, token::EnrolmentToken};

libfuzzer_sys::fuzz_target!(|text: &str| {
    assert!(!printable(text, 64).chars().any(char::is_control));
    let Ok(token) = text.parse::<EnrolmentToken>() else { return };
    let again = token.reveal().parse::<EnrolmentToken>().expect("a token that was read is a token");
    assert_eq!(again.reveal(), token.reveal());
    let secret = text.trim().split('.').nth(1).expect("a token has a secret");
    assert!(!format!("{token:?}").contains(secret));
});
