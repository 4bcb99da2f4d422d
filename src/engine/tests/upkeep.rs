//! Checkpoints, and the look through the file.

use super::*;
use crate::engine::upkeep::IDLE_MS;

const MIB: u64 = 1 << 20;

/// Some rows of a megabyte in all.
fn load(app: &mut App, n: u32) {
    let sql = format!(
        "INSERT INTO notes SELECT value, hex(zeroblob(512)) FROM json_each(json_array({}))",
        (0..1000)
            .map(|row| (n * 1000 + row).to_string())
            .collect::<Vec<_>>()
            .join(",")
    );
    app.execute(&sql).unwrap();
}

fn with_notes() -> App {
    let mut app = App::open("");
    app.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        .unwrap();
    app
}

#[test]
fn the_log_is_bounded_by_size_and_emptied_when_nothing_goes_on() {
    let mut app = with_notes();
    for n in 0..40 {
        load(&mut app, n);
        assert!(app.log() < 7 * MIB, "{} after {n}", app.log());
    }
    assert!(app.log() > 0);
    app.now = app.now.after(IDLE_MS / 2);
    load(&mut app, 40);
    assert!(app.pass(timer::CHECKPOINT), "set by the first change");
    assert!(app.log() > 0, "there was a change meanwhile");
    assert!(app.pass(timer::CHECKPOINT), "and set again for it");
    assert_eq!(app.log(), 0);
    assert!(!app.pass(timer::CHECKPOINT), "nothing changed since");
    let size = std::fs::metadata(app.path()).unwrap().len();
    assert!(size > 41 * MIB, "it is all in the file");
}

#[test]
fn a_large_transaction_leaves_a_large_log_only_until_the_next_one() {
    let mut app = with_notes();
    let statements = "INSERT INTO notes (text) SELECT hex(zeroblob(512)) FROM
        (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n)";
    app.execute(statements).unwrap();
    assert!(app.log() > 16 * MIB);
    app.execute("INSERT INTO notes (text) VALUES ('small')")
        .unwrap();
    app.execute("INSERT INTO notes (text) VALUES ('small')")
        .unwrap();
    assert!(app.log() <= 4 * MIB, "{}", app.log());
}

#[test]
fn an_open_transaction_is_not_disturbed() {
    let mut app = with_notes();
    load(&mut app, 1);
    let Ok(Reply::Begun(id)) = app.ask(Request::Begin { meta: None }) else {
        panic!()
    };
    assert!(app.pass(timer::CHECKPOINT));
    assert!(app.log() > 0, "it waits");
    app.ask(Request::Rollback(id)).unwrap();
    assert_eq!(app.log(), 0);
}

#[test]
fn reading_sets_no_timer() {
    let mut app = with_notes();
    app.pass(timer::CHECKPOINT);
    app.titles();
    app.ask(Request::Verify).unwrap();
    assert_eq!(app.timer(timer::CHECKPOINT), None);
}

#[test]
fn after_a_clean_close_there_is_nothing_to_look_through() {
    let mut app = App::open("");
    assert_eq!(app.timer(timer::CHECK), None, "it is new");
    app.ask(Request::Close).unwrap();
    assert_eq!(app.log(), 0);
    app.reopen();
    assert_eq!(app.timer(timer::CHECK), None);
}

#[test]
fn after_a_dirty_end_every_table_is_looked_through_one_an_event() {
    let mut app = App::open("");
    app.shape_answers(&["a", "b"]);
    app.reopen();
    app.shape_answers(&["a", "b"]);
    let tables = app.rows("SELECT count(*) FROM sqlite_schema WHERE type = 'table'");
    let mut events = 0;
    while app.pass(timer::CHECK) {
        events += 1;
    }
    assert_eq!(tables.values(), [crate::value::Value::Integer(events)]);
    assert_eq!(app.engine.storage.error, None);
}

#[test]
fn the_look_waits_while_a_log_loads() {
    let mut app = App::open("");
    app.reopen();
    assert!(app.pass(timer::CHECK));
    assert_eq!(app.engine.upkeep.unchecked, None);
    assert!(app.pass(timer::CHECK), "it comes back");
    app.shape_answers(&["a"]);
    assert!(app.pass(timer::CHECK));
    assert!(app.engine.upkeep.unchecked.is_some());
}

/// As what a log loads into goes once that is complete.
#[test]
fn a_table_that_goes_before_it_is_looked_at_ends_no_look_through_the_file() {
    let mut app = with_notes();
    app.reopen();
    app.shape_answers(&["a"]);
    assert!(app.pass(timer::CHECK), "the first table");
    app.execute("DROP TABLE notes").unwrap();
    let mut looked = 1;
    while app.pass(timer::CHECK) {
        looked += 1;
    }
    let tables = app.rows("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND rootpage > 0");
    assert!(looked > tables.values().len(), "{looked}");
    let Ok(Reply::Status(status)) = app.ask(Request::Status) else {
        panic!()
    };
    assert_eq!(status.storage.error, None);
}
