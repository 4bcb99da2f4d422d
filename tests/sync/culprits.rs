//! One transaction among many that the server refuses, or fails at: it alone waits, with what depends on it.

use throughline::engine::Endpoint;
use throughline::upload::{BATCH_TRANSACTIONS, PROBES, STRIKES};

use throughline_server::electric::{Column, PgType, Table};

use crate::support::world::{Fault, SYNCED, World};
use crate::{FIRST, SECOND, THIRD, assert_clean, fresh, ids, posts, synced};

/// Transactions in the queue, besides those that depend on the culprit.
const QUEUE: u32 = 1_000;
/// Which of them it is.
const CULPRIT: u32 = 500;
/// POSTs that lead from a batch to one of it, at most.
const HALVES: usize = BATCH_TRANSACTIONS.ilog2() as usize + 2;

/// What a client wrote offline.
struct Queue {
    world: World,
    culprit: String,
    /// What it wrote to the culprit's row afterwards.
    dependents: Vec<String>,
    others: Vec<String>,
    before: usize,
}

impl Queue {
    /// The server answers so to every body with the culprit in it.
    fn new(status: u16) -> Self {
        let mut world = synced();
        world.verified = None;
        world.gate = Some(Box::new(move |body| {
            body.contains("poison").then_some(status)
        }));
        world.client("a").disconnect();
        let mut culprit = String::new();
        let mut dependents = Vec::new();
        let mut others = Vec::new();
        for n in 1..=QUEUE {
            let mut client = world.client("a");
            if n == CULPRIT {
                culprit = client.add_todo(&fresh(n), "poison").unwrap();
                continue;
            }
            others.push(client.add_todo(&fresh(n), "new").unwrap());
            if n == CULPRIT + 1 || n == CULPRIT + 200 {
                dependents.extend(client.rename(&fresh(CULPRIT), "renamed"));
            }
        }
        let before = posts(&world).len();
        Self {
            world,
            culprit,
            dependents,
            others,
            before,
        }
    }

    fn posts(&self) -> usize {
        posts(&self.world).len() - self.before
    }

    /// POSTs of a queue in which nothing is wrong.
    fn smooth(&self) -> usize {
        self.others.len().div_ceil(BATCH_TRANSACTIONS)
    }

    fn others_are_in(&self) -> bool {
        self.world.ledger.applied().len() == self.others.len()
    }
}

#[test]
fn what_the_server_refuses_is_found_by_halves_and_rejected_with_its_dependents() {
    let mut queue = Queue::new(422);
    queue.world.client("a").connect();
    queue.world.settle();
    assert_eq!(queue.world.ledger.order(), queue.others);
    let rejected = queue.world.client("a").rejected();
    let mut expected = vec![queue.culprit.clone()];
    expected.append(&mut queue.dependents.clone());
    let found: Vec<String> = rejected.iter().map(|one| one.id.clone()).collect();
    assert_eq!(found, expected);
    assert_eq!(rejected[0].error.as_ref().unwrap().code, "REJECTED");
    let most = queue.smooth() + HALVES + 1;
    assert!(queue.posts() <= most, "{} of {most}", queue.posts());
    queue.world.assert_same("todos");
}

#[test]
fn what_the_server_fails_at_is_parked_with_its_dependents_and_tried_again() {
    let mut queue = Queue::new(500);
    queue.world.client("a").connect();
    let most = queue.smooth() + STRIKES as usize + HALVES + PROBES;
    while !queue.others_are_in() {
        queue.world.run_for(10);
    }
    // In the meantime it is tried again alone, each time later than the last.
    let key = queue.culprit.clone();
    let alone = posts(&queue.world);
    let alone = alone.iter().filter(|post| ids(post) == [key.clone()]);
    let again = alone.count().saturating_sub(1);
    let sent = queue.posts() - again;
    assert!(sent <= most, "{sent} of {most}");
    assert!(again < 10, "{again}");
    assert_eq!(queue.world.ledger.order(), queue.others);

    queue.world.run_for(600_000);
    let pending = queue.world.client("a").pending();
    let waiting: Vec<&str> = pending.iter().map(|one| one.id.as_str()).collect();
    let mut expected = vec![queue.culprit.as_str()];
    expected.extend(queue.dependents.iter().map(String::as_str));
    assert_eq!(waiting, expected);
    assert_eq!(pending[0].error.as_ref().unwrap().code, "NETWORK");
    assert!(pending[0].attempts > 10);
    assert_eq!(pending[1].attempts, 0, "it is not sent before the other");
    assert!(queue.world.client("a").rejected().is_empty());

    queue.world.gate = None;
    queue.world.settle();
    let order = queue.world.ledger.order();
    let last: Vec<&str> = order[queue.others.len()..]
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(last.first(), expected.first());
    assert_eq!(last.last(), expected.last());
    assert_clean(&mut queue.world, "a");
    queue.world.assert_same("todos");
}

#[test]
fn a_parked_transaction_is_found_again_after_a_reload() {
    let world = &mut synced();
    world.gate = Some(Box::new(|body| body.contains("poison").then_some(500)));
    world.client("a").rename(FIRST, "poison");
    world.client("a").rename(SECOND, "fine");
    world.run_for(120_000);
    assert_eq!(world.client("a").pending().len(), 1);
    world.crash("a");
    world.client("a").rename(THIRD, "fine, too");
    world.run_for(120_000);
    let pending = world.client("a").pending();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].changes[0].value["title"], "poison");
    world.gate = None;
    world.settle();
    world.assert_same("todos");
}

#[test]
fn writes_of_one_row_stay_in_order_around_a_parked_one() {
    let world = &mut synced();
    world.gate = Some(Box::new(|body| body.contains("poison").then_some(500)));
    world.client("a").rename(FIRST, "poison");
    let swap = [
        format!("UPDATE todos SET completed = true WHERE id = '{FIRST}'"),
        format!("UPDATE todos SET title = 'both' WHERE id = '{SECOND}'"),
    ];
    world
        .client("a")
        .batch(&[&swap[0], &swap[1]], None)
        .unwrap();
    world.client("a").rename(SECOND, "after both");
    let free = world.client("a").rename(THIRD, "free").unwrap();
    world.run_for(60_000);
    assert_eq!(world.ledger.order(), [free]);
    world.gate = None;
    world.settle();
    assert_eq!(world.client("a").title(SECOND).unwrap(), "after both");
    world.assert_same("todos");
}

#[test]
fn what_refers_to_a_parked_row_waits_for_it() {
    let mut world = World::new(1);
    let columns = [("id", PgType::Uuid), ("todo", PgType::Uuid)];
    let columns = columns.map(|(name, ty)| Column::new(name, ty));
    world
        .server()
        .create_table(Table::new("items", &["id"], columns));
    let items = r#""items": {"references": [{"columns": ["todo"], "table": "todos"}]}, "todos": {"#;
    world.open("a", &SYNCED.replace(r#""todos": {"#, items));
    world.settle();
    world.gate = Some(Box::new(|body| body.contains("poison").then_some(500)));
    let todo = world.client("a").add_todo(&fresh(1), "poison").unwrap();
    let item = |n, of: &str| {
        format!(
            "INSERT INTO items (id, todo) VALUES ('{}', '{of}')",
            fresh(n)
        )
    };
    let of_it = world.client("a").run(&item(2, &fresh(1))).unwrap();
    let other = world.client("a").run(&item(3, FIRST)).unwrap();
    world.run_for(60_000);
    assert_eq!(world.ledger.order(), std::slice::from_ref(&other));
    world.gate = None;
    world.settle();
    assert_eq!(world.ledger.order(), [other, todo, of_it]);
}

#[test]
fn what_an_answer_leaves_out_again_and_again_neither_spins_nor_blocks() {
    let world = &mut synced();
    world.offline("a");
    let first = world.client("a").rename(FIRST, "left out").unwrap();
    let second = world.client("a").rename(SECOND, "named").unwrap();
    let named = Fault::Status {
        status: 200,
        headers: Vec::new(),
        body: format!(
            r#"{{"transactions":[{{"id":"{second}","status":"accepted","noop":true}}]}}"#
        ),
    };
    for _ in 0..3 {
        world.fault("a", Endpoint::Write, named.clone());
    }
    let before = posts(world).len();
    world.online("a");
    world.run_for(200);
    assert!(posts(world).len() - before <= 3);
    assert_eq!(world.client("a").pending()[0].id, first);
    world.settle();
    assert_eq!(world.ledger.order(), [first]);
}
