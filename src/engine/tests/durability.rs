//! What a commit waits for.

use super::*;
use crate::engine::durability::choose;
use crate::store::Level;

impl App {
    /// What the last transaction was begun with.
    fn level(&self) -> i64 {
        let conn = &self.engine.conn;
        conn.query_row("PRAGMA synchronous", [], |row| row.get(0))
            .unwrap()
    }
}

const NORMAL: i64 = 1;
const FULL: i64 = 2;

#[test]
fn strict_waits_for_the_apps_writes_and_for_what_is_posted_and_not_for_sync() {
    let mut app = App::open("");
    assert_eq!(app.level(), FULL, "the client's id");
    app.shape_answers(&["theirs"]);
    assert_eq!(
        (app.level(), app.titles().len()),
        (NORMAL, 1),
        "rows of a shape"
    );
    app.ask(Request::Disconnect).unwrap();
    app.execute("INSERT INTO todos VALUES (10, 'mine')")
        .unwrap();
    assert_eq!((app.level(), app.titles().len()), (FULL, 2), "a write");
    app.ask(Request::Connect).unwrap();
    assert_eq!(app.level(), FULL, "what is posted");
    app.answer("/changes", &[], "");
    assert_eq!(
        app.level(),
        FULL,
        "the verdict, then the next post finds nothing"
    );
    app.ask(Request::Disconnect).unwrap();
    app.engine.session.set_level(Level::Full);
    app.ask(Request::Begin { meta: None }).unwrap();
    assert_eq!(app.level(), FULL, "an interactive transaction");
}

#[test]
fn relaxed_waits_for_what_is_posted_alone() {
    let mut app = App::open(r#""durability": "relaxed","#);
    assert_eq!(app.engine.storage.synchronous, "normal");
    app.shape_answers(&["theirs"]);
    app.ask(Request::Disconnect).unwrap();
    app.execute("INSERT INTO todos VALUES (10, 'mine')")
        .unwrap();
    assert_eq!((app.level(), app.titles().len()), (NORMAL, 2));
    app.ask(Request::Connect).unwrap();
    assert_eq!(app.level(), FULL, "its number must never be given again");
}

#[test]
fn the_level_is_set_only_when_it_changes() {
    let mut app = App::open("");
    let sets = |app: &mut App, n: u32| {
        app.execute(&format!("INSERT INTO todos VALUES ({n}, 'mine')"))
            .unwrap();
        app.engine.session.is_at(Level::Full)
    };
    app.ask(Request::Disconnect).unwrap();
    assert!((1..5).all(|n| sets(&mut app, n)));
    assert_eq!(app.engine.storage.synchronous, "full");
}

#[test]
fn without_a_write_ahead_log_every_commit_waits() {
    let conn = crate::engine::open_memory().unwrap();
    let session = Session::default();
    choose(&conn, &session, Durability::Relaxed).unwrap();
    drop(begin(&conn, &session, Purpose::Sync).unwrap());
    let level: i64 = conn
        .query_row("PRAGMA synchronous", [], |row| row.get(0))
        .unwrap();
    assert_eq!(level, FULL);
}
