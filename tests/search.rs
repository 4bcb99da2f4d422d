//! Full-text search, which the module of `throughline/full` has: indexes of the app's own, over rows that sync.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod support;

use support::{App, TODOS, id};
use throughline::error::Error;

fn with_milk() -> App {
    let mut app = App::open(TODOS);
    app.run(&format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 'Buy milk')",
        id(1)
    ));
    app.run("CREATE VIRTUAL TABLE texts USING fts5 (todo UNINDEXED, body)");
    app.run("INSERT INTO texts SELECT id, title FROM todos");
    app
}

#[test]
fn an_index_finds_rows_of_a_synced_table_and_changes_with_what_is_written_to_it() {
    let mut app = with_milk();
    let found = "SELECT title FROM texts('mil*') JOIN todos ON todos.id = texts.todo";
    assert_eq!(app.rows(found), ["Buy milk"]);
    app.run("UPDATE texts SET body = 'Buy bread'");
    assert_eq!(app.rows(found), [""; 0]);
    assert_eq!(app.rows("SELECT body FROM texts('bread')"), ["Buy bread"]);
}

#[test]
fn an_index_takes_no_name_that_belongs_to_sync() {
    let mut app = with_milk();
    for name in ["_throughline", "_throughline_mine"] {
        let stolen = app.refused(&format!("CREATE VIRTUAL TABLE {name} USING fts5 (body)"));
        assert!(matches!(stolen, Error::Forbidden(_)), "{name}: {stolen:?}");
    }
    app.assert_sound();
}
