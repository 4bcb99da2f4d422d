//! One database without a network, driven the way an app drives it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod heap;
pub mod world;

use throughline::engine::{Config, Effect, Engine, Event};
use throughline::error::{Error, Result};
use throughline::ids::{Millis, RequestId, TransactionId};
use throughline::store::connection::{open_file, open_memory};
use throughline::tabs::{
    Executed, Persistence, Reply, Request, Rows, Statement, TransactionRecord, Verification,
};
use throughline::value::Value;

pub struct App {
    pub engine: Engine,
    pub rng: fastrand::Rng,
    pub now: Millis,
    last_request: u32,
    /// All effects but the replies, in order.
    pub effects: Vec<Effect>,
}

impl App {
    /// In memory, with the options as JSON.
    pub fn open(options: &str) -> Self {
        Self::try_open(options).unwrap()
    }

    pub fn try_open(options: &str) -> Result<Self> {
        Self::on(open_memory()?, Persistence::Memory, options)
    }

    pub fn open_at(path: &std::path::Path, options: &str) -> Result<Self> {
        Self::on(open_file(path)?, Persistence::File, options)
    }

    /// The process ends, and the next one opens the file at the same time of day.
    pub fn reopened(self, path: &std::path::Path, options: &str) -> Result<Self> {
        let Self {
            engine,
            mut rng,
            now,
            last_request,
            ..
        } = self;
        drop(engine);
        let config = Config::parse(options)?;
        let file = open_file(path)?;
        let (engine, effects) = Engine::open(file, config, Persistence::File, None, now, &mut rng)?;
        Ok(Self {
            engine,
            rng,
            now,
            last_request,
            effects,
        })
    }

    fn on(conn: rusqlite::Connection, persistence: Persistence, options: &str) -> Result<Self> {
        let mut rng = fastrand::Rng::with_seed(42);
        let now = Millis(1_767_322_800_000);
        let config = Config::parse(options)?;
        let (engine, effects) = Engine::open(conn, config, persistence, None, now, &mut rng)?;
        Ok(Self {
            engine,
            rng,
            now,
            last_request: 0,
            effects,
        })
    }

    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        self.engine.handle(self.now, &mut self.rng, event)
    }

    /// The reply to a request; other effects are kept.
    pub fn ask(&mut self, request: Request) -> Result<Reply> {
        self.send(request).expect("the request waits")
    }

    /// The same, `None` when the request has to wait.
    pub fn send(&mut self, request: Request) -> Option<Result<Reply>> {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        let mut reply = None;
        for effect in self.handle(Event::Request(id.into(), request)) {
            match effect {
                Effect::Reply(of, result) if of == id => reply = Some(result),
                other => self.effects.push(other),
            }
        }
        reply
    }

    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<Executed> {
        match self.ask(Request::Execute {
            statement: statement(sql, params),
            transaction: None,
        })? {
            Reply::Executed(done) => Ok(done),
            other => panic!("{other:?}"),
        }
    }

    pub fn batch(&mut self, statements: &[&str]) -> Result<Vec<Executed>> {
        let statements = statements.iter().map(|sql| statement(sql, &[])).collect();
        match self.ask(Request::Batch {
            statements,
            meta: None,
        })? {
            Reply::Batch(done) => Ok(done),
            other => panic!("{other:?}"),
        }
    }

    /// A statement that must succeed; how many rows it wrote.
    pub fn run(&mut self, sql: &str) -> u64 {
        self.execute(sql, &[])
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
            .rows_affected
    }

    /// The error of a statement that must fail.
    pub fn refused(&mut self, sql: &str) -> Error {
        match self.execute(sql, &[]) {
            Ok(done) => panic!("{sql} did {done:?}"),
            Err(error) => error,
        }
    }

    pub fn try_query(&mut self, sql: &str) -> Result<Rows> {
        match self.ask(Request::Query {
            statement: statement(sql, &[]),
            transaction: None,
        })? {
            Reply::Rows(rows) => Ok(rows),
            other => panic!("{other:?}"),
        }
    }

    /// A result as text, a row a line, columns joined by `|`.
    pub fn rows(&mut self, sql: &str) -> Vec<String> {
        let rows = self
            .try_query(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        lines(&rows)
    }

    /// The change log, oldest first: `operation key value base`.
    pub fn intents(&mut self) -> Vec<String> {
        self.rows("SELECT operation, key, value, base FROM _throughline_changes ORDER BY id")
    }

    pub fn plan(&mut self, sql: &str) -> Vec<String> {
        let rows = self
            .try_query(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        rows.values()
            .chunks(rows.columns().names.len())
            .map(|row| text(&row[3]))
            .collect()
    }

    pub fn begin(&mut self) -> TransactionId {
        match self.ask(Request::Begin { meta: None }).unwrap() {
            Reply::Begun(id) => id,
            other => panic!("{other:?}"),
        }
    }

    pub fn pending(&mut self) -> Vec<TransactionRecord> {
        match self.ask(Request::Pending).unwrap() {
            Reply::Transactions(records) => records,
            other => panic!("{other:?}"),
        }
    }

    pub fn rejected(&mut self) -> Vec<TransactionRecord> {
        match self.ask(Request::Rejected).unwrap() {
            Reply::Transactions(records) => records,
            other => panic!("{other:?}"),
        }
    }

    pub fn verify(&mut self) -> Verification {
        match self.ask(Request::Verify).unwrap() {
            Reply::Verified(report) => report,
            other => panic!("{other:?}"),
        }
    }

    pub fn assert_sound(&mut self) {
        let report = self.verify();
        assert!(report.problems.is_empty(), "{:#?}", report.problems);
    }
}

pub fn statement(sql: &str, params: &[Value]) -> Statement {
    Statement {
        sql: sql.into(),
        params: params.to_vec(),
        typed: false,
    }
}

pub fn lines(rows: &Rows) -> Vec<String> {
    rows.values()
        .chunks(rows.columns().names.len().max(1))
        .map(|row| row.iter().map(text).collect::<Vec<_>>().join("|"))
        .collect()
}

pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{bytes:02x?}"),
    }
}

/// A todo's id.
pub fn id(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// Declared todos without a server.
pub const TODOS: &str = r#"{"name": "test", "tables": {"todos": {
    "columns": {
        "id": "uuid", "title": {"type": "text", "notNull": true},
        "completed": {"type": "boolean", "notNull": true},
        "created_at": {"type": "timestamptz", "notNull": true},
        "note": "text", "write_id": "uuid"
    },
    "primaryKey": ["id"], "indexes": ["created_at", ["completed", "created_at"]]
}}}"#;
