//! [`Picker`]: which of the queued transactions go into the next POST.

use serde::Deserialize;

use super::coalesce::coalesced;
use crate::change::Operation;
use crate::error::Result;
use crate::ids::{ChangeId, TransactionId};

/// Transactions in one POST at most, unless the app says otherwise.
pub const BATCH_TRANSACTIONS: usize = 50;
/// Bytes of intents in one POST at most, unless the app says otherwise; common body parsers refuse more than 100 kB.
pub const BATCH_BYTES: usize = 64 * 1024;
/// What the body says about an intent beside its key, value and base, roughly.
const INTENT_BYTES: usize = 160;

/// How much goes into one POST at most; but at least one transaction, however large: a transaction is never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Batch {
    /// So many.
    pub transactions: usize,
    /// Bytes of their intents, by [`Queued::bytes`].
    pub bytes: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            transactions: BATCH_TRANSACTIONS,
            bytes: BATCH_BYTES,
        }
    }
}

/// What to take from the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// Not more than this.
    pub batch: Batch,
    /// Without these, by idempotency key, and without what depends on them.
    pub parked: Vec<String>,
    /// Nothing but this one.
    pub alone: Option<String>,
}

/// A row: its table and its key as the change log spells it.
type RowName = (String, String);

/// A queued transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Its number; the queue is in this order.
    pub id: TransactionId,
    /// Its idempotency key.
    pub key: String,
    /// It was never sent and holds nothing but its intents.
    pub mergeable: bool,
    /// In the order they were made.
    pub intents: Vec<QueuedIntent>,
}

/// One intent of it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedIntent {
    /// Its place in the change log.
    pub id: ChangeId,
    /// Which row.
    pub row: RowName,
    /// What it does.
    pub operation: Operation,
    /// The changed columns: a JSON object.
    pub value: String,
    /// What they held before: a JSON object. Not of inserts.
    pub base: Option<String>,
}

impl Queued {
    /// What it adds to a body, roughly.
    pub fn bytes(&self) -> usize {
        let bytes = |intent: &QueuedIntent| {
            let base = intent.base.as_ref().map_or(0, String::len);
            INTENT_BYTES + intent.row.1.len() + intent.value.len() + base
        };
        self.intents.iter().map(bytes).sum()
    }
}

/// A transaction that goes into the POST.
#[derive(Debug, Clone, PartialEq)]
pub struct Picked {
    /// As it is to be sent.
    pub transaction: Queued,
    /// Earlier ones that it now contains.
    pub replaces: Vec<TransactionId>,
}

/// Is offered the queue in order and picks until the POST is full.
#[derive(Debug)]
pub struct Picker {
    take: Take,
    /// What depends on the parked ones, in order.
    blocked: Vec<TransactionId>,
    coalesce: bool,
    picked: Vec<Picked>,
    bytes: usize,
}

impl Picker {
    /// Begins with nothing. `blocked`, in order, is what must not overtake [`Take::parked`].
    pub fn new(take: Take, blocked: Vec<TransactionId>, coalesce: bool) -> Self {
        Self {
            take,
            blocked,
            coalesce,
            picked: Vec::new(),
            bytes: 0,
        }
    }

    /// Looks at the next transaction of the queue; false when the POST is full.
    ///
    /// # Errors
    /// As [`coalesced`].
    pub fn offer(&mut self, mut next: Queued) -> Result<bool> {
        if self.take.parked.contains(&next.key) || self.blocked.binary_search(&next.id).is_ok() {
            return Ok(true);
        }
        if let Some(alone) = &self.take.alone
            && *alone != next.key
        {
            return Ok(true);
        }
        let mut replaces = Vec::new();
        if self.coalesce
            && let Some(last) = self.picked.last_mut()
            && let Some(merged) = coalesced(&last.transaction, &next)?
        {
            self.bytes -= last.transaction.bytes();
            replaces.append(&mut last.replaces);
            replaces.push(last.transaction.id);
            next.intents = vec![merged];
            self.picked.pop();
        } else if self.picked.len() >= self.take.batch.transactions {
            return Ok(false);
        }
        self.bytes += next.bytes();
        if self.bytes > self.take.batch.bytes && !self.picked.is_empty() {
            self.bytes -= next.bytes();
            return Ok(false);
        }
        self.picked.push(Picked {
            transaction: next,
            replaces,
        });
        Ok(self.take.alone.is_none())
    }

    /// What goes, in order, and its bytes.
    pub fn picked(self) -> (Vec<Picked>, usize) {
        (self.picked, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// An update of each of the rows.
    fn update(id: i64, rows: &[&str]) -> Queued {
        let intent = |row: &&str| QueuedIntent {
            id: ChangeId(id),
            row: ("t".into(), (*row).into()),
            operation: Operation::Update,
            value: format!(r#"{{"v":{id}}}"#),
            base: Some(r#"{"v":0}"#.into()),
        };
        Queued {
            id: TransactionId(id),
            key: format!("c:{id}"),
            mergeable: true,
            intents: rows.iter().map(intent).collect(),
        }
    }

    fn everything() -> Take {
        Take {
            batch: Batch::default(),
            parked: Vec::new(),
            alone: None,
        }
    }

    fn picked(take: Take, queue: &[Queued]) -> Vec<(i64, Vec<i64>)> {
        picked_past(&[], take, queue)
    }

    fn picked_past(blocked: &[i64], take: Take, queue: &[Queued]) -> Vec<(i64, Vec<i64>)> {
        let blocked = blocked.iter().map(|id| TransactionId(*id)).collect();
        let mut picker = Picker::new(take, blocked, true);
        for one in queue {
            if !picker.offer(one.clone()).unwrap() {
                break;
            }
        }
        let (picked, bytes) = picker.picked();
        let sizes: usize = picked.iter().map(|one| one.transaction.bytes()).sum();
        assert_eq!(bytes, sizes);
        let ids = |one: Picked| {
            let replaces = one.replaces.iter().map(|id| id.0).collect();
            (one.transaction.id.0, replaces)
        };
        picked.into_iter().map(ids).collect()
    }

    fn ids(take: Take, queue: &[Queued]) -> Vec<i64> {
        picked(take, queue).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn a_transaction_counts_by_its_keys_values_and_what_they_replace() {
        let mut one = update(1, &["a"]);
        let bare = one.bytes();
        one.intents[0].value.push_str("1234");
        assert_eq!(one.bytes(), bare + 4);
        one.intents[0].base = Some("{}".into());
        assert_eq!(one.bytes(), bare + 4 - 7 + 2);
        one.intents[0].row.1.push_str("123");
        assert_eq!(one.bytes(), bare + 4 - 7 + 2 + 3);
        assert_eq!(update(2, &["a", "b"]).bytes(), 2 * bare);
    }

    #[test]
    fn a_batch_is_bounded_by_count_and_bytes_but_never_empty() {
        let queue: Vec<Queued> = (1..=80).map(|n| update(n, &[&n.to_string()])).collect();
        let size = queue[0].bytes();
        let of = |transactions, bytes| {
            let batch = Batch {
                transactions,
                bytes,
            };
            let taken = ids(
                Take {
                    batch,
                    ..everything()
                },
                &queue,
            );
            taken.len()
        };
        assert_eq!(ids(everything(), &queue).len(), BATCH_TRANSACTIONS);
        assert_eq!(of(7, BATCH_BYTES), 7);
        assert_eq!(of(50, 3 * size), 3);
        assert_eq!(of(50, 3 * size - 1), 2);
        assert_eq!(of(50, 1), 1);
        assert_eq!(ids(everything(), &[]), [0; 0]);
    }

    #[test]
    fn what_is_edited_a_thousand_times_goes_once_and_leaves_room() {
        let mut queue: Vec<Queued> = (1..=1_000).map(|n| update(n, &["a"])).collect();
        queue.push(update(1_001, &["b"]));
        let found = picked(everything(), &queue);
        let all_before = (1..1_000).collect();
        assert_eq!(found, [(1_000, all_before), (1_001, vec![])]);
        let one = Batch {
            transactions: 1,
            ..Batch::default()
        };
        let full = Take {
            batch: one,
            ..everything()
        };
        assert_eq!(ids(full, &queue), [1_000]);
    }

    #[test]
    fn what_outgrows_the_batch_by_merging_waits_for_the_next_one() {
        let queue = [update(1, &["a"]), update(2, &["b"]), update(30_000, &["b"])];
        let batch = Batch {
            bytes: queue[0].bytes() + queue[1].bytes(),
            ..Batch::default()
        };
        let take = Take {
            batch,
            ..everything()
        };
        assert_eq!(picked(take, &queue), [(1, vec![])]);
    }

    #[test]
    fn what_is_parked_and_what_it_blocks_are_passed_over() {
        let queue = [
            update(1, &["a"]),
            update(2, &["b"]),
            update(3, &["a"]),
            update(4, &["d"]),
        ];
        let take = Take {
            parked: vec!["c:1".into()],
            ..everything()
        };
        let found = picked_past(&[3], take, &queue);
        assert_eq!(found, [(2, vec![]), (4, vec![])]);
    }

    #[test]
    fn one_alone_is_taken_unless_it_waits_for_another_one() {
        let queue = [update(1, &["a"]), update(2, &["b"]), update(3, &["a"])];
        let alone = |key: &str, parked: &[&str]| Take {
            parked: parked.iter().map(ToString::to_string).collect(),
            alone: Some(key.into()),
            ..everything()
        };
        assert_eq!(ids(alone("c:3", &["c:2"]), &queue), [3]);
        assert_eq!(ids(alone("c:3", &["c:1", "c:3"]), &queue), [0; 0]);
        assert_eq!(ids(alone("c:9", &[]), &queue), [0; 0]);
    }
}
