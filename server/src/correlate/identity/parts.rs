//! The hardware set of a report against what this key reported before.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{finding::Finding, id::DeviceId};
use bearing_store::{LinkKind, LinkRow, LinkSighting, StoreError};

use super::wording;
use crate::app::App;

/// One of the things a machine is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Main board: system UUID, board serial, built-in network interfaces come with it.
    Board,
    /// Fixed disks.
    Disk,
    /// The built-in panel.
    Panel,
}

impl Part {
    const fn words(self) -> &'static str {
        match self {
            Self::Board => "main board",
            Self::Disk => "disk",
            Self::Panel => "panel",
        }
    }
}

pub(super) const fn part_of(kind: LinkKind) -> Option<Part> {
    match kind {
        LinkKind::System | LinkKind::Board | LinkKind::Nic => Some(Part::Board),
        LinkKind::Disk => Some(Part::Disk),
        LinkKind::Panel => Some(Part::Panel),
        _ => None,
    }
}

type Set = BTreeMap<LinkKind, BTreeSet<String>>;

fn set<'a>(values: impl Iterator<Item = (LinkKind, &'a str)>) -> Set {
    let mut set = Set::new();
    for (kind, value) in values.filter(|(kind, _)| part_of(*kind).is_some()) {
        set.entry(kind).or_default().insert(value.to_owned());
    }
    set
}

/// Whether a part is another one: of every kind of it that both sets name, nothing is left. A new network card beside
/// the same board is not another board.
fn is_another(part: Part, before: &Set, now: &Set) -> Option<bool> {
    let kinds = before.keys().filter(|kind| part_of(**kind) == Some(part) && now.contains_key(*kind));
    let mut known = kinds.peekable();
    known.peek()?;
    Some(known.all(|kind| match (before.get(kind), now.get(kind)) {
        (Some(before), Some(now)) => before.is_disjoint(now),
        _ => false,
    }))
}

/// Which parts are others, of those that both sets know.
fn changed(before: &Set, now: &Set) -> (Vec<Part>, usize) {
    let judged: Vec<(Part, bool)> = [Part::Board, Part::Disk, Part::Panel]
        .into_iter()
        .filter_map(|part| Some((part, is_another(part, before, now)?)))
        .collect();
    let others = judged.iter().filter(|(_, another)| *another).map(|(part, _)| *part).collect();
    (others, judged.len())
}

/// What a report says about the hardware under its key.
#[derive(Debug, Default)]
pub(in crate::correlate) struct UnderOneKey {
    /// Findings, OT-02 and AT-03.
    pub(in crate::correlate) findings: Vec<Finding>,
}

/// Compares a report's hardware with what the same key reported before it.
pub(in crate::correlate) async fn under_one_key(
    app: &App,
    device: &DeviceId,
    seen: &LinkSighting,
) -> Result<UnderOneKey, StoreError> {
    let now = set(seen.values.iter().map(|link| (link.kind, link.value.as_str())));
    if now.is_empty() {
        return Ok(UnderOneKey::default());
    }
    Ok(UnderOneKey { findings: judge(&app.store.links_of(device).await?, &now) })
}

fn judge(rows: &[LinkRow], now: &Set) -> Vec<Finding> {
    let of = |present: bool| {
        set(rows.iter().filter(|row| row.present == present).map(|row| (row.kind, row.value.as_str())))
    };
    let (last, earlier) = (of(true), of(false));
    let (others, judged) = changed(&last, now);
    // Two of three things, or the board where nothing else is known: another machine. One alone is a repair.
    let is_other = others.len() >= 2 || (others == [Part::Board] && judged == 1);
    if !is_other {
        return Vec::new();
    }
    let words: Vec<&str> = others.iter().map(|part| part.words()).collect();
    let has = |part: Part| others.contains(&part);
    // What is here now was here before the last report: two machines take turns.
    let back = now.iter().any(|(kind, values)| {
        let known = earlier.get(kind).is_some_and(|known| !known.is_disjoint(values));
        known && part_of(*kind).is_some_and(has)
    });
    let finding = if back { wording::taking_turns(&words) } else { wording::other_hardware(&words, judged) };
    finding.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-25T08:00:00Z";

    fn row(kind: LinkKind, value: &str, present: bool) -> LinkRow {
        LinkRow {
            kind,
            value: value.to_owned(),
            device: "dev_1".parse().unwrap(),
            detail: String::new(),
            first_seen: AT.parse().unwrap(),
            last_seen: AT.parse().unwrap(),
            off_site: None,
            present,
        }
    }

    fn machine(n: u8) -> [(LinkKind, String); 5] {
        [
            (LinkKind::System, format!("s{n}")),
            (LinkKind::Board, format!("b{n}")),
            (LinkKind::Nic, format!("n{n}")),
            (LinkKind::Disk, format!("d{n}")),
            (LinkKind::Panel, format!("p{n}")),
        ]
    }

    fn rules(rows: &[LinkRow], now: &[(LinkKind, String)]) -> Vec<String> {
        let now = set(now.iter().map(|(kind, value)| (*kind, value.as_str())));
        judge(rows, &now).iter().map(|finding| finding.rule.to_string()).collect()
    }

    #[test]
    fn a_repair_of_one_thing_is_no_other_machine() {
        let rows: Vec<_> = machine(1).iter().map(|(kind, value)| row(*kind, value, true)).collect();
        assert!(rules(&rows, &machine(1)).is_empty());
        for (place, what) in [(2, "network card"), (3, "disk"), (4, "panel")] {
            let mut now = machine(1);
            now[place].1 = "new".to_owned();
            assert!(rules(&rows, &now).is_empty(), "{what}");
        }
        let mut board = machine(2);
        board[3].1 = "d1".to_owned();
        board[4].1 = "p1".to_owned();
        assert!(rules(&rows, &board).is_empty(), "a new main board, its disk and its panel stayed");
    }

    #[test]
    fn the_disk_in_another_machine_is_another_machine() {
        let rows: Vec<_> = machine(1).iter().map(|(kind, value)| row(*kind, value, true)).collect();
        assert_eq!(rules(&rows, &machine(2)), ["OT-02"]);
        let mut moved = machine(2);
        moved[3].1 = "d1".to_owned();
        assert_eq!(rules(&rows, &moved), ["OT-02"]);
        // What a set does not name is not another one.
        assert!(rules(&rows, &machine(2)[3..4]).is_empty());
        assert_eq!(rules(&rows[..2], &machine(2)[..2]), ["OT-02"], "nothing but the board is known");
    }

    #[test]
    fn two_machines_that_take_turns_share_a_key() {
        let last = machine(2).map(|(kind, value)| row(kind, &value, true));
        let earlier = machine(1).map(|(kind, value)| row(kind, &value, false));
        let rows: Vec<_> = last.into_iter().chain(earlier).collect();
        assert_eq!(rules(&rows, &machine(1)), ["AT-03"]);
    }
}
