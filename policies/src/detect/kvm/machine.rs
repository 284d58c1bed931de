//! What the machine itself says: a management controller (KV-09), and a laptop that nobody sits at (KV-08).

use bearing_protocol::{
    coverage::Source,
    fact::{Facts, MachineKind},
};

use super::{
    past::Known,
    piece::{Pieces, Seen, Weight},
    story::{Head, Story},
};
use crate::catalogue::kvm::KvmCatalogue;

fn story(subject: &str, title: String, shape: &str, pieces: Pieces) -> Story {
    Story {
        subject: subject.to_owned(),
        opening: title.clone(),
        head: Head::Said(title),
        shape: shape.to_owned(),
        pieces,
        ids: None,
        port: None,
        known: Known::Present,
        device: None,
    }
}

/// KV-09 by the machine's own facts.
pub(super) fn management_controller(facts: &Facts, catalogue: &KvmCatalogue) -> Option<Story> {
    if facts.machine.bmc != Some(true) {
        return None;
    }
    let laptop = facts.machine.kind == MachineKind::Laptop;
    let weight = if laptop { Weight::ControllerOnLaptop } else { Weight::ControllerInTheMachine };
    let mut pieces = Pieces::new(catalogue);
    let seen = Seen {
        source: Source::Machine,
        location: "machine",
        field: "bmc",
        value: format!("present, on a {} machine", facts.machine.kind.as_str()),
    };
    pieces.add(
        weight,
        seen,
        "a management controller can show the screen and type, without the operating system knowing",
    );
    Some(story("machine:bmc", "This machine has a management controller (BMC)".to_owned(), "bmc", pieces))
}

/// KV-08: lid shut and built-in input silent for many working days. Day flags only, and only where policy opts in.
pub(super) fn shut_and_silent(facts: &Facts, catalogue: &KvmCatalogue) -> Option<Story> {
    let days = facts.presence.as_ref()?;
    let least = catalogue.scoring().limits.shut_and_silent_days;
    let both = days.days_lid_shut.min(days.days_builtin_input_silent).min(days.days_observed);
    if facts.machine.kind != MachineKind::Laptop || both < least {
        return None;
    }
    let mut pieces = Pieces::new(catalogue);
    let seen = Seen {
        source: Source::PresenceDays,
        location: "machine",
        field: "days in a row",
        value: format!(
            "lid shut on {}, built-in keyboard and pointer silent on {}, of {} looked at",
            days.days_lid_shut, days.days_builtin_input_silent, days.days_observed
        ),
    };
    pieces.add(
        Weight::ShutAndSilentDays,
        seen,
        "nobody opened this laptop or typed on it; a desk with dock, screen and keyboard looks the same",
    );
    let title = format!("This laptop stayed shut and its own keyboard silent for {both} working days");
    Some(story("machine:lid", title, "shut and silent", pieces))
}
