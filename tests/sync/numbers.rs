//! What transactions and their intents are known by, once the change log is empty again.

use crate::{fresh, synced};

/// The number in an idempotency key.
fn number(key: Option<String>) -> i64 {
    let key = key.unwrap();
    key.rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
fn a_number_is_not_given_again_when_all_is_confirmed_and_the_database_is_opened_anew() {
    let mut world = synced();
    for n in 1..=3 {
        let key = world.client("a").add_todo(&fresh(n), "one more");
        assert_eq!(number(key), i64::from(n));
        world.settle();
        assert_eq!(world.client("a").pending().len(), 0);
        world.crash("a");
        world.settle();
    }
    let rows = "SELECT count(*) FROM _throughline_transactions";
    assert_eq!(
        world.client("a").rows(rows),
        ["1"],
        "only the last is remembered"
    );
    let outbox = "SELECT count(*) FROM _throughline_outbox";
    assert_eq!(world.client("a").rows(outbox), ["0"]);
}

#[test]
fn of_two_that_are_confirmed_in_any_order_the_last_number_stays() {
    let mut world = synced();
    world.client("a").disconnect();
    world
        .client("a")
        .batch(
            &[&format!(
                "INSERT INTO todos (id, title) VALUES ('{}', 'a')",
                fresh(1)
            )],
            None,
        )
        .unwrap();
    world.client("a").add_todo(&fresh(2), "b");
    world.client("a").connect();
    world.settle();
    let key = world.client("a").add_todo(&fresh(3), "c");
    assert_eq!(number(key), 3);
}

/// Intents are found by where they stand in the log, and places are taken again.
#[test]
fn a_rejected_transaction_and_a_later_one_in_its_place_keep_their_own_intents() {
    let mut world = synced();
    world.client("a").add_todo(&fresh(1), "");
    world.settle();
    assert_eq!(world.client("a").pending().len(), 0);
    world.client("a").disconnect();
    world.client("a").add_todo(&fresh(2), "kept");
    let titles = |changes: &[throughline::tabs::ChangeRecord]| -> Vec<String> {
        let title = |change: &throughline::tabs::ChangeRecord| change.value["title"].to_string();
        changes.iter().map(title).collect()
    };
    let rejected = world.client("a").rejected();
    assert_eq!(titles(&rejected[0].changes), [r#""""#]);
    let pending = world.client("a").pending();
    assert_eq!(titles(&pending[0].changes), [r#""kept""#]);
    let outbox = "SELECT json_array_length(changes) FROM _throughline_outbox ORDER BY number";
    assert_eq!(world.client("a").rows(outbox), ["1", "1"]);
    let again = world.client("a").retry(rejected[0].number, false);
    assert_eq!(number(again.ok()), 3);
    assert_eq!(world.client("a").pending().len(), 2);
    world.client("a").assert_sound();
}
