//! One ordinary table: what the app may write through the view and what becomes of it.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod statements;
#[path = "../support/mod.rs"]
mod support;
mod values;

use support::{App, TODOS, id};
use throughline::engine::Effect;
use throughline::tabs::{Cell, Reply, Request, Rows};
use throughline::value::Value;

fn with_milk() -> App {
    let mut app = App::open(TODOS);
    insert(&mut app, 1, "Buy milk");
    app
}

fn insert(app: &mut App, n: u32, title: &str) {
    app.execute(
        "INSERT INTO todos (id, title, completed, created_at) VALUES (?, ?, ?, ?)",
        &[
            Value::Text(id(n)),
            Value::Text(title.into()),
            Value::Integer(0),
            Value::Text("2026-01-02T03:04:05.600Z".into()),
        ],
    )
    .unwrap();
}

/// Which of the values reach the app as booleans.
fn booleans(rows: &Rows) -> Vec<bool> {
    let (_, cells) = rows.read();
    cells.map(|cell| matches!(cell, Cell::Boolean(_))).collect()
}

#[test]
fn an_insert_shows_at_once_and_is_logged_as_it_will_be_sent() {
    let mut app = with_milk();
    assert_eq!(
        app.rows("SELECT id, title, completed, created_at, note FROM todos"),
        [format!(
            "{}|Buy milk|0|2026-01-02 03:04:05.6+00|NULL",
            id(1)
        )]
    );
    assert_eq!(
        app.intents(),
        [format!(
            r#"insert|["{}"]|{{"title":"Buy milk","completed":false,"created_at":"2026-01-02 03:04:05.6+00","note":null}}|NULL"#,
            id(1)
        )]
    );
    app.assert_sound();
}

#[test]
fn an_update_logs_what_changed_and_what_it_was() {
    let mut app = with_milk();
    assert_eq!(
        app.run("UPDATE todos SET title = 'Buy bread', completed = false"),
        1
    );
    assert_eq!(
        app.intents()[1],
        format!(
            r#"update|["{}"]|{{"title":"Buy bread"}}|{{"title":"Buy milk"}}"#,
            id(1)
        )
    );
    app.run("UPDATE todos SET note = 'soon'");
    app.run("UPDATE todos SET note = NULL");
    assert_eq!(
        app.intents()[3],
        format!(r#"update|["{}"]|{{"note":null}}|{{"note":"soon"}}"#, id(1))
    );
    assert_eq!(app.rows("SELECT note FROM todos"), ["NULL"]);
    app.assert_sound();
}

#[test]
fn an_update_that_changes_nothing_leaves_nothing_to_send() {
    let mut app = with_milk();
    let log = app.intents();
    assert_eq!(
        app.run("UPDATE todos SET title = title, created_at = '2026-01-02 04:04:05.6+01'"),
        0
    );
    assert_eq!(app.intents(), log);
    assert_eq!(app.pending().len(), 1);
    app.assert_sound();
}

#[test]
fn a_key_that_exists_is_a_constraint_error_and_changes_nothing() {
    let mut app = with_milk();
    let before = app.intents();
    let error = app.refused(&format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 'again')",
        id(1)
    ));
    assert_eq!(error.code(), "CONSTRAINT");
    assert_eq!(error.to_string(), "UNIQUE constraint failed: todos.id");
    // Also in another spelling of the same key, and whatever the statement's conflict clause.
    let shouted = id(1).to_uppercase();
    for clause in ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"] {
        let error = app.refused(&format!(
            "{clause} INTO todos (id, title) VALUES ('{shouted}', 'x')"
        ));
        assert_eq!(error.code(), "CONSTRAINT", "{clause}");
    }
    assert_eq!(app.intents(), before);
    app.assert_sound();
}

#[test]
fn a_key_cannot_be_left_out_or_changed() {
    let mut app = with_milk();
    assert_eq!(
        app.refused("INSERT INTO todos (title) VALUES ('no id')")
            .to_string(),
        "NOT NULL constraint failed: todos.id"
    );
    let error = app.refused(&format!("UPDATE todos SET id = '{}'", id(2)));
    assert_eq!(error.code(), "CONSTRAINT");
    assert!(
        error.to_string().contains("part of the primary key"),
        "{error}"
    );
    app.assert_sound();
}

#[test]
fn deleting_and_inserting_the_same_key_are_two_ordered_intents() {
    let mut app = with_milk();
    assert_eq!(app.run("DELETE FROM todos"), 1);
    assert_eq!(app.rows("SELECT count(*) FROM todos"), ["0"]);
    app.assert_sound();
    insert(&mut app, 1, "Again");
    assert_eq!(app.rows("SELECT title FROM todos"), ["Again"]);
    assert_eq!(
        app.rows("SELECT operation FROM _throughline_changes ORDER BY id"),
        ["insert", "delete", "insert"]
    );
    assert_eq!(
        app.rows("SELECT changed_columns, is_deleted FROM todos_local"),
        [r#"["title","completed","created_at","note"]|0"#]
    );
    app.assert_sound();
}

#[test]
fn closing_waits_for_an_open_transaction_and_for_what_was_asked_before() {
    let mut app = with_milk();
    let transaction = app.begin();
    assert!(app.send(Request::Pending).is_none());
    assert!(app.send(Request::Close).is_none());
    app.ask(Request::Execute {
        statement: support::statement("DELETE FROM todos", &[]),
        transaction: Some(transaction),
    })
    .unwrap();
    app.ask(Request::Commit(transaction)).unwrap();
    let told: Vec<&Effect> = app
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Reply(..) | Effect::Close))
        .collect();
    assert!(
        matches!(
            told[..],
            [
                Effect::Reply(_, Ok(Reply::Transactions(_))),
                Effect::Close,
                Effect::Reply(_, Ok(Reply::Done)),
            ]
        ),
        "{told:?}"
    );
    assert_eq!(app.refused("DELETE FROM todos").code(), "CLOSED");
}

#[test]
fn opened_without_connecting_nothing_is_asked_of_a_server() {
    let options = r#"{"name": "test", "connect": false, "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
        "tables": {"todos": {"columns": {"id": "int4", "title": "text"}, "primaryKey": ["id"]}}}"#;
    let mut app = App::open(options);
    app.run("INSERT INTO todos VALUES (1, 'later')");
    let fetches = |app: &App| {
        let asked = |effect: &&Effect| matches!(effect, Effect::Fetch(_));
        app.effects.iter().filter(asked).count()
    };
    assert_eq!(fetches(&app), 0);
    app.ask(Request::Connect).unwrap();
    assert_eq!(fetches(&app), 2, "the shape and the write");
}
