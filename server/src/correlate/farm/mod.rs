//! Who shares what with whom: values that tie devices together, the groups that hang together by them, and what of it
//! becomes a finding.
//!
//! Always: workers are counted, not devices; what a known site, a declared shared place or an approval explains weighs
//! nothing; a finding names counts and kinds, never the other person; a report costs what is new in it.

mod company;
mod defaults;
mod gather;
mod look;
mod seen;
mod wording;
mod worker;

pub use company::{company, crowd_behind};
pub use look::look;
pub(super) use seen::seen;
