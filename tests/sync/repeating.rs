//! Requests that are asked again, because who asked does not know what became of them: of the same engine, and of the next one.

use throughline::engine::RequestKey;
use throughline::error::Result;
use throughline::ids::TransactionId;
use throughline::tabs::{Reply, Request};
use throughline::value::Value;

use crate::support::statement;
use crate::support::world::World;
use crate::{FIRST, SECOND, THIRD, fresh, synced};

/// The tenth and later requests of a page that waits for all of them.
fn key(number: i64) -> RequestKey {
    RequestKey {
        session: "page".into(),
        number,
        done: 10,
    }
}

fn execute(sql: &str) -> Request {
    execute_in(None, sql)
}

fn execute_in(transaction: Option<TransactionId>, sql: &str) -> Request {
    Request::Execute {
        statement: statement(sql, &[]),
        transaction,
    }
}

fn ask(world: &mut World, number: i64, request: &Request) -> Result<Reply> {
    world.client("a").ask_as(&key(number), request.clone())
}

/// Asks, asks again, and asks the next engine: always with the same answer.
fn ask_thrice(world: &mut World, number: i64, request: &Request) -> Reply {
    let first = ask(world, number, request).unwrap();
    assert_eq!(
        ask(world, number, request).unwrap(),
        first,
        "the same engine"
    );
    world.crash("a");
    assert_eq!(
        ask(world, number, request).unwrap(),
        first,
        "the next engine"
    );
    first
}

/// A client that is offline, so that what it writes stays where it can be counted.
fn offline() -> World {
    let mut world = synced();
    world.offline("a");
    world.run_for(10);
    world
}

#[test]
fn a_statement_is_carried_out_once_and_its_rows_are_told_again() {
    let world = &mut offline();
    world
        .client("a")
        .run("CREATE TABLE drafts (id INTEGER PRIMARY KEY, note)");
    let request = execute(
        "INSERT INTO drafts (note) VALUES ('text'), (9007199254740993), (-9223372036854775808), (0.1 + 0.2), (5e-324),
            (1.7976931348623157e308), (9e999), (-9e999), (x'00ff10'), (x''), (NULL), ('{\n\"}') RETURNING *",
    );
    let Reply::Executed(done) = ask_thrice(world, 10, &request) else {
        panic!();
    };
    assert_eq!(done.rows_affected, 12);
    let values = done.rows.values();
    let notes: Vec<&Value> = values.iter().skip(1).step_by(2).collect();
    assert_eq!(notes[1], &Value::Integer(9_007_199_254_740_993));
    assert_eq!(notes[6], &Value::Real(f64::INFINITY));
    assert_eq!(notes[8], &Value::Blob(vec![0, 255, 16]));
    assert_eq!(world.client("a").count("drafts"), 12);
}

#[test]
fn doubles_are_told_again_to_the_last_bit() {
    let world = &mut offline();
    world.client("a").run("CREATE TABLE drafts (note REAL)");
    let mut rng = fastrand::Rng::with_seed(1);
    for number in 10..40 {
        let double = f64::from_bits(rng.u64(..) & !(1 << 62));
        let insert = Request::Execute {
            statement: statement(
                "INSERT INTO drafts VALUES (?) RETURNING note",
                &[Value::Real(double)],
            ),
            transaction: None,
        };
        let first = ask(world, number, &insert).unwrap();
        assert_eq!(ask(world, number, &insert).unwrap(), first, "{double:?}");
    }
}

#[test]
fn a_write_to_a_synced_table_is_sent_once_under_one_key() {
    let world = &mut offline();
    let rename =
        format!("UPDATE todos SET title = title || '!' WHERE id = '{FIRST}' RETURNING title");
    let Reply::Executed(done) = ask_thrice(world, 10, &execute(&rename)) else {
        panic!();
    };
    let key = done.transaction.unwrap();
    assert_eq!(
        world.client("a").title(FIRST).unwrap(),
        "Read this list while offline!"
    );
    world.online("a");
    world.settle();
    assert_eq!(world.ledger.applied().len(), 1);
    assert_eq!(world.ledger.applied()[&key], 1);
    world.assert_same("todos");
}

#[test]
fn a_batch_is_carried_out_once() {
    let world = &mut offline();
    world
        .client("a")
        .run("CREATE TABLE counts (n INTEGER PRIMARY KEY)");
    let batch = Request::Batch {
        statements: vec![
            statement(
                "INSERT INTO counts SELECT count(*) FROM counts RETURNING n",
                &[],
            ),
            statement(&format!("DELETE FROM todos WHERE id = '{SECOND}'"), &[]),
        ],
        meta: Some(r#"{"label": "x"}"#.into()),
    };
    let Reply::Batch(done) = ask_thrice(world, 10, &batch) else {
        panic!();
    };
    assert!(done[0].transaction.is_some());
    assert_eq!(world.client("a").rows("SELECT n FROM counts"), ["0"]);
    assert_eq!(world.client("a").pending().len(), 1);
}

#[test]
fn a_commit_is_known_to_have_happened() {
    let world = &mut offline();
    let id = world.client("a").begin();
    let rename = format!("UPDATE todos SET title = 'mine' WHERE id = '{FIRST}'");
    world.client("a").execute_in(id, &rename).unwrap();
    let Reply::Committed(Some(_)) = ask_thrice(world, 10, &Request::Commit(id)) else {
        panic!();
    };
    assert_eq!(world.client("a").title(FIRST).unwrap(), "mine");
    assert_eq!(world.client("a").pending().len(), 1);
}

#[test]
fn a_commit_without_a_write_is_known_to_have_happened_too() {
    let world = &mut offline();
    let id = world.client("a").begin();
    let reply = ask_thrice(world, 10, &Request::Commit(id));
    assert_eq!(reply, Reply::Committed(None));
}

/// The app may run the transaction again: the error says so.
#[test]
fn what_names_a_transaction_of_an_engine_that_is_gone_fails_as_leader_changed() {
    let world = &mut offline();
    let id = world.client("a").begin();
    let rename = format!("UPDATE todos SET title = 'mine' WHERE id = '{FIRST}'");
    world.client("a").execute_in(id, &rename).unwrap();
    world.crash("a");
    let query = Request::Query {
        statement: statement("SELECT 1", &[]),
        transaction: Some(id),
    };
    for request in [
        Request::Commit(id),
        execute_in(Some(id), &rename),
        query,
        Request::Rollback(id),
    ] {
        let error = ask(world, 10, &request).unwrap_err();
        assert_eq!(error.code(), "LEADER_CHANGED", "{request:?}");
        assert!(error.retryable());
    }
    assert_ne!(world.client("a").title(FIRST).unwrap(), "mine");
    let next = world.client("a").begin();
    assert_ne!(next, id);
    world.client("a").roll_back(next).unwrap();
    let closed = ask(world, 11, &Request::Commit(next)).unwrap_err();
    assert_eq!(closed.code(), "TRANSACTION_CLOSED", "of this engine");
}

#[test]
fn a_statement_that_failed_is_run_again() {
    let world = &mut offline();
    let insert = execute(&format!(
        "INSERT INTO todos (id, title) VALUES ('{FIRST}', 'taken')"
    ));
    assert_eq!(ask(world, 10, &insert).unwrap_err().code(), "CONSTRAINT");
    world
        .client("a")
        .run(&format!("DELETE FROM todos WHERE id = '{FIRST}'"));
    ask_thrice(world, 10, &insert);
    assert_eq!(world.client("a").title(FIRST).unwrap(), "taken");
}

#[test]
fn reads_and_statements_that_change_nothing_are_asked_anew() {
    let world = &mut offline();
    let count = Request::Query {
        statement: statement("SELECT count(*) FROM todos", &[]),
        transaction: None,
    };
    let read = execute("SELECT count(*) FROM todos");
    let before = (ask(world, 10, &count), ask(world, 11, &read));
    world.client("a").add_todo(&fresh(1), "one more");
    assert_ne!(ask(world, 10, &count), before.0);
    assert_ne!(ask(world, 11, &read), before.1);
}

/// Two pages count from the same number on.
#[test]
fn pages_are_told_apart() {
    let world = &mut offline();
    let add = execute("INSERT INTO counts DEFAULT VALUES");
    world
        .client("a")
        .run("CREATE TABLE counts (n INTEGER PRIMARY KEY)");
    ask(world, 10, &add).unwrap();
    let mut other = key(10);
    other.session = "other".into();
    world.client("a").ask_as(&other, add.clone()).unwrap();
    ask(world, 10, &add).unwrap();
    assert_eq!(world.client("a").count("counts"), 2);
}

#[test]
fn replies_that_nobody_waits_for_are_forgotten() {
    let world = &mut offline();
    let kept = "_throughline_requests";
    for number in 10..13 {
        let rename = format!("UPDATE todos SET title = '{number}' WHERE id = '{THIRD}'");
        ask(world, number, &execute(&rename)).unwrap();
    }
    assert_eq!(world.client("a").count(kept), 3);
    let mut last = key(13);
    last.done = 12;
    let touch = execute(&format!(
        "UPDATE todos SET title = 'x' WHERE id = '{THIRD}'"
    ));
    world.client("a").ask_as(&last, touch).unwrap();
    let numbers = "SELECT number FROM _throughline_requests ORDER BY number";
    assert_eq!(world.client("a").rows(numbers), ["12", "13"]);
}

#[test]
fn what_the_app_does_with_a_rejected_write_is_done_once() {
    let world = &mut synced();
    for id in [FIRST, SECOND, THIRD] {
        world.client("a").rename(id, " ");
        world.settle();
    }
    world.offline("a");
    world.run_for(10);
    let rejected = world.client("a").rejected();
    let numbers: Vec<_> = rejected.iter().map(|one| one.number).collect();
    let retry = Request::Retry {
        number: numbers[0],
        dependents: false,
    };
    let Reply::Committed(Some(retried)) = ask_thrice(world, 10, &retry) else {
        panic!();
    };
    let mut changes = rejected[1].changes.clone();
    changes[0].value["title"] = "named".into();
    let edit = Request::Edit {
        number: numbers[1],
        changes: serde_json::to_string(&changes).unwrap(),
        meta: None,
    };
    let Reply::Committed(Some(edited)) = ask_thrice(world, 11, &edit) else {
        panic!();
    };
    let discard = Request::Discard {
        number: numbers[2],
        dependents: false,
    };
    assert_eq!(ask_thrice(world, 12, &discard), Reply::Done);
    let pending = world.client("a").pending();
    let ids: Vec<_> = pending.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, [retried.as_str(), edited.as_str()]);
    assert!(world.client("a").rejected().is_empty());
}
