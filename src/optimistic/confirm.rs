//! When a write is back: what counts as evidence, and which transactions may leave the shadow then.

use std::collections::HashSet;

use serde::Deserialize;

use crate::ids::TransactionId;

/// What shows that an accepted transaction is in the synced rows. Whatever it is, the shadow rows go in the very SQLite
/// transaction that brings it; none is ever given up by a time-out.
///
/// | evidence | counts under | and fails for |
/// |---|---|---|
/// | its `write_id` in a row; of a delete: the row goes | `auto`, `write_id` | a row outside the shape, a `write_id` overwritten before we read it |
/// | its `txid` among a change's, or visible in a `snapshot-end` (protocol section 15) | `auto`, `txid`, `ledger` | a change that brings no message: no-op, row outside the shape |
/// | every shape of its tables completed a request begun after acceptance, at or past its `lsn` | `auto`, `lsn`, `ledger` | a quiet database, where the position read after the commit comes with the next transaction |
/// | its row in the ledger, which tells the position of the commit itself | `ledger` | |
/// | the server calls it a no-op: any later look at its tables has it | all | |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmBy {
    /// All that the server's answer tells of.
    #[default]
    Auto,
    /// The write id, which the server stores with the row.
    WriteId,
    /// The database's transaction, from the answer to the POST.
    Txid,
    /// A position of the write-ahead log read after the commit, from the answer to the POST.
    Lsn,
    /// A synced table with a row for each transaction, written in the transaction itself.
    Ledger,
}

impl ConfirmBy {
    /// Whether a write id, or a row's going, is evidence.
    pub fn trusts_rows(self) -> bool {
        matches!(self, Self::Auto | Self::WriteId)
    }

    /// Whether a transaction id is evidence.
    pub fn trusts_txids(self) -> bool {
        matches!(self, Self::Auto | Self::Txid | Self::Ledger)
    }

    /// Whether a position is evidence.
    pub fn trusts_positions(self) -> bool {
        matches!(self, Self::Auto | Self::Lsn | Self::Ledger)
    }
}

/// A transaction that is not yet confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingTransaction<Row> {
    /// Its number; pending transactions are given in this order.
    pub id: TransactionId,
    /// The server accepted it.
    pub accepted: bool,
    /// Its rows, and whether each intent was seen in the synced rows.
    pub intents: Vec<(Row, bool)>,
}

/// The transactions whose intents may go, in order.
///
/// A transaction leaves whole, when it is accepted and every intent was seen; and never before an earlier one
/// that wrote the same row, whose older value would show again for a moment.
pub fn confirmable<Row: Clone + Eq + std::hash::Hash>(
    pending: &[PendingTransaction<Row>],
) -> Vec<TransactionId> {
    let mut held_rows = HashSet::new();
    let mut done = Vec::new();
    for transaction in pending {
        let complete = transaction.accepted && transaction.intents.iter().all(|(_, seen)| *seen);
        let free = transaction
            .intents
            .iter()
            .all(|(row, _)| !held_rows.contains(row));
        if complete && free {
            done.push(transaction.id);
        } else {
            held_rows.extend(transaction.intents.iter().map(|(row, _)| row.clone()));
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(
        id: i64,
        accepted: bool,
        intents: &[(&'static str, bool)],
    ) -> PendingTransaction<&'static str> {
        PendingTransaction {
            id: TransactionId(id),
            accepted,
            intents: intents.to_vec(),
        }
    }

    #[test]
    fn a_transaction_goes_when_all_its_rows_are_back() {
        let half = pending(1, true, &[("a", true), ("b", false)]);
        let whole = pending(2, true, &[("c", true)]);
        let unanswered = pending(3, false, &[("d", true)]);
        assert_eq!(confirmable(&[half, whole, unanswered]), [TransactionId(2)]);
    }

    #[test]
    fn a_later_write_of_a_row_waits_for_the_earlier_one() {
        let first = pending(1, true, &[("a", true), ("b", false)]);
        let second = pending(2, true, &[("a", true)]);
        assert_eq!(confirmable(&[first.clone(), second.clone()]), []);
        let first = pending(1, true, &[("a", true), ("b", true)]);
        assert_eq!(
            confirmable(&[first, second]),
            [TransactionId(1), TransactionId(2)]
        );
    }
}
