//! Who waits for the verdict on a transaction.

use super::{Asked, Effect, Engine};
use crate::change::TransactionState;
use crate::error::{Error, Result};
use crate::ids::{RequestId, TransactionId};
use crate::store::{journal, transactions};
use crate::tabs::{Reply, TransactionRecord};

impl Engine {
    /// Answers now if the verdict is known, else once it is.
    pub(super) fn await_verdict(&mut self, asked: Asked, key: &str) {
        match self.fate(key) {
            Ok(record) if is_open(record.state) => {
                self.awaiting_verdict.push((record.number, asked));
            }
            Ok(record) => self.effects.push(settled(asked.id, record)),
            Err(error) => self.effects.push(Effect::Reply(asked.id, Err(error))),
        }
    }

    fn fate(&self, key: &str) -> Result<TransactionRecord> {
        let mut record = transactions::fate(&self.conn, &self.client, key)?
            .ok_or_else(|| Error::Argument(format!("there is no transaction {key:?}")))?;
        journal::tell_synced(&self.conn, &self.session, std::slice::from_mut(&mut record))?;
        Ok(record)
    }

    /// Tells those who waited for this one.
    pub(super) fn tell_verdict(&mut self, record: &TransactionRecord) {
        let effects = &mut self.effects;
        self.awaiting_verdict.retain(|(number, asked)| {
            let waits = *number != record.number;
            if !waits {
                effects.push(settled(asked.id, record.clone()));
            }
            waits
        });
    }

    /// A transaction was merged into another one: its verdict will be that one's.
    pub(super) fn verdict_moves(&mut self, from: TransactionId, to: TransactionId) {
        for (number, _) in &mut self.awaiting_verdict {
            if *number == from {
                *number = to;
            }
        }
    }
}

fn settled(id: RequestId, record: TransactionRecord) -> Effect {
    Effect::Reply(id, Ok(Reply::Transactions(vec![record])))
}

fn is_open(state: TransactionState) -> bool {
    use TransactionState::{Accepted, Queued, Sending};
    matches!(state, Queued | Sending | Accepted)
}
