//! What became of a write: the handle's verdict, the outbox, the ticks of a list.

use throughline::change::TransactionState;
use throughline::error::Error;
use throughline::ids::{RequestId, TransactionId};
use throughline::tabs::{Reply, Request, TransactionRecord};

use crate::support::world::World;
use crate::{FIRST, SECOND, THIRD, fresh, synced};

fn wait_for(world: &mut World, key: &str) -> RequestId {
    world.client("a").send(Request::Settled(key.into()))
}

fn verdict(world: &mut World, id: RequestId) -> Option<TransactionRecord> {
    match world.client("a").reply(id)? {
        Ok(Reply::Transactions(records)) => records.into_iter().next(),
        other => panic!("{other:?}"),
    }
}

fn fate(world: &mut World, key: &str) -> TransactionState {
    let id = wait_for(world, key);
    verdict(world, id).unwrap().state
}

#[test]
fn a_handle_is_told_when_its_write_is_back_and_not_before() {
    let world = &mut synced();
    let key = world.client("a").rename(FIRST, "mine").unwrap();
    let handle = wait_for(world, &key);
    world.run_until("arrival", |world| world.ledger.applied().contains_key(&key));
    assert_eq!(verdict(world, handle), None);
    world.settle();
    let record = verdict(world, handle).unwrap();
    assert_eq!(
        (record.id, record.state),
        (key, TransactionState::Confirmed)
    );
    assert_eq!(record.changes.len(), 1);
}

#[test]
fn a_verdict_outlives_the_session() {
    let world = &mut synced();
    let good = world.client("a").rename(FIRST, "mine").unwrap();
    let bad = world.client("a").rename(SECOND, "").unwrap();
    world.settle();
    world.crash("a");
    assert_eq!(fate(world, &good), TransactionState::Confirmed);
    let id = wait_for(world, &bad);
    let record = verdict(world, id).unwrap();
    assert_eq!(record.state, TransactionState::Rejected);
    assert_eq!(record.error.unwrap().code, "EMPTY_TITLE");
}

#[test]
fn a_wait_goes_on_after_a_reload() {
    let world = &mut synced();
    world.offline("a");
    let key = world.client("a").rename(FIRST, "mine").unwrap();
    world.crash("a");
    let handle = wait_for(world, &key);
    assert_eq!(verdict(world, handle), None);
    world.online("a");
    world.settle();
    assert_eq!(
        verdict(world, handle).unwrap().state,
        TransactionState::Confirmed
    );
}

#[test]
fn a_rejection_that_was_discarded_is_still_no_confirmation() {
    let world = &mut synced();
    let bad = world.client("a").rename(FIRST, "").unwrap();
    world.settle();
    let number = world.client("a").rejected()[0].number;
    world
        .client("a")
        .ask(Request::Discard {
            number,
            dependents: false,
        })
        .unwrap();
    world.crash("a");
    assert_eq!(fate(world, &bad), TransactionState::Discarded);
    assert_eq!(world.client("a").rejected(), []);
}

/// The first verdict stays what it was for who waited then; who asks later is told of the one in its place.
#[test]
fn who_asks_for_a_retried_write_is_told_of_the_retry() {
    let world = &mut synced();
    let bad = world.client("a").rename(FIRST, "").unwrap();
    let first = wait_for(world, &bad);
    world.settle();
    assert_eq!(
        verdict(world, first).unwrap().state,
        TransactionState::Rejected
    );
    world.offline("a");
    world
        .client("a")
        .ask(Request::Retry {
            number: TransactionId(1),
            dependents: false,
        })
        .unwrap();
    let second = wait_for(world, &bad);
    assert_eq!(verdict(world, second), None);
    world.online("a");
    world.settle();
    let record = verdict(world, second).unwrap();
    assert_eq!(
        (record.number, record.state),
        (TransactionId(2), TransactionState::Rejected)
    );
}

#[test]
fn nobody_waits_for_what_never_was_or_for_a_closed_database() {
    let world = &mut synced();
    for key in ["", "c:1", "nobody:1"] {
        let answer = world.client("a").ask(Request::Settled(key.into()));
        assert!(matches!(answer, Err(Error::Argument(_))), "{answer:?}");
    }
    world.offline("a");
    let key = world.client("a").rename(FIRST, "mine").unwrap();
    let next = key.replace(":1", ":2");
    let answer = world.client("a").ask(Request::Settled(next));
    assert!(matches!(answer, Err(Error::Argument(_))), "{answer:?}");
    let handle = wait_for(world, &key);
    world.client("a").ask(Request::Close).unwrap();
    assert_eq!(world.client("a").reply(handle), Some(Err(Error::Closed)));
}

#[test]
fn a_verdict_can_be_waited_for_inside_an_open_transaction() {
    let world = &mut synced();
    let key = world.client("a").rename(FIRST, "mine").unwrap();
    world.settle();
    let transaction = world.client("a").begin();
    assert_eq!(fate(world, &key), TransactionState::Confirmed);
    world.client("a").commit(transaction).unwrap();
}

#[test]
fn the_outbox_is_a_table_that_can_be_watched() {
    let world = &mut synced();
    world.offline("a");
    let watched = "SELECT number, state, attempts, json_extract(error, '$.code'),
        json_extract(changes, '$[0].value.title') FROM _throughline_outbox";
    world.client("a").watch(1, watched, &["number"]);
    let good = world.client("a").rename(FIRST, "mine").unwrap();
    world.client("a").rename(SECOND, "");
    world.online("a");
    world.settle();
    let states: Vec<String> = world
        .client("a")
        .history(1)
        .into_iter()
        .map(|rows| rows.join(" "))
        .collect();
    assert_eq!(states[0], "");
    assert_eq!(states[1], "1|sending|1|NULL|mine");
    let behind_it = "2|queued|0|NULL|";
    assert!(
        states.iter().any(|rows| rows.ends_with(behind_it)),
        "{states:#?}"
    );
    assert_eq!(states.last().unwrap(), "2|rejected|1|EMPTY_TITLE|");
    let ages = "SELECT id, created_at <= changed_at, caused_by FROM _throughline_outbox";
    assert_eq!(
        world.client("a").rows(ages),
        [format!("{}|1|NULL", good.replace(":1", ":2"))]
    );
}

#[test]
fn a_list_can_show_how_far_each_row_is() {
    let world = &mut synced();
    let ticks = "SELECT t.title, w.state FROM todos AS t LEFT JOIN todos_writes AS w ON w.id = t.id
        WHERE t.id IN ('{}', '{}', '{}') ORDER BY t.id"
        .replacen("{}", FIRST, 1)
        .replacen("{}", SECOND, 1)
        .replacen("{}", THIRD, 1);
    world.client("a").watch(1, &ticks, &[]);
    world.offline("a");
    world.client("a").rename(FIRST, "");
    world.client("a").rename(SECOND, "mine");
    let pending = world.client("a").history(1).pop().unwrap();
    assert_eq!(
        pending,
        [
            "|pending",
            "mine|pending",
            "Open a second tab and watch both|NULL"
        ]
    );
    world.online("a");
    world.settle();
    let settled = world.client("a").history(1).pop().unwrap();
    assert_eq!(
        settled,
        [
            "Read this list while offline|rejected",
            "mine|NULL",
            "Open a second tab and watch both|NULL"
        ]
    );
}

#[test]
fn a_row_that_was_refused_is_listed_though_the_table_has_it_no_more() {
    let world = &mut synced();
    world.client("a").add_todo(&fresh(1), "");
    world.settle();
    let listed = "SELECT id, state, transaction_number FROM todos_writes";
    assert_eq!(
        world.client("a").rows(listed),
        [format!("{}|rejected|1", fresh(1))]
    );
}

/// Keys of every kind come out of the change log as they stand in the table.
#[test]
fn the_key_of_a_write_joins_with_the_row() {
    let mut world = World::new(1);
    let options = r#"{"name": "app", "tables": {"parts": {
        "columns": {"n": "int8", "code": "bytea", "on": "date", "no": "numeric", "open": "bool", "state": "text"},
        "primaryKey": ["n", "code", "on", "no", "open", "state"]}}}"#;
    world.open("a", options);
    world.client("a").run(
        "INSERT INTO parts VALUES (9007199254740993, x'00ff', '2026-01-02', '1.50', true, 'new')",
    );
    let joined = r#"SELECT w."_throughline_state" FROM parts JOIN parts_writes AS w USING (n, code, "on", no, open, state)"#;
    assert_eq!(world.client("a").rows(joined), ["pending"]);
}
