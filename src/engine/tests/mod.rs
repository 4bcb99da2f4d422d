//! What has to be seen from inside: an engine on a file, answered by hand.
#![allow(clippy::unwrap_used)]

mod clock;
mod durability;
mod limit;
mod live;
mod status;
mod transfer;
mod trouble;
mod upkeep;
mod writing;

use std::path::PathBuf;

use super::*;
use crate::error::Result;
use crate::ids::{Millis, RequestId};
use crate::tabs::{Persistence, Reply, Request, Rows, Statement};

const NOW: Millis = Millis(1_767_322_800_000);

struct App {
    engine: Engine,
    rng: fastrand::Rng,
    now: Millis,
    fetches: Vec<Fetch>,
    /// But replies and fetches.
    effects: Vec<Effect>,
    options: String,
    folder: tempfile::TempDir,
}

impl App {
    /// With further options, as JSON.
    fn open(options: &str) -> Self {
        let options = format!(
            r#"{{"name": "app", {options} "electric": {{"url": "/shape"}},
                "write": {{"url": "/changes"}}, "tables": {{"todos": {{
                "columns": {{"id": "int4", "title": "text"}}, "primaryKey": ["id"]}}}}}}"#
        );
        let folder = tempfile::tempdir().unwrap();
        let mut rng = fastrand::Rng::with_seed(1);
        let (engine, effects) = start(folder.path().join("app.db"), &options, NOW, &mut rng);
        let mut app = Self {
            engine,
            rng,
            now: NOW,
            fetches: Vec::new(),
            effects: Vec::new(),
            options,
            folder,
        };
        app.keep(effects);
        app
    }

    /// Dropped and opened again.
    fn reopen(&mut self) {
        let path = self.path();
        self.engine.conn = open_memory().unwrap();
        let (engine, effects) = start(path, &self.options, self.now, &mut self.rng);
        self.engine = engine;
        self.fetches.clear();
        self.effects.clear();
        self.keep(effects);
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    /// Bytes of the write-ahead log.
    fn log(&self) -> u64 {
        std::fs::metadata(self.folder.path().join("app.db-wal")).map_or(0, |file| file.len())
    }

    fn keep(&mut self, effects: Vec<Effect>) -> Option<Result<Reply>> {
        let mut reply = None;
        for effect in effects {
            match effect {
                Effect::Fetch(fetch) => self.fetches.push(fetch),
                Effect::Reply(_, result) => reply = Some(result),
                other => self.effects.push(other),
            }
        }
        reply
    }

    fn handle(&mut self, event: Event) -> Option<Result<Reply>> {
        let effects = self.engine.handle(self.now, &mut self.rng, event);
        self.keep(effects)
    }

    fn ask(&mut self, request: Request) -> Result<Reply> {
        self.handle(Event::Request(RequestId(1).into(), request))
            .unwrap()
    }

    fn execute(&mut self, sql: &str) -> Result<Reply> {
        self.ask(Request::Execute {
            statement: statement(sql),
            transaction: None,
        })
    }

    fn rows(&mut self, sql: &str) -> Rows {
        let query = Request::Query {
            statement: statement(sql),
            transaction: None,
        };
        match self.ask(query) {
            Ok(Reply::Rows(rows)) => rows,
            other => panic!("{other:?}"),
        }
    }

    fn titles(&mut self) -> Vec<String> {
        let rows = self.rows("SELECT title FROM todos ORDER BY id").values();
        let text = |value| match value {
            crate::value::Value::Text(text) => text,
            other => panic!("{other:?}"),
        };
        rows.into_iter().map(text).collect()
    }

    /// When the timer that was set last is due; it is forgotten.
    fn timer(&mut self, id: TimerId) -> Option<Millis> {
        let mut due = None;
        self.effects.retain(|effect| match effect {
            Effect::SetTimer(of, at) if *of == id => {
                due = Some(*at);
                false
            }
            _ => true,
        });
        due
    }

    /// Lets the timer come due, if it is set.
    fn pass(&mut self, id: TimerId) -> bool {
        let Some(due) = self.timer(id) else {
            return false;
        };
        self.now = self.now.max(due);
        self.handle(Event::Timer(id));
        true
    }

    fn asked(&self, url: &str) -> bool {
        self.fetches.iter().any(|fetch| fetch.url.starts_with(url))
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

    /// The shape's answer: rows from 1 on with these titles, up to date.
    fn shape_answers(&mut self, titles: &[&str]) {
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
        let rows = titles.iter().enumerate().map(|(at, title)| {
            let id = at + 1;
            format!(
                r#"{{"key":"\"public\".\"todos\"/\"{id}\"","value":{{"id":"{id}","title":"{title}"}},"headers":{{"operation":"insert"}}}},"#
            )
        });
        let body = rows.collect::<String>();
        let body = format!(r#"[{body}{{"headers":{{"control":"up-to-date"}}}}]"#);
        self.answer("/shape", &headers, &body);
    }
}

fn start(
    path: PathBuf,
    options: &str,
    now: Millis,
    rng: &mut fastrand::Rng,
) -> (Engine, Vec<Effect>) {
    let conn = open_file(path).unwrap();
    let config = Config::parse(options).unwrap();
    Engine::open(conn, config, Persistence::File, None, now, rng).unwrap()
}

fn statement(sql: &str) -> Statement {
    Statement {
        sql: sql.into(),
        params: vec![],
        typed: false,
    }
}
