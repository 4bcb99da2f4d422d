//! [`confirmable`]: which transactions may leave the shadow.

use std::collections::HashSet;

use crate::ids::TransactionId;

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
pub fn confirmable<Row: Eq + std::hash::Hash>(
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
            held_rows.extend(transaction.intents.iter().map(|(row, _)| row));
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
