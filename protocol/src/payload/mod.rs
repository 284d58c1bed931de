//! What envelopes carry. One file per payload type.

mod checkin;
mod enroll;
mod evaluation;
mod inventory;
mod observation;
mod policy;
mod release;
mod report;

pub use checkin::{CheckinPayload, CheckinReason};
pub use enroll::EnrollPayload;
pub use evaluation::{DeviceResult, EvaluationPayload, EvaluationScope, ResultCounts, RuleResult};
pub use inventory::{
    DisplayItem, HidItem, InventoryValue, PlaceItem, SoftwareItem, UsbInterfaceItem, UsbItem,
};
pub use observation::{ObservationPayload, TableAge};
pub use policy::PolicyPayload;
pub use release::{ReleaseBinary, ReleasePayload};
pub use report::{
    CommittedEvidence, CommittedFinding, CommittedItem, EvidenceText, FindingText, ReportPayload,
    ReportReason, SpoolLoss,
};
