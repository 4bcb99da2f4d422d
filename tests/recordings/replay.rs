//! An engine on a file that is answered by recordings.

use std::collections::BTreeMap;

use tempfile::TempDir;
use throughline::engine::{Answer, Effect, Endpoint, Event, Fetch};
use throughline::ids::FetchId;
use throughline::tabs::{Reply, Request, ShapePhase, ShapeStatus};

use crate::recording::{self, assert_asks, query, recording};
use crate::support::App;

pub(crate) const TODOS: &str =
    r#"{"name": "r", "electric": {"url": "/v1/shape"}, "tables": {"todos": {}}}"#;

/// Rows of the items as they are compared: id, list, body and whether it is done.
pub(crate) const ITEMS: &str =
    "SELECT id || ' ' || list_id || ' ' || body || iif(done, ' done', '') FROM items ORDER BY id";

/// One table and its shape.
pub(crate) fn options(table: &str, shape: &str) -> String {
    format!(
        r#"{{"name": "r", "electric": {{"url": "/v1/shape"}}, "tables": {{"{table}": {{"shape": {shape}}}}}}}"#
    )
}

pub(crate) struct Replay {
    folder: TempDir,
    options: String,
    pub(crate) app: App,
    out: BTreeMap<FetchId, Fetch>,
}

impl Replay {
    pub(crate) fn cold(options: &str) -> Self {
        Self::on(tempfile::tempdir().unwrap(), options.into())
    }

    fn on(folder: TempDir, options: String) -> Self {
        let mut app = App::open_at(&folder.path().join("r.db"), &options).unwrap();
        let effects = std::mem::take(&mut app.effects);
        let mut replay = Self {
            folder,
            options,
            app,
            out: BTreeMap::new(),
        };
        replay.note(effects);
        replay
    }

    /// The same file, opened again.
    pub(crate) fn reopened(self) -> Self {
        self.edited("SELECT 1")
    }

    /// The same file, changed while it was closed and opened again.
    pub(crate) fn edited(self, sql: &str) -> Self {
        let Self {
            folder,
            options,
            app,
            ..
        } = self;
        drop(app);
        let conn = rusqlite::Connection::open(folder.path().join("r.db")).unwrap();
        conn.query_row(sql, [], |_| Ok(())).ok();
        drop(conn);
        Self::on(folder, options)
    }

    /// At a position of a log whose rows were read otherwise.
    pub(crate) fn at(self, handle: &str, offset: &str) -> Self {
        let position = format!(r#"{{"handle":"{handle}","offset":"{offset}"}}"#);
        self.edited(&format!(
            "UPDATE _throughline_shapes SET progress = json_set(progress, '$.position', json('{position}')) \
             RETURNING 1"
        ))
    }

    pub(crate) fn note(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Fetch(fetch) => {
                    self.out.insert(fetch.id, fetch);
                }
                Effect::Abort(id) => {
                    self.out.remove(&id);
                }
                _ => {}
            }
        }
    }

    pub(crate) fn happens(&mut self, event: Event) {
        let effects = self.app.handle(event);
        self.note(effects);
    }

    /// The engine asks what the recording was asked, and gets its answer.
    pub(crate) fn replay(&mut self, number: &str) -> &mut Self {
        let asked = recording(number).asked;
        let is_live = |replay: &Self| query(&replay.fetch_like(number).url).contains_key("live");
        if is_live(self) && !asked.contains_key("live") {
            self.happens(Event::Wake);
        }
        if !is_live(self) && asked.contains_key("live") {
            self.finds_nothing_new(number);
        }
        assert_asks(number, &query(&self.fetch_like(number).url));
        self.answer(number)
    }

    pub(crate) fn replay_all(&mut self, numbers: &[&str]) -> &mut Self {
        for number in numbers {
            self.replay(number);
        }
        self
    }

    /// What the only request asks.
    pub(crate) fn asks(&self) -> recording::Query {
        assert_eq!(self.out.len(), 1, "a request is out");
        let fetch = self.out.values().next().unwrap();
        query(&fetch.url)
    }

    pub(crate) fn asks_nothing(&self) -> bool {
        self.out.is_empty()
    }

    /// The request that is out for the table that the recording is about.
    pub(crate) fn fetch_like(&self, number: &str) -> Fetch {
        let asked = recording(number).asked;
        let of_table = |fetch: &&Fetch| asked.get("table") == query(&fetch.url).get("table");
        let found = self.out.values().find(of_table);
        found
            .or(self.out.values().next())
            .expect("a request is out")
            .clone()
    }

    pub(crate) fn answer(&mut self, number: &str) -> &mut Self {
        let recording = recording(number);
        let fetch = self.fetch_like(number);
        self.answer_to(&fetch, recording.status, recording.fields, recording.body)
    }

    /// Between two sessions nothing had happened, which the service said without its answer being recorded.
    fn finds_nothing_new(&mut self, like: &str) {
        let fetch = self.fetch_like(like);
        let asks = query(&fetch.url);
        let table = self.app.rows("SELECT schema FROM _throughline_tables");
        assert_eq!(table.len(), 1, "the schema of an only table");
        let fields = [
            ("electric-handle", asks["handle"].clone()),
            ("electric-offset", asks["offset"].clone()),
            ("electric-schema", self.schema_header(&asks["handle"])),
        ];
        let fields = fields
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec();
        let body = r#"[{"headers":{"control":"up-to-date","global_last_seen_lsn":"1"}}]"#;
        self.answer_to(&fetch, 200, fields, body.into());
    }

    fn schema_header(&self, handle: &str) -> String {
        let of_log = |number: &u32| {
            let fields = recording(&format!("{number:02}")).fields;
            let has = |name: &str| {
                fields
                    .iter()
                    .find(|(n, _)| n == name)
                    .map(|(_, v)| v.clone())
            };
            (has("electric-handle").as_deref() == Some(handle)).then(|| has("electric-schema"))?
        };
        (1..=10)
            .chain(40..=67)
            .find_map(|number| of_log(&number))
            .expect("a recorded schema")
    }

    fn answer_to(
        &mut self,
        fetch: &Fetch,
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    ) -> &mut Self {
        assert_eq!(fetch.endpoint, Endpoint::Electric);
        self.out.remove(&fetch.id);
        self.app.now = self.app.now.after(2_000);
        self.happens(Event::Answered {
            fetch: fetch.id,
            answer: Answer {
                status,
                headers,
                body,
            },
        });
        self.app.assert_sound();
        self
    }

    pub(crate) fn status(&mut self) -> ShapeStatus {
        match self.app.ask(Request::Status).unwrap() {
            Reply::Status(status) => status.shapes[0].clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn phase(&mut self) -> ShapePhase {
        self.status().phase
    }

    /// The stored position: handle and offset.
    pub(crate) fn position(&mut self) -> String {
        let sql = "SELECT progress ->> '$.position.handle', progress ->> '$.position.offset'
                   FROM _throughline_shapes ORDER BY id LIMIT 1";
        self.app.rows(sql).concat()
    }

    /// The rows of a log that is not complete, as its only shape has staged them.
    pub(crate) fn loaded(&mut self, expression: &str) -> Vec<String> {
        self.app.rows(&format!(
            "SELECT {expression} FROM _throughline_staged_1 ORDER BY id"
        ))
    }

    pub(crate) fn titles(&mut self) -> Vec<String> {
        self.app.rows(
            "SELECT substr(id, -1) || ' ' || completed || ' ' || title FROM todos ORDER BY id",
        )
    }

    pub(crate) fn items(&mut self) -> Vec<String> {
        self.app.rows(ITEMS)
    }
}

/// The items as the recorded SQL made them: in lists 1 to 6 in turn.
pub(crate) fn items(ids: impl IntoIterator<Item = u32>) -> Vec<String> {
    let ids = ids.into_iter();
    ids.map(|id| format!("{id} {} item {id}", 1 + id % 6))
        .collect()
}
