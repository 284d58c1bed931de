//! Cases: findings of a device, a person or a group that people work together.
//!
//! Always: a case's verdict follows from the findings in it by the same arithmetic as a device's, each device's part
//! shown; a device whose findings ask to investigate gets a case by itself, once; what was closed reopens on new
//! evidence only, and says on which. Never here: anything that reaches a device. No message to an agent, and no
//! answer to one, depends on a case.

mod evidence;
mod follow;
mod judge;
mod packet;
mod record;
mod sheet;
mod steps;
mod timeline;
mod verify;

pub use evidence::{counts, mark, shape_of};
pub use follow::follow;
pub(crate) use follow::{member, new_case, open_findings};
pub use judge::{Judgement, findings_of, judge, shown_severity};
pub use packet::{CASE_SCHEMA, CaseBundle, Packet, PacketError, PacketForm, packet};
pub use record::{CasePayload, CaseRecord, record};
pub use steps::{Step, is_answered, steps};
pub use timeline::{Entry, timeline};
pub use verify::verify_case;
