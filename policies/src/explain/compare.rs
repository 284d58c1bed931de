//! Two devices side by side.

use bearing_protocol::fact::Facts;

use super::usb::shown;
use crate::detect::kvm::View;

/// One line of a comparison: what each side has under the same label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedLine {
    /// `Speed`.
    pub label: String,
    /// What the first has; empty where it has nothing of the kind.
    pub left: String,
    /// What the second has.
    pub right: String,
    /// Whether they differ.
    pub differs: bool,
}

/// Compares the device at `left_path` of one machine with that at `right_path` of another, line by line. Empty where
/// one of them is not there.
pub fn compare(left: &Facts, left_path: &str, right: &Facts, right_path: &str) -> Vec<ComparedLine> {
    let describe = |facts: &Facts, path: &str| -> Option<Vec<(String, String)>> {
        let views = View::all(facts);
        let view = views.iter().find(|view| view.location == path)?;
        Some(shown(view).lines.into_iter().map(|line| (line.label, line.value)).collect())
    };
    let (Some(left), Some(right)) = (describe(left, left_path), describe(right, right_path)) else {
        return Vec::new();
    };
    merge(&left, &right)
}

/// Keeps the order of both sides: a label that only one has stands where it stood there.
fn merge(left: &[(String, String)], right: &[(String, String)]) -> Vec<ComparedLine> {
    let mut lines = Vec::new();
    let mut rest = right.iter().peekable();
    let in_left = |label: &str| left.iter().any(|(other, _)| other == label);
    let line = |label: &str, left: &str, right: &str| ComparedLine {
        label: label.to_owned(),
        left: left.to_owned(),
        right: right.to_owned(),
        differs: left != right,
    };
    for (label, value) in left {
        while let Some((other, theirs)) = rest.next_if(|(other, _)| other != label && !in_left(other)) {
            lines.push(line(other, "", theirs));
        }
        match rest.next_if(|(other, _)| other == label) {
            Some((_, theirs)) => lines.push(line(label, value, theirs)),
            None => lines.push(line(label, value, "")),
        }
    }
    lines.extend(rest.map(|(label, theirs)| line(label, "", theirs)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &[(&str, &str)]) -> Vec<(String, String)> {
        text.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn what_one_side_alone_has_keeps_its_place() {
        let left = pairs(&[("Speed", "1.5 Mb/s"), ("Interface 0", "a"), ("HID 0", "x")]);
        let right =
            pairs(&[("Speed", "480 Mb/s"), ("Interface 0", "a"), ("Interface 1", "b"), ("HID 0", "x")]);
        let lines = merge(&left, &right);
        let short: Vec<_> = lines.iter().map(|l| (l.label.as_str(), l.differs)).collect();
        assert_eq!(short, [("Speed", true), ("Interface 0", false), ("Interface 1", true), ("HID 0", false)]);
    }

    #[test]
    fn a_label_that_only_the_left_has_is_not_lost() {
        let lines = merge(&pairs(&[("A", "1"), ("B", "2")]), &pairs(&[("B", "2")]));
        assert_eq!(lines.len(), 2);
        assert!(lines[0].differs && !lines[1].differs);
    }
}
