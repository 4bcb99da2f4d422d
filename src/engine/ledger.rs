//! The server's ledger: a shape of one row for each of our transactions that the server has.
//!
//! A row in it is the one thing that comes back from every transaction: also from one that changed no row, none of ours,
//! or one that another writer changed again before we read it; and from one whose answer was lost. It tells the
//! position of the commit itself, so the shapes of the tables written pass it as soon as they look, on a quiet
//! database too. Nothing of it is kept here but how far it is read.

use super::storing::Stored;
use super::{Engine, Purpose, begin};
use crate::error::Result;
use crate::ids::{Millis, TransactionId, Xid};
use crate::shape::Message;
use crate::shape::machine::Batch;
use crate::shape::message::{Change, Operation};
use crate::store::{shapes, transactions};

/// The name of the ledger's shape.
pub(super) const LEDGER_SHAPE: &str = "ledger";

impl Engine {
    /// Takes note of the transactions that the ledger names, in the transaction that stores its position.
    pub(super) fn store_ledger(
        &mut self,
        now: Millis,
        at: usize,
        batch: Batch<'_>,
    ) -> Result<Stored> {
        let head = batch.up_to_date.and_then(|head| head.global_last_seen_lsn);
        let transaction = begin(&self.conn, &self.session, Purpose::Sync)?;
        let mut told = Vec::new();
        let mut accepted = Vec::new();
        for message in &batch.messages {
            let Message::Change(change) = message else {
                continue;
            };
            let Some(id) = self.told_of(change) else {
                continue;
            };
            let txid = text(change, "txid").and_then(|txid| txid.parse().ok());
            // As in an answer, cut to what the log shows.
            let txid = txid.map(|txid: u64| Xid(txid as u32));
            // A snapshot does not tell where a row was committed; it was before the service looked. An answer's
            // position, read after the commit, would be waited for in vain on a quiet database.
            let lsn = change.lsn.or(head).unwrap_or_default();
            match transactions::witness(&transaction, id, txid, lsn, now)? {
                Some(true) => accepted.push(id),
                Some(false) => {}
                None => continue,
            }
            told.push(id);
        }
        let records = super::uploading::records(&transaction, &self.client, &accepted)?;
        let confirmed = super::uploading::confirm_all(&transaction, &self.session, &self.client)?;
        shapes::save_progress(&transaction, self.shapes[at].id, &batch.stored)?;
        transaction.commit()?;
        self.note_settled(confirmed.len());
        for id in &told {
            // The data shapes may lag behind this one: only requests begun from now on count.
            self.note_acceptance(*id);
        }
        self.announce_accepted(records);
        self.announce_confirmed(confirmed);
        if !told.is_empty() {
            self.touch_log();
            self.status_is_stale = true;
            self.nudges = 0;
            self.set_nudge(now)?;
        }
        Ok(Stored::Whole)
    }

    /// The transaction of ours that a row of the ledger says the server has.
    fn told_of(&self, change: &Change<'_>) -> Option<TransactionId> {
        let is_accepted = text(change, "status").is_none_or(|status| status == "accepted");
        if change.operation == Operation::Delete || !is_accepted {
            return None;
        }
        transactions::parse_idempotency_key(&self.client, text(change, "id")?)
    }
}

fn text<'c>(change: &'c Change<'_>, column: &str) -> Option<&'c str> {
    change.value.get(column).flatten()
}
