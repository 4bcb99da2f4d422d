//! Local transactions: one statement, a batch, and an interactive one beside sync.

use throughline::tabs::{Reply, Request};

use crate::support::statement;
use crate::{FIRST, SECOND, assert_clean, fresh, synced};

#[test]
fn statements_of_a_transaction_are_one_transaction_on_the_wire() {
    let world = &mut synced();
    let id = world.client("a").begin();
    for sql in [
        format!("UPDATE todos SET title = 'one' WHERE id = '{FIRST}'"),
        format!("UPDATE todos SET title = 'two' WHERE id = '{SECOND}'"),
    ] {
        world.client("a").execute_in(id, &sql).unwrap();
    }
    assert!(world.client("a").commit(id).unwrap().is_some());
    world.settle();
    assert_eq!(world.ledger.applied().len(), 1);
    let confirmed = &world.seen("a").confirmed;
    assert_eq!(confirmed[0].changes.len(), 2);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn an_open_transaction_keeps_sync_out_and_lets_it_in_afterwards() {
    let world = &mut synced();
    world
        .client("a")
        .watch(1, "SELECT title FROM todos ORDER BY id LIMIT 1", &[]);
    let id = world.client("a").begin();
    world.server().rename(FIRST, "theirs");
    world.run_for(1_000);
    let title = Request::Query {
        statement: statement("SELECT title FROM todos ORDER BY id LIMIT 1", &[]),
        transaction: Some(id),
    };
    let Ok(Reply::Rows(rows)) = world.client("a").ask(title) else {
        panic!("no rows");
    };
    assert_eq!(
        crate::support::lines(&rows),
        ["Read this list while offline"]
    );
    world
        .client("a")
        .execute_in(id, "UPDATE todos SET completed = true")
        .unwrap();
    world.client("a").commit(id).unwrap();
    assert_eq!(world.client("a").title(FIRST).unwrap(), "theirs");
    world.settle();
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn others_wait_for_an_open_transaction_in_order() {
    let world = &mut synced();
    let id = world.client("a").begin();
    let execute = |sql: &str| Request::Execute {
        statement: statement(sql, &[]),
        transaction: None,
    };
    let first = world
        .client("a")
        .send(execute("UPDATE todos SET title = 'outside'"));
    let second = world.client("a").send(Request::Begin { meta: None });
    assert!(world.client("a").reply(first).is_none());
    world
        .client("a")
        .execute_in(id, "UPDATE todos SET title = 'inside'")
        .unwrap();
    world.client("a").commit(id).unwrap();
    assert!(matches!(
        world.client("a").reply(first),
        Some(Ok(Reply::Executed(_)))
    ));
    let Some(Ok(Reply::Begun(next))) = world.client("a").reply(second) else {
        panic!("the second transaction did not begin");
    };
    world.client("a").roll_back(next).unwrap();
    world.settle();
    assert_eq!(world.client("a").title(FIRST).unwrap(), "outside");
    world.assert_same("todos");
}

#[test]
fn a_forgotten_transaction_is_rolled_back_and_says_so() {
    let world = &mut synced();
    let id = world.client("a").begin();
    world
        .client("a")
        .execute_in(id, "DELETE FROM todos")
        .unwrap();
    world.run_for(9_000);
    world.client("a").execute_in(id, "SELECT 1").unwrap();
    world.run_for(9_000);
    world.client("a").execute_in(id, "SELECT 1").unwrap();
    world.run_for(11_000);
    let error = world.client("a").commit(id).unwrap_err();
    assert_eq!(error.code(), "TRANSACTION_CLOSED");
    assert_eq!(world.client("a").count("todos"), 5);
    world.settle();
    assert!(world.ledger.applied().is_empty());
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_failed_statement_leaves_the_transaction_as_it_was() {
    let world = &mut synced();
    let id = world.client("a").begin();
    world
        .client("a")
        .execute_in(
            id,
            &format!("UPDATE todos SET title = 'kept' WHERE id = '{FIRST}'"),
        )
        .unwrap();
    let taken = format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 'new'), ('{FIRST}', 'taken')",
        fresh(1)
    );
    assert_eq!(
        world.client("a").execute_in(id, &taken).unwrap_err().code(),
        "CONSTRAINT"
    );
    world.client("a").commit(id).unwrap();
    world.settle();
    assert_eq!(world.client("a").title(FIRST).unwrap(), "kept");
    assert_eq!(world.client("a").title(&fresh(1)), None);
    world.assert_same("todos");
}

/// `OR ROLLBACK` ends SQLite's transaction by itself: <https://sqlite.org/lang_conflict.html>.
#[test]
fn a_transaction_that_sqlite_rolled_back_is_over() {
    let world = &mut synced();
    world
        .client("a")
        .run("CREATE TABLE drafts (id INTEGER PRIMARY KEY)");
    let id = world.client("a").begin();
    world
        .client("a")
        .execute_in(
            id,
            &format!("UPDATE todos SET title = 'undone' WHERE id = '{FIRST}'"),
        )
        .unwrap();
    world
        .client("a")
        .execute_in(id, "INSERT INTO drafts VALUES (1)")
        .unwrap();
    let clash = world
        .client("a")
        .execute_in(id, "INSERT OR ROLLBACK INTO drafts VALUES (1)")
        .unwrap_err();
    assert_eq!(clash.code(), "CONSTRAINT");
    let late = world
        .client("a")
        .execute_in(id, "UPDATE todos SET title = 'stray'")
        .unwrap_err();
    assert_eq!(late.code(), "TRANSACTION_CLOSED");
    assert_eq!(
        world.client("a").commit(id).unwrap_err().code(),
        "TRANSACTION_CLOSED"
    );
    world.settle();
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_failed_batch_writes_nothing() {
    let world = &mut synced();
    let fine = format!("UPDATE todos SET title = 'x' WHERE id = '{FIRST}'");
    let error = world
        .client("a")
        .batch(&[&fine, "INSERT INTO todos (title) VALUES ('no id')"], None)
        .unwrap_err();
    assert_eq!(error.code(), "CONSTRAINT");
    assert_clean(world, "a");
    world.settle();
    assert!(world.ledger.applied().is_empty());
}

#[test]
fn a_transaction_open_in_a_crash_never_happened() {
    let world = &mut synced();
    world.client("a").rename(SECOND, "committed");
    let id = world.client("a").begin();
    world
        .client("a")
        .execute_in(id, "DELETE FROM todos")
        .unwrap();
    world.crash("a");
    assert_eq!(world.client("a").count("todos"), 5);
    assert_eq!(world.client("a").title(SECOND).unwrap(), "committed");
    world.settle();
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_live_query_on_the_queue_sees_a_write_made_offline() {
    let world = &mut synced();
    world.offline("a");
    world.run_for(10);
    let sql = "SELECT count(*) FROM _throughline_transactions";
    world.client("a").watch(1, sql, &[]);
    world.client("a").rename(FIRST, "queued");
    assert_eq!(world.client("a").history(1).concat(), ["0", "1"]);
}
