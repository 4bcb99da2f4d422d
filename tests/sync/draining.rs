//! A long time offline.

use throughline::change::Operation;
use throughline::ids::{ChangeId, TransactionId};
use throughline::upload::{BATCH_BYTES, BATCH_TRANSACTIONS, Queued, QueuedIntent};

use crate::{assert_clean, fresh, ids, posts, synced};

const TRANSACTIONS: u32 = 10_000;

/// Transactions of each POST, if the queue is cut as the two limits say.
fn predicted(sizes: &[usize]) -> Vec<usize> {
    let mut posts = Vec::new();
    let (mut count, mut bytes) = (0, 0);
    for size in sizes {
        if count == BATCH_TRANSACTIONS || (count > 0 && bytes + size > BATCH_BYTES) {
            posts.push(count);
            (count, bytes) = (0, 0);
        }
        count += 1;
        bytes += size;
    }
    posts.push(count);
    posts
}

/// Of an insert of a todo, as the change log spells it.
fn size(id: &str, title: &str) -> usize {
    let insert = QueuedIntent {
        id: ChangeId(1),
        row: ("todos".into(), format!(r#"["{id}"]"#)),
        operation: Operation::Insert,
        value: format!(r#"{{"title":"{title}"}}"#),
        base: None,
    };
    let queued = Queued {
        id: TransactionId(1),
        key: String::new(),
        mergeable: true,
        intents: vec![insert],
    };
    queued.bytes()
}

#[test]
fn ten_thousand_transactions_survive_a_kill_and_arrive_once_each_in_order_in_full_batches() {
    let world = &mut synced();
    world.verified = None;
    world.client("a").disconnect();
    let mut keys = Vec::new();
    let mut sizes = Vec::new();
    for n in 0..TRANSACTIONS {
        // Some batches end by their bytes, some by their count.
        let title = "t".repeat(if n / 1_000 % 5 == 1 { 2_000 } else { 10 });
        sizes.push(size(&fresh(n), &title));
        keys.extend(world.client("a").add_todo(&fresh(n), &title));
    }
    let first = posts(world).len();
    world.crash("a");
    let half = world.ledger.version() + u64::from(TRANSACTIONS / 2);
    world.run_until("half of them", |world| world.ledger.version() >= half);
    let killed = posts(world).len() - first;
    world.crash("a");
    world.settle();

    assert_eq!(world.ledger.order(), keys, "once each and in order");
    let mut expected = predicted(&sizes);
    // The answer to this one was lost with the process.
    expected.insert(killed, expected[killed - 1]);
    let sent: Vec<usize> = posts(world)[first..]
        .iter()
        .map(|post| ids(post).len())
        .collect();
    assert_eq!(sent, expected);
    assert!(
        sent.contains(&BATCH_TRANSACTIONS)
            && sent.contains(&(BATCH_BYTES / size(&fresh(1), &"t".repeat(2_000))))
    );
    assert_clean(world, "a");
    world.assert_same("todos");
}
