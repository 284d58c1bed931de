//! A policy as a person writes it, and as it arrives.
#![no_main]

use bearing_policies::Policy;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(policy) = Policy::from_toml(text) {
        let again = Policy::from_json(&policy.to_json()).expect("what was read can be sent");
        assert_eq!(again.to_json(), policy.to_json());
    }
    if let Ok(value) = serde_json::from_str(text) {
        let _ = Policy::from_json(&value);
    }
});
