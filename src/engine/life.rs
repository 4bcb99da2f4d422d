//! [`Life`]: what tells an engine from the one before it.

use crate::ids::TransactionId;

/// Numbers the interactive transactions of one engine, so that a request which names one of an engine before it is known as such.
#[derive(Debug, Default)]
pub(super) struct Life {
    number: i64,
    begun: i64,
}

impl Life {
    /// Numbers stay below 2^53, as far as JavaScript counts.
    const BITS: u32 = 21;

    pub(super) fn new(rng: &mut fastrand::Rng) -> Self {
        Self {
            number: i64::from(rng.u32(1..)),
            begun: 0,
        }
    }

    /// The number of one more interactive transaction.
    pub(super) fn next(&mut self) -> TransactionId {
        self.begun = (self.begun + 1) % (1 << Self::BITS);
        TransactionId((self.number << Self::BITS) + self.begun)
    }

    /// Whether this engine gave that number.
    pub(super) fn began(&self, id: TransactionId) -> bool {
        id.0 >> Self::BITS == self.number
    }
}
