//! [`dependents`]: what a rejection takes along.

use std::collections::HashSet;
use std::hash::Hash;

use crate::change::Operation;
use crate::ids::TransactionId;

/// A transaction and what it does to its rows, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<Row> {
    /// Its number.
    pub id: TransactionId,
    /// Its intents.
    pub intents: Vec<(Row, Operation)>,
}

/// A transaction that cannot stand without a rejected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependent {
    /// Its number.
    pub id: TransactionId,
    /// It writes nothing but rows that are not there now: on the server it cannot have had an effect.
    pub entirely: bool,
}

/// The transactions among `later`, which is in order, that write rows which only `rejected` would have inserted.
///
/// Whole transactions, and transitively: what a dependent one inserted is not there either. A transaction that
/// inserts the row anew stands by itself, and so do all others: a rejection takes nothing else along.
pub fn dependents<Row: Clone + Eq + Hash>(
    rejected: &Written<Row>,
    later: &[Written<Row>],
) -> Vec<Dependent> {
    let mut missing: HashSet<Row> = new_rows(rejected).collect();
    let mut found = Vec::new();
    for transaction in later {
        let anew: HashSet<Row> = new_rows(transaction).collect();
        let needs = |row: &Row| missing.contains(row) && !anew.contains(row);
        let depends = transaction.intents.iter().any(|(row, _)| needs(row));
        if depends {
            found.push(Dependent {
                id: transaction.id,
                entirely: transaction.intents.iter().all(|(row, _)| needs(row)),
            });
            missing.extend(anew);
        } else {
            missing.retain(|row| !anew.contains(row));
        }
    }
    found
}

/// The rows that a transaction brings into being: its first intent on them is an insert.
fn new_rows<Row: Clone + Eq + Hash>(transaction: &Written<Row>) -> impl Iterator<Item = Row> {
    let mut met = HashSet::new();
    transaction
        .intents
        .iter()
        .filter(move |(row, operation)| met.insert(row) && *operation == Operation::Insert)
        .map(|(row, _)| row.clone())
}

#[cfg(test)]
mod tests {
    use super::Operation::{Delete, Insert, Update};
    use super::*;

    fn written(id: i64, intents: &[(&'static str, Operation)]) -> Written<&'static str> {
        Written {
            id: TransactionId(id),
            intents: intents.to_vec(),
        }
    }

    fn ids(rejected: &Written<&'static str>, later: &[Written<&'static str>]) -> Vec<(i64, bool)> {
        let found = dependents(rejected, later);
        found.iter().map(|one| (one.id.0, one.entirely)).collect()
    }

    #[test]
    fn later_writes_of_an_inserted_row_go_along_and_so_does_what_hangs_on_them() {
        let rejected = written(1, &[("a", Insert)]);
        let later = [
            written(2, &[("a", Update)]),
            written(3, &[("a", Update), ("b", Insert), ("c", Update)]),
            written(4, &[("b", Update)]),
            written(5, &[("c", Update)]),
        ];
        assert_eq!(ids(&rejected, &later), [(2, true), (3, false), (4, true)]);
    }

    #[test]
    fn a_rejected_update_or_replacement_takes_nothing_along() {
        let later = [written(2, &[("a", Update)])];
        assert_eq!(ids(&written(1, &[("a", Update)]), &later), []);
        let replaced = written(1, &[("a", Delete), ("a", Insert)]);
        assert_eq!(ids(&replaced, &later), []);
    }

    #[test]
    fn a_row_inserted_anew_stands_by_itself() {
        let rejected = written(1, &[("a", Insert)]);
        let later = [
            written(2, &[("a", Delete)]),
            written(3, &[("a", Insert)]),
            written(4, &[("a", Update)]),
        ];
        assert_eq!(ids(&rejected, &later), [(2, true)]);
    }
}
