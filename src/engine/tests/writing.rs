//! What a local write costs, in instructions of SQLite's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::store::Writing;
use crate::value::Value;

/// How many instructions the next write takes.
fn instructions(app: &mut App, sql: &str) -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let counting = count.clone();
    let step = move || {
        counting.fetch_add(1, Ordering::Relaxed);
        false
    };
    app.engine.conn.progress_handler(1, Some(step)).unwrap();
    app.execute(sql).unwrap();
    app.engine
        .conn
        .progress_handler(1, None::<fn() -> bool>)
        .unwrap();
    count.load(Ordering::Relaxed)
}

fn insert(id: u32) -> String {
    format!("INSERT INTO todos VALUES ({id}, 'some')")
}

#[test]
fn a_write_costs_the_same_however_many_wait_to_be_sent() {
    let mut app = App::open("");
    for id in 0..10 {
        app.execute(&insert(id)).unwrap();
    }
    let few = instructions(&mut app, &insert(10));
    for id in 11..2000 {
        app.execute(&insert(id)).unwrap();
    }
    let many = instructions(&mut app, &insert(2000));
    assert!(
        many <= few + few / 10,
        "{many} instructions instead of {few}"
    );
    let update = "UPDATE todos SET title = 'other' WHERE id = 7";
    let few = instructions(&mut app, update);
    assert!(few < 1000, "{few} instructions");
    let Ok(Reply::Status(status)) = app.ask(Request::Status) else {
        panic!("no status");
    };
    assert_eq!((status.pending, status.rejected), (2002, 0));
}

fn in_transaction(app: &mut App, id: TransactionId, sql: &str) -> Result<Reply> {
    app.ask(Request::Execute {
        statement: statement(sql),
        transaction: Some(id),
    })
}

#[test]
fn of_a_statement_that_fails_in_a_transaction_nothing_is_left_and_the_transaction_goes_on() {
    let mut app = App::open("");
    let Ok(Reply::Begun(id)) = app.ask(Request::Begin { meta: None }) else {
        panic!("no transaction");
    };
    in_transaction(&mut app, id, "INSERT INTO todos VALUES (1, 'first')").unwrap();
    for failing in [
        "INSERT INTO todos VALUES (2, 'second'), (1, 'again')",
        "INSERT INTO todos VALUES (3, 'third'), ('x', 'no number')",
        "UPDATE todos SET title = 'all', id = id + 1",
    ] {
        let error = in_transaction(&mut app, id, failing).unwrap_err();
        assert_eq!(error.code(), "CONSTRAINT", "{failing}");
    }
    in_transaction(&mut app, id, "INSERT INTO todos VALUES (4, 'fourth')").unwrap();
    app.ask(Request::Commit(id)).unwrap();
    let values = app.rows("SELECT id, title FROM todos ORDER BY id").values();
    let text = |title: &str| Value::Text(title.into());
    let rows = [
        (Value::Integer(1), text("first")),
        (Value::Integer(4), text("fourth")),
    ];
    assert_eq!(
        values,
        rows.into_iter()
            .flat_map(<[Value; 2]>::from)
            .collect::<Vec<_>>()
    );
    let intents = app
        .rows("SELECT count(*) FROM _throughline_changes")
        .values();
    assert_eq!(intents, [Value::Integer(2)]);
    let verified = app.ask(Request::Verify).unwrap();
    assert!(matches!(verified, Reply::Verified(found) if found.problems.is_empty()));
}

#[test]
fn a_statement_that_fails_is_taken_back_by_sqlite_itself() {
    let mut app = App::open("");
    let engine = &app.engine;
    engine.session.begin_writing(Writing {
        transaction: TransactionId(1),
        after: 0,
        now: NOW,
        rng: fastrand::Rng::with_seed(1),
        intents: 0,
    });
    engine.conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    let written = engine
        .conn
        .execute("INSERT INTO todos VALUES (1, 'a'), (2, 'b'), (1, 'c')", []);
    assert!(written.is_err());
    let left: i64 = engine
        .conn
        .query_row("SELECT count(*) FROM todos", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
    app.engine.undo();
    assert_eq!(
        app.rows("SELECT count(*) FROM todos").values(),
        [Value::Integer(0)]
    );
}
