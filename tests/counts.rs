//! How many statements SQLite runs for what a server sends, and what a start writes. A change that raises a count fails here.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use throughline::engine::{Answer, Config, Effect, Engine, Event, open_memory};
use throughline::ids::{FetchId, Millis, RequestId};
use throughline::store::connection::open_file;
use throughline::tabs::{Persistence, Request, Statement};

const OPTIONS: &str = r#"{"name": "counts", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"t": {"indexes": ["a"]}}}"#;

const SCHEMA: &str = r#"{"id":{"type":"uuid","pk_index":0,"not_null":true},"a":{"type":"text"},"b":{"type":"text"}}"#;

/// A synced database that tells of each statement.
struct Counted {
    engine: Engine,
    rng: fastrand::Rng,
    now: Millis,
    out: FetchId,
    statements: Arc<Mutex<Vec<String>>>,
}

impl Counted {
    fn open() -> Self {
        let statements = Arc::new(Mutex::new(Vec::new()));
        let mut conn = open_memory().unwrap();
        let noted = statements.clone();
        let note = move |event: TraceEvent<'_>| {
            if let TraceEvent::Stmt(_, sql) = event {
                noted.lock().unwrap().push(sql.to_owned());
            }
        };
        conn.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note))
            .unwrap();
        let mut rng = fastrand::Rng::with_seed(1);
        let now = Millis(1_767_322_800_000);
        let config = Config::parse(OPTIONS).unwrap();
        let (engine, effects) =
            Engine::open(conn, config, Persistence::Memory, None, now, &mut rng).unwrap();
        let mut counted = Self {
            engine,
            rng,
            now,
            out: FetchId(0),
            statements,
        };
        counted.note(effects);
        counted
    }

    fn note(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Fetch(fetch) = effect {
                self.out = fetch.id;
            }
        }
    }

    /// The statements that an answer costs.
    fn answers(&mut self, offset: &str, messages: &[String], is_up_to_date: bool) -> Vec<String> {
        let mut headers = vec![
            ("electric-handle".into(), "H".into()),
            ("electric-offset".into(), offset.into()),
            ("electric-schema".into(), SCHEMA.into()),
            ("electric-cursor".into(), "7".into()),
        ];
        let mut messages = messages.to_vec();
        if is_up_to_date {
            headers.push(("electric-up-to-date".into(), String::new()));
            messages
                .push(r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"10"}}"#.into());
        }
        let answer = Answer {
            status: 200,
            headers,
            body: format!("[{}]", messages.join(",")),
        };
        self.statements.lock().unwrap().clear();
        self.now = self.now.after(1_000);
        let fetch = self.out;
        let event = Event::Answered { fetch, answer };
        let effects = self.engine.handle(self.now, &mut self.rng, event);
        self.note(effects);
        std::mem::take(&mut self.statements.lock().unwrap())
    }

    /// Inserts a row that is new here.
    fn writes(&mut self, n: u32) {
        let sql = format!("INSERT INTO t (id, a) VALUES ('10000000-0000-4000-8000-{n:012}', 'x')");
        let statement = Statement {
            sql,
            params: Vec::new(),
            typed: false,
        };
        let request = Request::Execute {
            statement,
            transaction: None,
        };
        let event = Event::Request(RequestId(n).into(), request);
        self.engine.handle(self.now, &mut self.rng, event);
    }

    /// Up to date with rows 1 to `rows`.
    fn synced(rows: u32) -> Self {
        let mut counted = Self::open();
        let rows: Vec<String> = (1..=rows).map(|n| insert(n, "")).collect();
        counted.answers("0_0", &rows, false);
        counted.answers("0_0", &[], true);
        counted
    }
}

fn insert(n: u32, more: &str) -> String {
    change("insert", n, r#","a":"x","b":"y""#, more)
}

fn change(operation: &str, n: u32, columns: &str, more: &str) -> String {
    let id = format!("00000000-0000-4000-8000-{n:012}");
    format!(
        r#"{{"key":"{id}","value":{{"id":"{id}"{columns}}},"headers":{{"operation":"{operation}"{more}}}}}"#
    )
}

#[test]
fn a_thousand_new_rows_cost_a_statement_each_and_a_few_for_all() {
    let mut counted = Counted::open();
    let rows: Vec<String> = (1..=1_000).map(|n| insert(n, "")).collect();
    counted.answers("0_0", &[insert(2_000, "")], false);
    let statements = counted.answers("0_1", &rows, false);
    assert!(statements.len() <= 1_008, "{statements:#?}");
}

const LSN: &str = r#","lsn":"12","op_position":0,"last":true,"txids":[7]"#;

#[test]
fn a_small_change_by_others_costs_a_few() {
    let mut counted = Counted::synced(10);
    for change in [
        change("update", 3, r#","b":"z""#, LSN),
        insert(11, LSN),
        change("delete", 4, "", LSN),
    ] {
        let statements = counted.answers("12_0", &[change], true);
        assert!(statements.len() <= 6, "{statements:#?}");
    }
}

/// Nor is the queue looked through.
#[test]
fn it_costs_the_same_however_many_writes_wait_here() {
    let mut counted = Counted::synced(10);
    let mut costs = Vec::new();
    for n in 1..=200 {
        counted.writes(n);
        if [1, 200].contains(&n) {
            let update = change("update", 3, r#","b":"z""#, LSN);
            let statements = counted.answers("12_0", &[update], true);
            let counts = |sql: &&String| sql.contains("count(*)");
            assert_eq!(
                statements.iter().filter(counts).count(),
                0,
                "{statements:#?}"
            );
            costs.push(statements.len());
        }
    }
    assert_eq!(costs[0], costs[1]);
}

/// A page that opens its database would wait for each flush.
#[test]
fn a_start_on_what_is_there_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sqlite3");
    let log = folder.path().join("app.sqlite3-wal");
    let written = || {
        let conn = open_file(&path).unwrap();
        let (config, now) = (Config::parse(OPTIONS).unwrap(), Millis(1_767_322_800_000));
        let mut rng = fastrand::Rng::with_seed(1);
        let opened = Engine::open(conn, config, Persistence::Opfs, None, now, &mut rng).unwrap();
        let bytes = log.metadata().map_or(0, |log| log.len());
        drop(opened);
        bytes
    };
    assert_ne!(written(), 0, "a new database is written");
    assert_eq!(written(), 0);
}
