//! What a rejection takes along ([`taken_along`]), and what has to wait for a transaction ([`blocked_by`]).

use std::collections::HashSet;
use std::hash::Hash;

use serde::Deserialize;

use crate::change::Operation;
use crate::ids::TransactionId;

/// What a rejection rolls back besides the rejected transaction: whole transactions, and transitively.
///
/// Whatever the policy, what the server may have stays until the server says what became of it ([`Standing`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnRejection {
    /// What cannot stand without it: later ones that write a row which only it would have inserted, or that set a
    /// declared reference to such a row. One that inserts the row anew stands by itself.
    #[default]
    Dependents,
    /// These, and all later ones that write one of its rows.
    Row,
    /// All that is pending, earlier ones and those of other rows too.
    All,
}

/// A pending transaction and what it does, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<Row> {
    /// Its number.
    pub id: TransactionId,
    /// What the server knows of it.
    pub standing: Standing,
    /// Its intents.
    pub intents: Vec<WrittenRow<Row>>,
}

/// One intent: what happens to which row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRow<Row> {
    /// The row.
    pub row: Row,
    /// What is done to it.
    pub operation: Operation,
    /// The rows that the columns it writes refer to, by the declared references.
    pub refers: Vec<Row>,
}

/// What the server knows of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: it was never sent.
    Unsent,
    /// Perhaps all of it: it was sent, and not answered; a refusal of the whole body is an answer. It goes along only if it writes nothing but missing rows,
    /// which can have had no effect there; otherwise it is sent again and gets its own verdict.
    Unanswered,
    /// The server said that it changed nothing. It goes along if it needs a missing row: that was why.
    NoOp,
    /// It has its own verdict, and that stays.
    Decided,
}

/// The transactions among `pending`, which is in order, that the rejection of one of them rolls back, too.
///
/// A reference to a row that is `there` on the server, whoever put it there, needs no one's insert.
pub fn taken_along<Row: Clone + Eq + Hash>(
    policy: OnRejection,
    rejected: TransactionId,
    pending: &[Written<Row>],
    there: &dyn Fn(&Row) -> bool,
) -> Vec<TransactionId> {
    let mut missing: HashSet<Row> = HashSet::new();
    let mut undone: HashSet<Row> = HashSet::new();
    let mut taken = Vec::new();
    for transaction in pending {
        let anew = new_rows(transaction);
        let is_missing = |row: &Row| missing.contains(row) && !anew.contains(row);
        let needs = |intent: &WrittenRow<Row>| {
            is_missing(&intent.row)
                || intent
                    .refers
                    .iter()
                    .any(|row| is_missing(row) && !there(row))
        };
        let intents = &transaction.intents;
        let depends = intents.iter().any(needs);
        let goes = transaction.id != rejected
            && match transaction.standing {
                Standing::Unsent => {
                    depends
                        || policy == OnRejection::All
                        || intents.iter().any(|intent| undone.contains(&intent.row))
                }
                Standing::Unanswered => intents.iter().all(|intent| is_missing(&intent.row)),
                Standing::NoOp => depends,
                Standing::Decided => false,
            };
        if goes {
            taken.push(transaction.id);
        }
        if goes || transaction.id == rejected {
            missing.extend(anew);
            if policy != OnRejection::Dependents {
                undone.extend(intents.iter().map(|intent| intent.row.clone()));
            }
        } else {
            missing.retain(|row| !anew.contains(row));
        }
    }
    taken
}

/// The transactions among `pending`, which is in order, that must not overtake the ones `held` back: they write one of
/// their rows or a row these refer to, or refer to one of their rows; transitively.
pub fn blocked_by<Row: Clone + Eq + Hash>(
    held: &[TransactionId],
    pending: &[Written<Row>],
) -> Vec<TransactionId> {
    let mut written: HashSet<Row> = HashSet::new();
    let mut referred: HashSet<Row> = HashSet::new();
    let mut blocked = Vec::new();
    for transaction in pending {
        let is_held = held.contains(&transaction.id);
        let meets = |intent: &WrittenRow<Row>| {
            written.contains(&intent.row)
                || referred.contains(&intent.row)
                || intent.refers.iter().any(|row| written.contains(row))
        };
        let waits = !is_held && transaction.intents.iter().any(meets);
        if waits {
            blocked.push(transaction.id);
        }
        if waits || is_held {
            for intent in &transaction.intents {
                written.insert(intent.row.clone());
                referred.extend(intent.refers.iter().cloned());
            }
        }
    }
    blocked
}

/// The rows that a transaction brings into being: its first intent on them is an insert.
fn new_rows<Row: Clone + Eq + Hash>(transaction: &Written<Row>) -> HashSet<Row> {
    let mut met = HashSet::new();
    transaction
        .intents
        .iter()
        .filter(|intent| met.insert(&intent.row) && intent.operation == Operation::Insert)
        .map(|intent| intent.row.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::OnRejection::{All, Dependents, Row};
    use super::Operation::{Delete, Insert, Update};
    use super::Standing::{Decided, NoOp, Unanswered, Unsent};
    use super::*;

    type Wrote = Written<&'static str>;

    const NOTHING: [i64; 0] = [];

    fn wrote(id: i64, intents: &[(&'static str, Operation)]) -> Wrote {
        let intents = intents.iter().map(|(row, operation)| WrittenRow {
            row: *row,
            operation: *operation,
            refers: Vec::new(),
        });
        Written {
            id: TransactionId(id),
            standing: Unsent,
            intents: intents.collect(),
        }
    }

    /// A write of one row whose columns refer to another.
    fn pointing(id: i64, row: &'static str, operation: Operation, to: &'static str) -> Wrote {
        let mut wrote = wrote(id, &[(row, operation)]);
        wrote.intents[0].refers = vec![to];
        wrote
    }

    fn standing(standing: Standing, mut transaction: Wrote) -> Wrote {
        transaction.standing = standing;
        transaction
    }

    /// What goes along with transaction 1.
    fn taken(policy: OnRejection, pending: &[Wrote]) -> Vec<i64> {
        let nowhere = |_: &&str| false;
        numbers(&taken_along(policy, TransactionId(1), pending, &nowhere))
    }

    fn numbers(ids: &[TransactionId]) -> Vec<i64> {
        ids.iter().map(|id| id.0).collect()
    }

    #[test]
    fn later_writes_of_an_inserted_row_go_along_and_so_does_what_hangs_on_them() {
        let pending = [
            wrote(1, &[("a", Insert)]),
            wrote(2, &[("a", Update)]),
            wrote(3, &[("a", Update), ("b", Insert), ("c", Update)]),
            wrote(4, &[("b", Update)]),
            wrote(5, &[("c", Update)]),
        ];
        assert_eq!(taken(Dependents, &pending), [2, 3, 4]);
    }

    #[test]
    fn a_rejected_update_or_replacement_takes_nothing_along() {
        let later = wrote(2, &[("a", Update)]);
        for rejected in [&[("a", Update)][..], &[("a", Delete), ("a", Insert)][..]] {
            assert_eq!(
                taken(Dependents, &[wrote(1, rejected), later.clone()]),
                NOTHING
            );
        }
    }

    #[test]
    fn a_row_inserted_anew_stands_by_itself() {
        let pending = [
            wrote(1, &[("a", Insert)]),
            wrote(2, &[("a", Delete)]),
            wrote(3, &[("a", Insert)]),
            wrote(4, &[("a", Update)]),
            pointing(5, "b", Insert, "a"),
        ];
        assert_eq!(taken(Dependents, &pending), [2]);
    }

    #[test]
    fn what_refers_to_an_inserted_row_goes_along_and_so_does_what_hangs_on_it() {
        let pending = [
            wrote(1, &[("list", Insert)]),
            pointing(2, "todo", Insert, "list"),
            pointing(3, "comment", Insert, "todo"),
            // It was there before and is moved into the list; moving it out again needs no list.
            pointing(4, "other", Update, "list"),
            pointing(5, "other", Update, "old list"),
            wrote(6, &[("old list", Update)]),
        ];
        assert_eq!(taken(Dependents, &pending), [2, 3, 4]);
        // A reference ties rows together, not the writes of one row.
        let renamed = [
            wrote(1, &[("list", Update)]),
            pointing(2, "todo", Insert, "list"),
        ];
        assert_eq!(taken(Dependents, &renamed), NOTHING);
        assert_eq!(taken(Row, &renamed), NOTHING);
    }

    #[test]
    fn a_reference_within_one_transaction_or_to_a_row_that_is_there_needs_no_one() {
        let mut both = pointing(2, "todo", Insert, "list");
        both.intents.extend(wrote(2, &[("list", Insert)]).intents);
        let list = wrote(1, &[("list", Insert)]);
        assert_eq!(taken(Dependents, &[list.clone(), both]), NOTHING);
        let pending = [list, pointing(2, "todo", Insert, "list")];
        let there = |row: &&str| *row == "list";
        assert_eq!(
            taken_along(Dependents, TransactionId(1), &pending, &there),
            []
        );
    }

    #[test]
    fn the_row_policy_takes_all_later_writes_of_the_rows_along() {
        let pending = [
            wrote(0, &[("a", Update)]),
            wrote(1, &[("a", Update)]),
            wrote(2, &[("a", Update), ("b", Update)]),
            wrote(3, &[("b", Delete)]),
            wrote(4, &[("c", Update)]),
        ];
        assert_eq!(taken(Row, &pending), [2, 3]);
        let new = [
            wrote(1, &[("list", Insert)]),
            pointing(2, "todo", Insert, "list"),
        ];
        assert_eq!(taken(Row, &new), [2], "dependents go under every policy");
    }

    #[test]
    fn the_all_policy_takes_all_that_is_pending_along() {
        let pending = [
            wrote(0, &[("a", Update)]),
            wrote(1, &[("b", Update)]),
            wrote(2, &[("c", Update)]),
        ];
        assert_eq!(taken(All, &pending), [0, 2]);
    }

    #[test]
    fn what_the_server_may_have_stays_and_so_does_what_hangs_on_it_alone() {
        for policy in [Dependents, Row, All] {
            for kept in [Unanswered, Decided] {
                let pending = [
                    wrote(1, &[("a", Insert)]),
                    standing(kept, wrote(2, &[("a", Update), ("b", Insert)])),
                    wrote(3, &[("b", Update)]),
                ];
                let expected: &[i64] = if policy == All { &[3] } else { &[] };
                assert_eq!(taken(policy, &pending), expected, "{policy:?} {kept:?}");
            }
            let pending = [
                wrote(1, &[("a", Insert)]),
                standing(Unanswered, wrote(2, &[("a", Update)])),
                standing(NoOp, wrote(3, &[("a", Delete)])),
                standing(NoOp, wrote(4, &[("b", Delete)])),
                standing(Decided, wrote(5, &[("a", Update)])),
            ];
            assert_eq!(taken(policy, &pending), [2, 3], "{policy:?}");
        }
    }

    #[test]
    fn what_meets_a_held_transaction_waits_for_it_and_the_rest_does_not() {
        let pending = [
            wrote(0, &[("a", Update)]),
            wrote(1, &[("a", Update)]),
            wrote(2, &[("a", Update), ("b", Update)]),
            pointing(3, "c", Insert, "b"),
            wrote(4, &[("d", Update)]),
            pointing(5, "e", Insert, "d"),
            pointing(6, "f", Insert, "d"),
            wrote(7, &[("d", Delete)]),
        ];
        let blocked = |held: &[i64]| {
            let held: Vec<_> = held.iter().copied().map(TransactionId).collect();
            numbers(&blocked_by(&held, &pending))
        };
        assert_eq!(blocked(&[1]), [2, 3]);
        assert_eq!(
            blocked(&[5]),
            [7],
            "what a held row refers to stays until then"
        );
        assert_eq!(blocked(&[]), NOTHING);
    }
}
