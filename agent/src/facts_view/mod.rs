//! What is read, and what of it leaves the machine.
//!
//! Always: one table says for every field of the facts whether it leaves in clear, leaves as a keyed digest only, or
//! never leaves; PRIVACY.md holds the same table, and a test compares both and looks for fields nobody listed.

mod departure;
mod render;
mod table;

pub use departure::Departure;
pub use render::render;
pub use table::{Field, Leaves, TABLE};

#[cfg(test)]
mod tests;
