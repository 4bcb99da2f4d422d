#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::{Answer, Config, Effect, Engine, Event, Fetch, open_file};
use crate::ids::{Millis, RequestId};
use crate::tabs::{Persistence, Request, Statement};

const NOW: Millis = Millis(1_767_322_800_000);

struct App {
    engine: Engine,
    rng: fastrand::Rng,
    fetches: Vec<Fetch>,
    _folder: tempfile::TempDir,
}

impl App {
    fn open(durability: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            r#"{{"name": "app", "durability": "{durability}", "electric": {{"url": "/shape"}},
                "write": {{"url": "/changes"}}, "tables": {{"todos": {{
                "columns": {{"id": "int4", "title": "text"}}, "primaryKey": ["id"]}}}}}}"#
        );
        let mut rng = fastrand::Rng::with_seed(1);
        let (engine, effects) = Engine::open(
            open_file(folder.path().join("app.db")).unwrap(),
            Config::parse(&config).unwrap(),
            Persistence::File,
            None,
            NOW,
            &mut rng,
        )
        .unwrap();
        let mut app = Self {
            engine,
            rng,
            fetches: Vec::new(),
            _folder: folder,
        };
        app.keep(effects);
        app
    }

    fn keep(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Fetch(fetch) = effect {
                self.fetches.push(fetch);
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let effects = self.engine.handle(NOW, &mut self.rng, event);
        self.keep(effects);
    }

    fn ask(&mut self, request: Request) {
        self.handle(Event::Request(RequestId(1), request));
    }

    fn execute(&mut self, sql: &str) {
        self.ask(Request::Execute {
            statement: Statement {
                sql: sql.into(),
                params: vec![],
                typed: false,
            },
            transaction: None,
        });
    }

    fn answer(&mut self, url: &str, headers: &[(&str, &str)], body: &str) {
        let at = self
            .fetches
            .iter()
            .position(|fetch| fetch.url.starts_with(url));
        let fetch = self.fetches.remove(at.unwrap()).id;
        let headers = headers
            .iter()
            .map(|(n, v)| (String::from(*n), String::from(*v)));
        let answer = Answer {
            status: 200,
            headers: headers.collect(),
            body: body.into(),
        };
        self.handle(Event::Answered { fetch, answer });
    }

    fn shape_answers(&mut self) {
        let headers = [
            ("electric-handle", "h-1"),
            ("electric-offset", "0_0"),
            ("electric-up-to-date", ""),
            ("content-type", "application/json"),
            (
                "electric-schema",
                r#"{"id":{"type":"int4","pk_index":0,"not_null":true},"title":{"type":"text"}}"#,
            ),
        ];
        let body = r#"[{"key":"\"public\".\"todos\"/\"7\"","value":{"id":"7","title":"theirs"},"headers":{"operation":"insert"}},
            {"headers":{"control":"up-to-date"}}]"#;
        self.answer("/shape", &headers, body);
    }

    /// What the last transaction was begun with.
    fn level(&self) -> i64 {
        let conn = &self.engine.conn;
        conn.query_row("PRAGMA synchronous", [], |row| row.get(0))
            .unwrap()
    }

    fn rows(&self) -> i64 {
        let conn = &self.engine.conn;
        conn.query_row("SELECT count(*) FROM todos", [], |row| row.get(0))
            .unwrap()
    }
}

const NORMAL: i64 = 1;
const FULL: i64 = 2;

#[test]
fn strict_waits_for_the_apps_writes_and_for_what_is_posted_and_not_for_sync() {
    let mut app = App::open("strict");
    assert_eq!(app.level(), FULL, "the client's id");
    app.shape_answers();
    assert_eq!((app.level(), app.rows()), (NORMAL, 1), "rows of a shape");
    app.ask(Request::Disconnect);
    app.execute("INSERT INTO todos VALUES (1, 'mine')");
    assert_eq!((app.level(), app.rows()), (FULL, 2), "a write");
    app.ask(Request::Connect);
    assert_eq!(app.level(), FULL, "what is posted");
    app.answer("/changes", &[], "");
    assert_eq!(
        app.level(),
        FULL,
        "the verdict, then the next post finds nothing"
    );
    app.ask(Request::Disconnect);
    app.engine.session.set_level(Level::Full);
    app.ask(Request::Begin { meta: None });
    assert_eq!(app.level(), FULL, "an interactive transaction");
}

#[test]
fn relaxed_waits_for_what_is_posted_alone() {
    let mut app = App::open("relaxed");
    assert_eq!(app.engine.storage.synchronous, "normal");
    app.shape_answers();
    app.ask(Request::Disconnect);
    app.execute("INSERT INTO todos VALUES (1, 'mine')");
    assert_eq!((app.level(), app.rows()), (NORMAL, 2));
    app.ask(Request::Connect);
    assert_eq!(app.level(), FULL, "its number must never be given again");
}

#[test]
fn the_level_is_set_only_when_it_changes() {
    let mut app = App::open("strict");
    let sets = |app: &mut App, n: u32| {
        app.execute(&format!("INSERT INTO todos VALUES ({n}, 'mine')"));
        app.engine.session.is_at(Level::Full)
    };
    app.ask(Request::Disconnect);
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
