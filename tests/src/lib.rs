//! Simulated devices that speak the real protocol: for the tests of the whole, the load generator and the
//! demonstration's fleet.
//!
//! Always: every message is signed for real with a key of its own; nothing here is trusted more than an
//! agent is. Never here: reading a machine.

pub mod connection;
pub mod device;
pub mod fleet;
pub mod load;
pub mod process;
pub mod sample;
