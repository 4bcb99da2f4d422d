//! Statements that run too long.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::value::Value;

static CLOCK: AtomicI64 = AtomicI64::new(0);

/// A second passes with each look at it.
fn clock() -> Millis {
    Millis(CLOCK.fetch_add(1_000, Ordering::Relaxed))
}

/// Some millions of instructions: a look at the clock for each ten thousand of them.
const LONG: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
    SELECT count(*) FROM n";
const LONG_WRITE: &str = "INSERT INTO todos (id, title)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i, 'long' FROM n";

fn limited(options: &str) -> App {
    let mut app = App::open(options);
    app.engine.limit_statements(clock).unwrap();
    app.execute("INSERT INTO todos VALUES (0, 'kept')").unwrap();
    app
}

fn read(app: &mut App, sql: &str, transaction: Option<TransactionId>) -> Result<Reply> {
    app.ask(Request::Query {
        statement: statement(sql),
        transaction,
    })
}

fn begin(app: &mut App) -> TransactionId {
    match app.ask(Request::Begin { meta: None }) {
        Ok(Reply::Begun(id)) => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_long_statement_is_interrupted_and_a_long_write_undone_whole() {
    let mut app = limited("");
    let error = read(&mut app, LONG, None).unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("TIMEOUT", false));
    assert!(error.to_string().contains("30000 ms"), "{error}");
    assert_eq!(app.execute(LONG_WRITE).unwrap_err().code(), "TIMEOUT");
    assert_eq!(app.titles(), ["kept"]);
    assert_eq!(app.engine.session.intents(), 0);
    let batch = ["INSERT INTO todos VALUES (1, 'first')", LONG_WRITE].map(statement);
    let batch = Request::Batch {
        statements: batch.into(),
        meta: None,
    };
    assert_eq!(app.ask(batch).unwrap_err().code(), "TIMEOUT");
    assert_eq!(app.titles(), ["kept"]);
    assert!(app.execute("INSERT INTO todos VALUES (1, 'next')").is_ok());
    assert_eq!(app.engine.storage.error, None, "the storage did not fail");
}

#[test]
fn a_long_read_leaves_an_interactive_transaction_usable() {
    let mut app = limited("");
    let id = begin(&mut app);
    let insert = Request::Execute {
        statement: statement("INSERT INTO todos VALUES (1, 'in it')"),
        transaction: Some(id),
    };
    app.ask(insert).unwrap();
    let error = read(&mut app, LONG, Some(id)).unwrap_err();
    assert_eq!(error.code(), "TIMEOUT");
    let commit = app.ask(Request::Commit(id)).unwrap();
    assert!(matches!(commit, Reply::Committed(Some(_))));
    assert_eq!(app.titles(), ["kept", "in it"]);
}

#[test]
fn a_long_write_ends_the_interactive_transaction_that_it_is_in() {
    let mut app = limited("");
    let id = begin(&mut app);
    let write = Request::Execute {
        statement: statement(LONG_WRITE),
        transaction: Some(id),
    };
    assert_eq!(app.ask(write).unwrap_err().code(), "TIMEOUT");
    let error = app.ask(Request::Commit(id)).unwrap_err();
    assert_eq!(error.code(), "TRANSACTION_CLOSED");
    assert_eq!(app.titles(), ["kept"]);
}

#[test]
fn a_live_query_has_the_same_limit() {
    let mut app = limited("");
    let live = Request::Live {
        subscription: crate::ids::SubscriptionId(1),
        statement: statement(LONG),
        key: vec![],
    };
    assert_eq!(app.ask(live).unwrap_err().code(), "TIMEOUT");
}

#[test]
fn a_request_can_have_a_limit_of_its_own_and_an_app_none() {
    let mut app = limited("");
    app.engine.set_limit(Some(0));
    assert!(read(&mut app, LONG, None).is_ok());
    app.engine.set_limit(None);
    assert!(read(&mut app, LONG, None).is_err());
    let mut app = limited(r#""statementTimeout": 0,"#);
    assert!(read(&mut app, LONG, None).is_ok());
}

#[test]
fn sync_is_not_interrupted() {
    let mut app = limited(r#""statementTimeout": 1,"#);
    let titles: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    app.shape_answers(&titles);
    app.engine.set_limit(Some(0));
    let count = app.rows("SELECT count(*) FROM todos").values();
    assert_eq!(count, [Value::Integer(2_001)]);
}

#[test]
fn statements_of_megabytes_are_not_kept() {
    let mut app = App::open("");
    for n in 0..3 {
        let sql = format!("SELECT {n}, '{}'", "x".repeat(1_000_000));
        read(&mut app, &sql, None).unwrap();
    }
    assert!(app.engine.analyses.text_kept() < 1_000_000);
}
