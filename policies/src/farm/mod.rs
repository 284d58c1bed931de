//! Laptop farms: who hangs together by what, and what that weighs.
//!
//! Always: pure. People are counted, not devices; w = log2(hosts in the tenant / hosts that share the value), at most 8,
//! times the overlap in time, times 0 for what a site, a default, a declared household or an approval explains; a group
//! is a connected component of at least 8 with two kinds of edges; the arithmetic is kept. What one household explains
//! (a line, a desk) never makes a group of two.

mod edges;
mod explain;
mod group;
mod guard;
mod host;
mod input;
mod rhythm;
pub mod serials;

#[cfg(test)]
mod tests;

pub use group::{FarmGroup, FarmResult, GroupEdge, GroupVerdict, evaluate_farm};
pub use guard::Guard;
pub use host::HostFinding;
pub use input::{EdgeKind, FarmHost, FarmInput, Holding, Shared};

/// Largest weight of one edge.
pub const MAX_WEIGHT: f64 = 8.0;
/// From which weight on a component is a group.
pub const GROUP_WEIGHT: f64 = 8.0;
/// From how many different kinds of edges on it is one.
pub const GROUP_KINDS: usize = 2;
/// From how many workers on what one building explains may be a group.
pub const GROUP_WORKERS: usize = 3;
/// More hosts than this share a thing that is no farm's any more: too common to say anything.
pub const TOO_COMMON: usize = 256;
/// More workers than this never share one physical thing that is plugged in: its serial is a constant.
pub const MAX_PLUGGED_WORKERS: usize = 8;
