//! The device's chain: each message has a number and the digest of the one before.
//!
//! Always: a number is on the disk before its message may be sent, and is never given to two messages; what the
//! spool dropped is remembered here until a report that declares it has been acknowledged; the state follows from
//! the larger of this file and the spool, so that a cut between both loses nothing.
//! Never here: the messages themselves, the network, the clock.

use bearing_protocol::{digest::Digest, payload::SpoolLoss};
use serde::{Deserialize, Serialize};

use crate::state::{FileError, StateDirectory};

/// The chain's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// The last number that was given out; 0 before the first.
    sequence: u64,
    /// The chain digest of that message.
    digest: Option<Digest>,
    /// The last number that the server acknowledged.
    acknowledged: u64,
    /// The chain digest of the last report, whose result still holds.
    last_report: Option<Digest>,
    /// What was dropped and not yet declared in an acknowledged report.
    losses: Vec<Loss>,
}

/// Messages that were dropped, and the report that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Loss {
    loss: SpoolLoss,
    declared_in: Option<u64>,
}

/// Where the next message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub sequence: u64,
    /// The digest of the message before.
    pub previous: Option<Digest>,
    /// A loss that a report must declare.
    pub loss: Option<SpoolLoss>,
}

/// A message that has its place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its number.
    pub sequence: u64,
    /// Its chain digest.
    pub digest: Digest,
    /// Whether it is a report.
    pub report: bool,
    /// The loss that it declares.
    pub declares: Option<SpoolLoss>,
}

impl Chain {
    /// The file's name.
    pub const FILE: &'static str = "chain.json";

    /// The state on disk; a new chain where there is none.
    ///
    /// # Errors
    /// Where the file cannot be read. A damaged one is [`FileError::Malformed`]: the spool may still tell.
    pub fn load(directory: &StateDirectory) -> Result<Self, FileError> {
        Ok(directory.read_json(Self::FILE)?.unwrap_or_default())
    }

    /// Writes the state; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`FileError::Write`]; the state before stays on the disk.
    pub fn save(&self, directory: &StateDirectory) -> Result<(), FileError> {
        directory.write_json(Self::FILE, self)
    }

    /// Where the next message stands.
    pub fn next(&self) -> Link {
        let loss = self.losses.iter().find(|loss| loss.declared_in.is_none()).map(|loss| loss.loss);
        Link { sequence: self.sequence + 1, previous: self.digest, loss }
    }

    /// Takes a message into the chain that is in the spool already. One that is known changes nothing.
    pub fn place(&mut self, placed: Placed) {
        if placed.sequence <= self.sequence {
            return;
        }
        self.sequence = placed.sequence;
        self.digest = Some(placed.digest);
        if placed.report {
            self.last_report = Some(placed.digest);
        }
        if let Some(declared) = placed.declares {
            for loss in self.losses.iter_mut().filter(|loss| loss.loss == declared) {
                loss.declared_in = Some(placed.sequence);
            }
        }
    }

    /// Remembers that a message was dropped. What it declared is undeclared again.
    pub fn lose(&mut self, sequence: u64, digest: Digest) {
        for loss in self.losses.iter_mut().filter(|loss| loss.declared_in == Some(sequence)) {
            loss.declared_in = None;
        }
        let extended = self
            .losses
            .iter_mut()
            .find(|loss| loss.declared_in.is_none() && loss.loss.to.checked_add(1) == Some(sequence));
        if let Some(loss) = extended {
            loss.loss.to = sequence;
            loss.loss.last_digest = digest;
        } else if self.losses.len() < MAX_LOSSES {
            let loss = SpoolLoss { from: sequence, to: sequence, last_digest: digest };
            self.losses.push(Loss { loss, declared_in: None });
        } else if let Some(last) = self.losses.last_mut() {
            // So many separate losses are told as one that covers them: more is declared than was lost, never less.
            *last = Loss {
                loss: SpoolLoss { from: last.loss.from, to: sequence.max(last.loss.to), last_digest: digest },
                declared_in: None,
            };
        }
    }

    /// The server has everything up to `sequence`.
    pub fn acknowledge(&mut self, sequence: u64) {
        self.acknowledged = self.acknowledged.max(sequence);
        self.losses.retain(|loss| loss.declared_in.is_none_or(|declared| declared > sequence));
    }

    /// Numbers after the last acknowledged one that are neither in the spool (`present`) nor known as lost.
    pub fn holes(&self, present: impl Fn(u64) -> bool) -> Vec<u64> {
        let known = |sequence| {
            present(sequence)
                || self.losses.iter().any(|loss| (loss.loss.from..=loss.loss.to).contains(&sequence))
        };
        (self.acknowledged + 1..=self.sequence).filter(|sequence| !known(*sequence)).take(MAX_HOLES).collect()
    }

    /// The last number that was given out.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Its digest.
    pub const fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The last number that the server has.
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// The last report, whose result still holds.
    pub const fn last_report(&self) -> Option<Digest> {
        self.last_report
    }

    /// Whether something was dropped that no report has declared yet.
    pub fn owes_declaration(&self) -> bool {
        self.losses.iter().any(|loss| loss.declared_in.is_none())
    }

    /// Messages that were dropped and are not yet known to the server.
    pub fn lost_messages(&self) -> u64 {
        self.losses.iter().map(|loss| loss.loss.to.saturating_sub(loss.loss.from) + 1).sum()
    }
}

/// Most separate losses that are told apart.
const MAX_LOSSES: usize = 64;
/// Most holes that one start looks for.
const MAX_HOLES: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn place(chain: &mut Chain, report: bool) -> Link {
        let link = chain.next();
        let digest = Digest::of(&link.sequence.to_be_bytes());
        let declares = if report { link.loss } else { None };
        chain.place(Placed { sequence: link.sequence, digest, report, declares });
        link
    }

    #[test]
    fn numbers_follow_one_another_and_name_the_one_before() {
        let mut chain = Chain::default();
        let first = place(&mut chain, true);
        assert_eq!((first.sequence, first.previous), (1, None));
        let second = place(&mut chain, false);
        assert_eq!((second.sequence, second.previous), (2, Some(Digest::of(&1_u64.to_be_bytes()))));
        assert_eq!(chain.last_report(), Some(Digest::of(&1_u64.to_be_bytes())));
    }

    #[test]
    fn a_loss_is_declared_until_the_report_that_says_so_arrived() {
        let mut chain = Chain::default();
        (0..6).for_each(|_| {
            let _ = place(&mut chain, true);
        });
        chain.lose(1, Digest::of(b"1"));
        chain.lose(2, Digest::of(b"2"));
        let wanted = SpoolLoss { from: 1, to: 2, last_digest: Digest::of(b"2") };
        assert_eq!(place(&mut chain, true).loss, Some(wanted));
        assert!(!chain.owes_declaration());
        // The report that declared it is dropped too: everything is owed again.
        chain.lose(7, Digest::of(b"7"));
        assert!(chain.owes_declaration());
        assert_eq!(chain.next().loss, Some(wanted));
        place(&mut chain, true);
        assert_eq!(place(&mut chain, true).loss.map(|loss| loss.from), Some(7));
        chain.acknowledge(8);
        assert_eq!(chain.lost_messages(), 1);
        chain.acknowledge(9);
        assert_eq!(chain.lost_messages(), 0);
    }

    #[test]
    fn a_heartbeat_declares_nothing() {
        let mut chain = Chain::default();
        place(&mut chain, true);
        chain.lose(1, Digest::of(b"1"));
        place(&mut chain, false);
        assert!(chain.owes_declaration());
    }
}
