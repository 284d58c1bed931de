//! The embedded store: one SQLite file, WAL, `synchronous=FULL`, one writer and a few readers.
//!
//! Always: a change is one `BEGIN IMMEDIATE` transaction and is on the disk when its method returns; values
//! reach SQL as bound parameters only. Never here: judgement about findings that another engine would have to
//! repeat differently (the conformance suite in `bearing-store` says what must hold).

mod approval;
mod audit;
mod case;
mod case_change;
mod column;
mod device;
mod erasure;
mod evaluation;
mod fault;
mod finding;
mod finding_search;
mod group;
mod job;
mod ledger;
mod link;
mod migration;
mod observe;
mod open;
mod overview;
mod person;
mod policy;
mod setting;
mod sighting;
mod sign_in;
mod token;
mod trip;
mod user;
mod verdict;

pub use open::{OpenError, SqliteStore};
