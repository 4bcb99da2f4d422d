//! One database whose servers are the attacker: it is told by hand what they answer.
#![allow(unreachable_pub)]

use std::collections::BTreeMap;
use std::path::Path;

use throughline::engine::{Answer, Effect, Endpoint, Event, Failure, Fetch};
use throughline::ids::{Millis, TimerId};
use throughline::tabs::{Reply, Request, ShapePhase, ShapeStatus, Status};

use super::support::App;

/// `t` is what the attacker answers for. `other`, and the app's own `drafts`, must be as they were.
pub const OPTIONS: &str = r#"{"name": "hostile", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"t": {}, "other": {}}}"#;

/// Of a table as the server should describe it.
pub const SCHEMA: &str =
    r#"{"id":{"type":"int4","pk_index":0,"not_null":true},"a":{"type":"text"}}"#;

pub struct Victim {
    pub app: App,
    /// Requests without an answer.
    out: Vec<Fetch>,
    timers: BTreeMap<TimerId, Millis>,
    /// What the app was told, but for replies.
    pub told: Vec<Effect>,
    /// How long an answer takes, in milliseconds.
    pub latency: u64,
    /// How many requests went to the shape server.
    pub asked: usize,
    /// How the database was before the attack.
    before: Vec<Vec<String>>,
}

impl Victim {
    /// `other` is synced and has a write that waits to be sent; nothing was heard of `t` yet.
    pub fn waiting() -> Self {
        Self::open(OPTIONS)
    }

    pub fn open(options: &str) -> Self {
        Self::begun(App::open(options))
    }

    /// The same, in a file.
    pub fn at(path: &Path) -> Self {
        Self::begun(App::open_at(path, OPTIONS).unwrap())
    }

    /// As it was left.
    pub fn of(app: App) -> Self {
        let mut victim = Self {
            app,
            out: Vec::new(),
            timers: BTreeMap::new(),
            told: Vec::new(),
            latency: 1_000,
            asked: 0,
            before: Vec::new(),
        };
        victim.look();
        victim
    }

    fn begun(app: App) -> Self {
        let mut victim = Self::of(app);
        victim.loads("other", "O");
        for sql in [
            "CREATE TABLE drafts (id INTEGER PRIMARY KEY, body TEXT)",
            "INSERT INTO drafts VALUES (1, 'mine')",
            "UPDATE other SET a = 'edited' WHERE id = 2",
        ] {
            victim.app.run(sql);
        }
        victim.remember();
        victim
    }

    /// What is here from now on must stay.
    pub fn remember(&mut self) {
        self.look();
        self.before = self.valuables();
    }

    /// `t` is synced as well, and has a write that waits to be sent, too.
    pub fn synced() -> Self {
        let mut victim = Self::waiting();
        victim.loads("t", "H");
        victim.app.run("UPDATE t SET a = 'edited' WHERE id = 2");
        victim.remember();
        victim
    }

    /// Takes in what the engine wants.
    fn look(&mut self) {
        for effect in std::mem::take(&mut self.app.effects) {
            match effect {
                Effect::Fetch(fetch) => {
                    self.asked += usize::from(fetch.endpoint == Endpoint::Electric);
                    self.out.push(fetch);
                }
                Effect::Abort(id) => self.out.retain(|fetch| fetch.id != id),
                Effect::SetTimer(id, due) => drop(self.timers.insert(id, due)),
                other => self.told.push(other),
            }
        }
    }

    fn take(&mut self, wanted: impl Fn(&Fetch) -> bool) -> Option<Fetch> {
        let at = self.out.iter().position(wanted)?;
        Some(self.out.remove(at))
    }

    /// Whether a shape request of that table is out.
    pub fn asks(&self, table: &str) -> Option<&Fetch> {
        self.out.iter().find(|fetch| is_of(fetch, table))
    }

    /// The POST that is out, if one is.
    pub fn posts(&mut self) -> Option<Fetch> {
        self.take(|fetch| fetch.endpoint == Endpoint::Write)
    }

    pub fn posted(&mut self) -> Fetch {
        self.posts().expect("a POST is out")
    }

    pub fn handle(&mut self, event: Event) {
        let effects = self.app.handle(event);
        self.app.effects.extend(effects);
        self.look();
    }

    /// The answer to the request for that table that is out.
    pub fn answers(&mut self, table: &str, status: u16, headers: &[(&str, &str)], body: &str) {
        let fetch = self.take(|fetch| is_of(fetch, table));
        let fetch = fetch.expect("a request is out").id;
        self.replies(fetch, status, headers, body);
    }

    /// The request for that table that is out comes to nothing.
    pub fn fails(&mut self, table: &str, failure: Failure) {
        let fetch = self.take(|fetch| is_of(fetch, table));
        let fetch = fetch.expect("a request is out").id;
        self.handle(Event::Failed { fetch, failure });
    }

    pub fn replies(
        &mut self,
        fetch: throughline::ids::FetchId,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
    ) {
        let answer = Answer {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            body: body.into(),
        };
        self.app.now = self.app.now.after(self.latency);
        self.handle(Event::Answered { fetch, answer });
    }

    /// A piece of the log `H` of `t`, with this schema.
    pub fn log_with(&mut self, schema: &str, offset: &str, body: &str) {
        self.answers("t", 200, &headers("H", offset, schema), body);
    }

    pub fn log(&mut self, offset: &str, body: &str) {
        self.log_with(SCHEMA, offset, body);
    }

    /// What an honest server says of a table.
    pub fn loads(&mut self, table: &str, handle: &str) {
        let body = format!(
            "[{},{},{}]",
            insert(1, "one"),
            insert(2, "two"),
            up_to_date()
        );
        self.answers(table, 200, &headers(handle, "10_0", SCHEMA), &body);
    }

    /// Lets time pass.
    pub fn run_for(&mut self, ms: u64) {
        let until = self.app.now.after(ms);
        loop {
            let next = self.timers.iter().min_by_key(|(_, due)| **due);
            let Some((id, due)) = next.map(|(id, due)| (*id, *due)) else {
                break;
            };
            if due > until {
                break;
            }
            self.timers.remove(&id);
            self.app.now = self.app.now.max(due);
            self.handle(Event::Timer(id));
        }
        self.app.now = until;
    }

    pub fn status(&mut self) -> Status {
        match self.app.ask(Request::Status).unwrap() {
            Reply::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    pub fn shape(&mut self, table: &str) -> ShapeStatus {
        let shapes = self.status().shapes;
        shapes
            .into_iter()
            .find(|shape| shape.table == table)
            .unwrap()
    }

    pub fn phase(&mut self) -> ShapePhase {
        self.shape("t").phase
    }

    /// The code of what is wrong with `t`.
    pub fn code(&mut self) -> String {
        let error = self.shape("t").error;
        error.expect("an error is told").code
    }

    /// All that an attacker must not change.
    fn valuables(&mut self) -> Vec<Vec<String>> {
        [
            "SELECT id, a FROM other ORDER BY id",
            "SELECT id, a FROM other_synced ORDER BY id",
            "SELECT id, a FROM other_local ORDER BY id",
            "SELECT id, body FROM drafts ORDER BY id",
            "SELECT table_name, operation, key, value, base FROM _throughline_changes ORDER BY id",
            "SELECT name FROM sqlite_schema WHERE tbl_name NOT IN ('t', 't_synced', 't_local', 't_writes')
                 AND name NOT GLOB '_throughline_*t' AND tbl_name NOT GLOB '_throughline_staged_*' ORDER BY name",
        ]
        .map(|sql| self.app.rows(sql))
        .to_vec()
    }

    /// Other tables and pending writes are as they were, and the database is sound.
    pub fn assert_unharmed(&mut self) {
        let now = self.valuables();
        assert_eq!(now, self.before);
        self.app.assert_sound();
        assert_eq!(self.app.rows("PRAGMA integrity_check"), ["ok"]);
    }

    /// Nothing of the attack keeps an honest server from being read.
    pub fn assert_recovers(&mut self) {
        self.assert_unharmed();
        let (table, name) = ("t".to_owned(), "default".to_owned());
        let purge = Request::RemoveShape {
            table: table.clone(),
            name: name.clone(),
            purge: true,
        };
        drop(self.app.ask(purge));
        let shape = Request::set_shape(table, Some(name), "{}").unwrap();
        self.app.ask(shape).unwrap();
        self.look();
        self.loads("t", "H-honest");
        assert_eq!(
            self.app.rows("SELECT a FROM t_synced ORDER BY id"),
            ["one", "two"]
        );
        self.assert_unharmed();
    }
}

fn is_of(fetch: &Fetch, table: &str) -> bool {
    fetch.endpoint == Endpoint::Electric
        && fetch
            .url
            .split(['?', '&'])
            .any(|part| part == format!("table={table}"))
}

pub fn headers<'a>(handle: &'a str, offset: &'a str, schema: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("electric-handle", handle),
        ("electric-offset", offset),
        ("electric-schema", schema),
        ("electric-cursor", "7"),
    ]
}

pub fn insert(id: u32, a: &str) -> String {
    format!(
        r#"{{"key":"{id}","value":{{"id":"{id}","a":"{a}"}},"headers":{{"operation":"insert"}}}}"#
    )
}

pub fn up_to_date() -> &'static str {
    r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"10"}}"#
}

/// JSON text.
pub fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
