//! What the server remembers: one trait per noun, and the suite every engine passes.
//!
//! Always: a method that changes something returns after the commit reached the disk; what must happen
//! together is one method and one transaction; looking something up that is not there gives `Ok(None)`;
//! every id is looked up with its scope. Never here: SQL, signatures, the clock (instants are arguments).

mod approval;
mod audit;
mod case;
mod device;
mod erasure;
mod error;
mod evaluation;
mod finding;
mod group;
mod job;
mod ledger;
mod link;
mod overview;
mod page;
mod person;
mod policy;
mod scope;
mod sighting;
mod sign_in;
mod token;
mod trip;
mod user;
mod verdict;

pub mod conformance;

pub use approval::{ApprovalRow, Approvals};
pub use audit::{AuditEntry, AuditLog};
pub use case::{
    CaseArithmetic, CaseChange, CaseCheck, CaseCounts, CaseDecision, CaseEvent, CaseFilter, CaseMember,
    CaseRow, CaseStatus, CaseSubject, Cases, CheckResult, ClosingMark, CustodyEntry, Opened, SubjectKind,
};
pub use device::{DeviceFilter, DeviceRow, DeviceState, Devices, NewDevice};
pub use erasure::{Erased, Erasure};
pub use error::StoreError;
pub use evaluation::{ChallengeRow, EvaluationRow, EvaluationStatus, Evaluations};
pub use finding::{
    FindingEvent, FindingFilter, FindingRow, FindingStatus, Findings, Observed, ObservedResult,
};
pub use group::{GroupRow, Groups, Lineage, Looked, TieApproval};
pub use jiff::civil::Date;
pub use job::{Job, JobKind, Jobs};
pub use ledger::{Accepted, Chain, Intake, Ledger, MessageKind, Refusal, StoredMessage};
pub use link::{BootRow, Crowd, LinkHost, LinkKind, LinkRow, LinkSighting, Links, NewBoot, NewLink};
pub use overview::{Overview, OverviewCounts};
pub use page::{MAX_PAGE, Page, PageRequest};
pub use person::{DeviceRef, DeviceRefKind, HomePoint, People, Person, PersonFilter, PersonNames, PersonRow};
pub use policy::{Policies, PolicyRow};
pub use scope::Scope;
pub use sighting::{Forgotten, KeepFrom, NewSighting, RawAddress, Sighting, Sightings, SourceSeen};
pub use sign_in::{SignInRow, SignIns};
pub use token::{NewToken, TokenRefusal, TokenRow, Tokens};
pub use trip::{TripDecision, TripFilter, TripRow, TripState, Trips, days_at};
pub use user::{ApiTokenRow, Role, SessionRow, UserRow, Users};
pub use verdict::{PlaceCount, VerdictRow, Verdicts};

/// Everything at once: what the server holds as `Arc<dyn Store>`.
#[async_trait::async_trait]
pub trait Store:
    Approvals
    + AuditLog
    + Cases
    + Devices
    + Erasure
    + Evaluations
    + Findings
    + Groups
    + Jobs
    + Ledger
    + Links
    + Overview
    + People
    + Policies
    + Sightings
    + SignIns
    + Tokens
    + Trips
    + Users
    + Verdicts
    + Send
    + Sync
    + 'static
{
    /// Whether the store can read and commit right now, for `/readyz`.
    async fn ready(&self) -> Result<(), StoreError>;
    /// A value of the installation (`server_id`, …); `None` where it was never set.
    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Sets a value of the installation.
    async fn set_setting(&self, name: &str, value: &str) -> Result<(), StoreError>;
    /// Writes a consistent copy of the whole store to `path` while it is in use.
    async fn backup(&self, path: &std::path::Path) -> Result<(), StoreError>;
}
