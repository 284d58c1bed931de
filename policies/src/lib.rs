//! The catalogue, the rules, the site policy, and the detectors that turn facts into findings.
//!
//! Always: pure. TOML is compiled into what cannot fail while matching; the same facts, catalogue, policy
//! and instant give the same findings, on the agent and on the server.

pub mod case;
pub mod catalogue;
pub mod check;
pub mod detect;
pub mod embedded;
pub mod explain;
pub mod farm;
pub mod hardware_address;
pub mod measure;
pub mod place;
pub mod policy;
pub mod risk;
pub mod rule;
pub mod source_text;
pub mod way_out;

pub use catalogue::Catalogue;
pub use detect::{Evaluation, evaluate};
pub use policy::Policy;
