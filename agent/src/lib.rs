//! The agent: collects, evaluates, signs, spools, sends.
//!
//! Always: it only reads the machine. No shell, no script, no child process, no update of itself, no query over
//! the wire: the code paths do not exist.

pub mod bundle;
pub mod chain;
pub mod cli;
pub mod colleagues;
pub mod commit;
pub mod config;
pub mod enroll;
pub mod facts_view;
pub mod inventory;
pub mod journal;
pub mod key;
pub mod log;
pub mod own_binary;
pub mod policy_store;
pub mod presence;
pub mod random;
pub mod report;
pub mod rounds;
pub mod schedule;
pub mod service;
pub mod spool;
pub mod state;
pub mod tenant;
pub mod transport;
pub mod trips;
