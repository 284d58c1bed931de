//! The agent: collects, evaluates, signs, spools, sends.
//!
//! Always: it only reads the machine. No shell, no script, no child process, no update of itself, no query over
//! the wire: the code paths do not exist.

pub mod bundle;
pub mod cli;
pub mod commit;
pub mod facts_view;
pub mod inventory;
pub mod key;
pub mod random;
pub mod report;
pub mod state;
pub mod tenant;
