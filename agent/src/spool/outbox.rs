//! Spool and chain, kept in step.
//!
//! Always, in this order: room is made and the loss counted on disk before a file goes; a message is on disk before
//! the chain counts it; the chain counts it on disk before it may be sent; an acknowledgement is on disk before the
//! message's file goes.

use bearing_protocol::digest::Digest;

use super::{Message, Spool, SpoolError, SpoolLimits, size_of};
use crate::{
    chain::{Chain, Link},
    state::{FileError, StateDirectory},
};

/// What waits to be sent, and the numbers it has.
#[derive(Debug)]
pub struct Outbox {
    directory: StateDirectory,
    chain: Chain,
    spool: Spool,
}

/// Why the outbox does not work.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum OutboxError {
    #[error("spool")]
    Spool(#[from] SpoolError),
    #[error("chain")]
    Chain(#[from] FileError),
    #[error(
        "the chain's state is damaged and no message is left to find it from: the next number is not known. Run `uninstall-clean` and enrol again"
    )]
    Unknown,
}

impl Outbox {
    /// Opens spool and chain and brings them in step: what the chain counted and the spool no longer holds is a
    /// loss, what the spool holds and the chain did not count yet is counted.
    ///
    /// # Errors
    /// [`OutboxError::Unknown`] where neither tells the next number.
    pub fn open(directory: &StateDirectory, limits: SpoolLimits) -> Result<Self, OutboxError> {
        let spool = Spool::open(&directory.file(SPOOL_DIRECTORY), limits)?;
        let mut chain = match Chain::load(directory) {
            Ok(chain) => chain,
            Err(FileError::Malformed { .. } | FileError::TooLarge { .. }) => {
                Self::chain_of(&spool).ok_or(OutboxError::Unknown)?
            }
            Err(error) => return Err(error.into()),
        };
        let before = chain.clone();
        for entry in spool.entries().values() {
            chain.place(entry.placed);
        }
        for sequence in chain.holes(|sequence| spool.entries().contains_key(&sequence)) {
            let digest = Self::digest_of_lost(&chain, &spool, sequence);
            chain.lose(sequence, digest);
        }
        if chain != before {
            chain.save(directory)?;
        }
        Ok(Self { directory: directory.clone(), chain, spool })
    }

    /// A chain that starts before the oldest message there is: what was acknowledged is sent once more, and the
    /// server says that it knows it.
    fn chain_of(spool: &Spool) -> Option<Chain> {
        let oldest = *spool.entries().keys().next()?;
        let mut chain = Chain::default();
        chain.acknowledge(oldest.saturating_sub(1));
        Some(chain)
    }

    /// The digest of a message that is gone: the one after it names it, or the chain does.
    fn digest_of_lost(chain: &Chain, spool: &Spool, sequence: u64) -> Digest {
        let next = spool.entries().get(&(sequence + 1)).and_then(|next| next.previous);
        let last = chain.digest().filter(|_| chain.sequence() == sequence);
        next.or(last).unwrap_or(Digest::from_bytes([0; 32]))
    }

    /// Where the next message stands.
    pub fn next(&self) -> Link {
        self.chain.next()
    }

    /// Takes a message that was sealed for [`Outbox::next`]. It may be sent when this returns.
    ///
    /// # Errors
    /// Where it cannot be written: the chain stays as it was, and the number is free.
    pub fn push(&mut self, message: &Message) -> Result<(), OutboxError> {
        let surplus = self.spool.surplus(size_of(&message.to_bytes()));
        self.drop_oldest(&surplus)?;
        self.spool.push(message)?;
        let mut chain = self.chain.clone();
        chain.place(message.placed());
        if let Err(error) = chain.save(&self.directory) {
            self.spool.remove(message.sequence)?;
            return Err(error.into());
        }
        self.chain = chain;
        // The one before stayed only to find the chain by.
        self.remove_acknowledged()?;
        Ok(())
    }

    fn drop_oldest(&mut self, surplus: &[super::Entry]) -> Result<(), OutboxError> {
        let acknowledged = self.chain.acknowledged();
        let lost = surplus.iter().filter(|entry| entry.placed.sequence > acknowledged);
        let mut chain = self.chain.clone();
        lost.for_each(|entry| chain.lose(entry.placed.sequence, entry.placed.digest));
        if chain != self.chain {
            chain.save(&self.directory)?;
            self.chain = chain;
        }
        for entry in surplus {
            self.spool.remove(entry.placed.sequence)?;
        }
        Ok(())
    }

    /// The next message to send. One that the disk no longer holds whole is counted as lost and passed over.
    ///
    /// # Errors
    /// Where the disk cannot be read.
    pub fn front(&mut self) -> Result<Option<Message>, OutboxError> {
        loop {
            match self.spool.front(self.chain.acknowledged()) {
                Err(SpoolError::Damaged { sequence, .. }) => {
                    let damaged: Vec<_> = self.spool.entries().get(&sequence).copied().into_iter().collect();
                    self.drop_oldest(&damaged)?;
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// The server has everything up to `sequence`.
    ///
    /// # Errors
    /// Where that cannot be written: the message is sent again later, and the server knows it.
    pub fn acknowledge(&mut self, sequence: u64) -> Result<(), OutboxError> {
        let mut chain = self.chain.clone();
        chain.acknowledge(sequence.min(chain.sequence()));
        chain.save(&self.directory)?;
        self.chain = chain;
        self.remove_acknowledged()
    }

    /// Drops a message that will never be taken, and counts it as lost.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn discard(&mut self, sequence: u64) -> Result<(), OutboxError> {
        let gone: Vec<_> = self.spool.entries().get(&sequence).copied().into_iter().collect();
        self.drop_oldest(&gone)
    }

    fn remove_acknowledged(&mut self) -> Result<(), OutboxError> {
        let newest = self.chain.sequence();
        let done = self.chain.acknowledged();
        let gone: Vec<u64> =
            self.spool.entries().keys().copied().filter(|n| *n <= done && *n != newest).collect();
        for sequence in gone {
            self.spool.remove(sequence)?;
        }
        Ok(())
    }

    /// The chain.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Messages that wait.
    pub fn waiting(&self) -> usize {
        self.spool.waiting(self.chain.acknowledged())
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.spool.bytes()
    }
}

/// The spool's directory below the state directory.
const SPOOL_DIRECTORY: &str = "spool";
