//! A labelled fleet for the demonstration: simulated devices that live short stories, evaluate synthetic
//! sysroots with the real collectors and rules, and speak the real protocol.
//!
//! Always: whatever they send is marked as simulated by the server, by the kind of their token and not by
//! what they say.

pub mod machine;

pub mod run;
pub mod stories;
