//! What envelopes carry. One file per payload type.

mod checkin;
mod echo;
mod enroll;
mod evaluation;
mod inventory;
mod observation;
mod policy;
mod release;
mod report;
mod trip;

pub use checkin::{CheckinPayload, CheckinReason};
pub use echo::{EchoPayload, EchoPurpose, MAX_ECHO_AGE_SECONDS};
pub use enroll::EnrollPayload;
pub use evaluation::{DeviceResult, EvaluationPayload, EvaluationScope, ResultCounts, RuleResult};
pub use inventory::{
    AnchorRoundTrip, DisplayItem, FirstInstallsItem, HardwareItem, HidItem, InventoryValue,
    MAX_FIRST_INSTALLS, PlaceItem, SoftwareItem, UsbInterfaceItem, UsbItem,
};
pub use observation::{FamilySeen, ObservationPayload, RoundTrips, TableAge};
pub use policy::PolicyPayload;
pub use release::{ReleaseBinary, ReleasePayload};
pub use report::{
    CommittedEvidence, CommittedFinding, CommittedItem, EvidenceText, FindingText, ReportPayload,
    ReportReason, SpoolLoss,
};
pub use trip::{MAX_TRIP_COUNTRIES, MAX_TRIP_DAYS, MAX_TRIP_NOTICES, TripNotice};
