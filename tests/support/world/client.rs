//! One client: an engine, its file, its timers, and what its app was told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;
use throughline::engine::{
    Asked, Config, Effect, Engine, Event, Place, RequestKey, Salvage, Successor, files,
};
use throughline::error::{Error, Result};
use throughline::ids::{Millis, RequestId, SubscriptionId, TabNumber, TimerId, TransactionId};
use throughline::schema::{identifier, list};
use throughline::shape::Stored;
use throughline::shape::machine::Position;
use throughline::store::connection::open_file;
use throughline::tabs::{
    Executed, LiveDiff, LiveStep, Notification, Persistence, Recovery, Reply, Request, Rows,
    Statement, Status, TransactionRecord,
};
use throughline::value::Value;

use super::World;
use crate::support::{lines, statement};

pub struct Client {
    name: String,
    pub(super) options: String,
    folder: TempDir,
    /// Of the file that is open, and of the one that a rescue makes.
    pub generation: u32,
    next_generation: u32,
    engine: Option<Engine>,
    rng: fastrand::Rng,
    /// Counts up with each start.
    pub life: u32,
    pub timers: BTreeMap<TimerId, Millis>,
    pub replies: BTreeMap<RequestId, Result<Reply>>,
    asked: BTreeMap<RequestId, (Asked, Request)>,
    last_request: u32,
    open_transaction: Option<TransactionId>,
    pub offline: bool,
    pub dies_after: Option<usize>,
    pub hands_over_after: Option<usize>,
    /// By so many pages the file may grow.
    pub pages_left: Option<u32>,
    /// Openings of the app, which a leader's death does not end.
    sessions: u32,
    /// Its disk may fail: an opening that does is no fault of the test.
    pub(super) may_not_open: bool,
    /// Why the last opening failed.
    pub not_open: Option<Error>,
    pub status: Option<Status>,
    pub live: BTreeMap<SubscriptionId, LiveResult>,
    told_live: Vec<SubscriptionId>,
    untaken: Vec<SubscriptionId>,
    positions: BTreeMap<String, Position>,
    pub accepted: Vec<TransactionRecord>,
    pub confirmed: Vec<TransactionRecord>,
    pub rejected: Vec<TransactionRecord>,
    pub recovered: Vec<Recovery>,
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// The files stay as they are at that moment, the write-ahead log among them.
    Killed,
    /// The connection is dropped, which SQLite notices, and nothing is said to the engine.
    Dropped,
}

/// A live query's result, kept up by its diffs alone.
pub struct LiveResult {
    query: Statement,
    key: Vec<String>,
    rows: Vec<Vec<Value>>,
    /// Every result so far.
    pub history: Vec<Vec<String>>,
}

impl Client {
    pub(super) fn new(name: &str, options: &str, seed: u64) -> Self {
        Self {
            name: name.into(),
            options: options.into(),
            folder: folder(),
            generation: 1,
            next_generation: 2,
            engine: None,
            rng: fastrand::Rng::with_seed(seed),
            life: 0,
            timers: BTreeMap::new(),
            replies: BTreeMap::new(),
            asked: BTreeMap::new(),
            last_request: 0,
            open_transaction: None,
            offline: false,
            dies_after: None,
            hands_over_after: None,
            pages_left: None,
            sessions: 0,
            may_not_open: false,
            not_open: None,
            status: None,
            live: BTreeMap::new(),
            told_live: Vec::new(),
            untaken: Vec::new(),
            positions: BTreeMap::new(),
            accepted: Vec::new(),
            confirmed: Vec::new(),
            rejected: Vec::new(),
            recovered: Vec::new(),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join(files::name(self.generation))
    }

    /// Deletes what is of no use, and knows which file to open.
    fn choose_file(&mut self) -> Result<()> {
        let folder = self.folder.path();
        let names = std::fs::read_dir(folder).unwrap();
        let names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
        let names: Vec<String> = names.collect();
        let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
        let plan = files::plan(&names, &mut |name| {
            let bytes = files::with_companions(name)
                .into_iter()
                .map(|name| size(&name));
            files::condition(&open_file(folder.join(name))?, bytes.sum())
        });
        let plan = plan?;
        for name in &plan.delete {
            // A log may be gone since: SQLite deletes it when a file that was looked into is closed.
            drop(std::fs::remove_file(folder.join(name)));
        }
        (self.generation, self.next_generation) = (plan.open, plan.next);
        Ok(())
    }

    /// Drops the engine and starts the one that comes after it, on the same file or on the next one.
    pub(super) fn restart(&mut self, successor: Successor, now: Millis) -> Vec<Effect> {
        self.drop_engine();
        let mut config = Config::parse(&self.options).unwrap();
        (config.connect, config.record) = (successor.connect, successor.record);
        let salvage = successor.salvage.map(|salvage| self.leave_broken(salvage));
        self.begin(config, salvage, None, now)
    }

    /// Goes to the next file; what could be read of this one.
    fn leave_broken(&mut self, mut salvage: Salvage) -> Salvage {
        let broken = self.path();
        if salvage.unreadable {
            let mut bytes = std::fs::read(&broken).unwrap_or_default();
            if files::mend(&mut bytes) {
                let copy = self.folder.path().join(files::IMPORT);
                std::fs::write(&copy, bytes).unwrap();
                salvage = Salvage::read(&open_file(&copy).unwrap(), salvage.reason, Vec::new());
                std::fs::remove_file(copy).unwrap();
            }
        }
        self.generation = self.next_generation;
        self.next_generation += 1;
        salvage
    }

    fn drop_engine(&mut self) {
        self.engine = None;
        self.life += 1;
        self.timers.clear();
        self.open_transaction = None;
        self.status = None;
    }

    /// `pages_left`: by so many the file may grow.
    fn begin(
        &mut self,
        config: Config,
        salvage: Option<Salvage>,
        pages_left: Option<u32>,
        now: Millis,
    ) -> Vec<Effect> {
        let opened = open_file(self.path()).and_then(|conn| {
            if let Some(left) = pages_left {
                let pages: u32 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
                let limit = format!("PRAGMA max_page_count = {}", pages + left);
                conn.query_row(&limit, [], |_| Ok(()))?;
            }
            let place = Place {
                conn,
                persistence: Persistence::File,
                reason: None,
                salvage,
            };
            Engine::open_at(place, config, now, &mut self.rng)
        });
        self.opened(opened)
    }

    fn opened(&mut self, opened: Result<(Engine, Vec<Effect>)>) -> Vec<Effect> {
        match opened {
            Ok((engine, effects)) => {
                (self.engine, self.not_open) = (Some(engine), None);
                effects
            }
            Err(error) if self.may_not_open => {
                (self.engine, self.not_open) = (None, Some(error));
                Vec::new()
            }
            Err(error) => panic!("{} does not open: {error}", self.name),
        }
    }

    /// What the engine before this one did not answer, and what stands.
    pub(super) fn unanswered(&mut self) -> Vec<(Asked, Request)> {
        let live = self.live.iter_mut().map(|(subscription, live)| {
            live.rows.clear();
            let request = Request::Live {
                subscription: *subscription,
                statement: live.query.clone(),
                key: live.key.clone(),
            };
            (RequestId(u32::MAX - 1).into(), request)
        });
        live.chain(self.asked.values().cloned()).collect()
    }

    pub fn is_open(&self) -> bool {
        self.engine.is_some()
    }

    pub(super) fn may_verify(&self) -> bool {
        self.is_open() && self.open_transaction.is_none()
    }

    pub(super) fn open(&mut self, now: Millis) -> Vec<Effect> {
        if let Err(error) = self.choose_file() {
            return self.opened(Err(error));
        }
        let config = Config::parse(&self.options).unwrap();
        self.begin(config, None, self.pages_left, now)
    }

    pub(super) fn die(&mut self, death: Death) {
        self.leave_file(death);
        self.engine = None;
        self.forget();
    }

    /// The engine dies, and whoever asked it lives on.
    pub(super) fn hand_over(&mut self, death: Death) {
        self.leave_file(death);
        self.untaken.clear();
        self.drop_engine();
    }

    fn leave_file(&mut self, death: Death) {
        if death == Death::Killed {
            let next = folder();
            for file in std::fs::read_dir(self.folder.path()).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), next.path().join(file.file_name())).unwrap();
            }
            self.folder = next;
        }
    }

    fn forget(&mut self) {
        self.life += 1;
        self.sessions += 1;
        self.timers.clear();
        self.replies.clear();
        self.asked.clear();
        self.live.clear();
        self.untaken.clear();
        self.open_transaction = None;
        self.status = None;
    }

    pub(super) fn handle(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let Some(engine) = &mut self.engine else {
            return Vec::new();
        };
        let taken = self.untaken.drain(..);
        let mut effects: Vec<Effect> = taken
            .map(|subscription| Event::Took(TabNumber::default(), subscription))
            .flat_map(|took| engine.handle(now, &mut self.rng, took))
            .collect();
        effects.extend(engine.handle(now, &mut self.rng, event));
        effects
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Reply(id, reply) => {
                if let Ok(Reply::Begun(transaction)) = &reply {
                    self.open_transaction = Some(*transaction);
                }
                self.asked.remove(&id);
                self.replies.insert(id, reply);
            }
            Effect::Notify(notification) | Effect::Tell(_, notification) => self.told(notification),
            Effect::SetTimer(id, due) => {
                self.timers.insert(id, due);
            }
            Effect::Close => {
                self.engine = None;
                self.timers.clear();
            }
            Effect::Delete => {
                self.engine = None;
                self.folder = folder();
                self.timers.clear();
            }
            Effect::MeasureStorage | Effect::Persist => {}
            Effect::Export(id) => {
                let copy = self.folder.path().join(files::EXPORT);
                let bytes = std::fs::read(&copy).unwrap();
                std::fs::remove_file(copy).unwrap();
                self.perform(Effect::Reply(id, Ok(Reply::Bytes(bytes))));
            }
            Effect::Remove(name) => {
                for name in files::with_companions(name) {
                    // Half a copy may have no companion, or not even a file.
                    drop(std::fs::remove_file(self.folder.path().join(name)));
                }
            }
            Effect::Import(..) => {
                unreachable!("no world asks for it")
            }
            Effect::Fetch(_) | Effect::Abort(_) | Effect::Restart(_) => {
                unreachable!("the world's part")
            }
        }
    }

    fn told(&mut self, notification: Notification) {
        match notification {
            Notification::Live {
                subscription, diff, ..
            } => {
                self.told_live.push(subscription);
                self.untaken.push(subscription);
                if let Some(live) = self.live.get_mut(&subscription) {
                    live.take(diff);
                }
            }
            Notification::LiveFailed { error, .. } => panic!("a live query failed: {error:?}"),
            Notification::Status(status) => self.status = Some(status),
            Notification::Accepted(record) => self.accepted.push(record),
            Notification::Confirmed(record) => self.confirmed.push(record),
            Notification::Rejected(record) => self.rejected.push(record),
            Notification::Recovered(recovery) => self.recovered.push(recovery),
        }
    }
}

impl LiveResult {
    fn take(&mut self, diff: LiveDiff) {
        let width = diff.rows.columns().names.len().max(1);
        let values = diff.rows.values();
        let mut fresh = values.chunks(width).map(<[Value]>::to_vec);
        let mut rows = Vec::new();
        for step in diff.steps {
            match step {
                LiveStep::Keep { from, count } => {
                    rows.extend_from_slice(&self.rows[from as usize..(from + count) as usize]);
                }
                LiveStep::Replace { from } => {
                    assert!((from as usize) < self.rows.len(), "replaces a row that is");
                    rows.push(fresh.next().expect("a row for each replacement"));
                }
                LiveStep::Insert { count } => {
                    rows.extend(fresh.by_ref().take(count as usize));
                }
            }
        }
        assert!(fresh.next().is_none(), "no rows beyond the steps");
        self.rows = rows;
        self.history.push(self.lines());
    }

    /// The result as text, columns joined by `|`.
    pub fn lines(&self) -> Vec<String> {
        let line = |row: &Vec<Value>| {
            let texts: Vec<String> = row.iter().map(crate::support::text).collect();
            texts.join("|")
        };
        self.rows.iter().map(line).collect()
    }
}

/// In memory where the system has such a place: the files are real, the disk is not waited for.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// A client's app, making requests.
pub struct App<'w> {
    pub(super) world: &'w mut World,
    pub(super) name: String,
}

impl App<'_> {
    fn client(&mut self) -> &mut Client {
        self.world.client_mut(&self.name)
    }

    /// Sends a request; its answer may have to wait.
    pub fn send(&mut self, request: Request) -> RequestId {
        let repeats = self.world.repeats;
        let client = self.client();
        client.last_request += 1;
        let id = RequestId(client.last_request);
        let mut asked = Asked::from(id);
        if repeats {
            let oldest = client.asked.keys().next().unwrap_or(&id);
            asked.key = Some(RequestKey {
                session: format!("{} {}", client.name, client.sessions),
                number: id.0.into(),
                done: oldest.0.into(),
            });
        }
        client.asked.insert(id, (asked.clone(), request.clone()));
        let name = self.name.clone();
        self.world.happens(&name, Event::Request(asked, request));
        id
    }

    /// A request that may be one that was asked before, and is answered at once.
    pub fn ask_as(&mut self, key: &RequestKey, request: Request) -> Result<Reply> {
        let client = self.client();
        client.last_request += 1;
        let mut asked = Asked::from(RequestId(client.last_request));
        asked.key = Some(key.clone());
        let (id, name) = (asked.id, self.name.clone());
        self.world.happens(&name, Event::Request(asked, request));
        self.reply(id).expect("an answer")
    }

    /// The answer, if it is there.
    pub fn reply(&mut self, id: RequestId) -> Option<Result<Reply>> {
        self.client().replies.remove(&id)
    }

    /// A request that is answered at once.
    pub fn ask(&mut self, request: Request) -> Result<Reply> {
        let id = self.send(request);
        self.reply(id)
            .unwrap_or_else(|| panic!("{} waits for an answer", self.name))
    }

    pub fn try_execute(&mut self, sql: &str, params: &[Value]) -> Result<Executed> {
        match self.ask(Request::Execute {
            statement: statement(sql, params),
            transaction: None,
        })? {
            Reply::Executed(done) => Ok(done),
            other => panic!("{other:?}"),
        }
    }

    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Executed {
        self.try_execute(sql, params)
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// A statement without parameters; the transaction's idempotency key, if it wrote a synced table.
    pub fn run(&mut self, sql: &str) -> Option<String> {
        self.execute(sql, &[]).transaction
    }

    pub fn refused(&mut self, sql: &str) -> Error {
        self.try_execute(sql, &[]).expect_err(sql)
    }

    pub fn batch(&mut self, statements: &[&str], meta: Option<&str>) -> Result<Vec<Executed>> {
        let statements = statements.iter().map(|sql| statement(sql, &[])).collect();
        match self.ask(Request::Batch {
            statements,
            meta: meta.map(Into::into),
        })? {
            Reply::Batch(done) => Ok(done),
            other => panic!("{other:?}"),
        }
    }

    pub fn add_todo(&mut self, id: &str, title: &str) -> Option<String> {
        let params = [Value::Text(id.into()), Value::Text(title.into())];
        self.execute("INSERT INTO todos (id, title) VALUES (?, ?)", &params)
            .transaction
    }

    pub fn rename(&mut self, id: &str, title: &str) -> Option<String> {
        let params = [Value::Text(title.into()), Value::Text(id.into())];
        self.execute("UPDATE todos SET title = ? WHERE id = ?", &params)
            .transaction
    }

    pub fn title(&mut self, id: &str) -> Option<String> {
        self.rows(&format!("SELECT title FROM todos WHERE id = '{id}'"))
            .pop()
    }

    pub fn query(&mut self, sql: &str) -> Rows {
        match self.ask(Request::Query {
            statement: statement(sql, &[]),
            transaction: None,
        }) {
            Ok(Reply::Rows(rows)) => rows,
            other => panic!("{sql}: {other:?}"),
        }
    }

    /// A result as text, columns joined by `|`.
    pub fn rows(&mut self, sql: &str) -> Vec<String> {
        lines(&self.query(sql))
    }

    /// A whole table through its view with the server's columns, sorted.
    pub fn table(&mut self, table: &str) -> Vec<String> {
        let definition = self.world.backend.electric().table(table).unwrap();
        let columns = list(definition.columns.iter().map(|one| identifier(&one.name)));
        let mut rows = self.rows(&format!("SELECT {columns} FROM {}", identifier(table)));
        rows.sort();
        rows
    }

    pub fn count(&mut self, table: &str) -> u32 {
        self.rows(&format!("SELECT count(*) FROM \"{table}\""))[0]
            .parse()
            .unwrap()
    }

    /// Subscribes; the first result is there at once.
    pub fn watch(&mut self, subscription: u32, sql: &str, key: &[&str]) {
        let subscription = SubscriptionId(subscription);
        let query = statement(sql, &[]);
        let live = LiveResult {
            query: query.clone(),
            key: key.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
            history: Vec::new(),
        };
        self.client().live.insert(subscription, live);
        self.send(Request::Live {
            subscription,
            statement: query,
            key: key.iter().map(ToString::to_string).collect(),
        });
    }

    pub fn stop_watching(&mut self, subscription: u32) {
        let subscription = SubscriptionId(subscription);
        self.client().live.remove(&subscription);
        self.ask(Request::Unsubscribe(subscription)).unwrap();
    }

    /// The subscriptions that were told something, in order.
    pub fn live_notifications(&mut self) -> Vec<SubscriptionId> {
        self.client().told_live.clone()
    }

    /// Every result that a subscription was given.
    pub fn history(&mut self, subscription: u32) -> Vec<Vec<String>> {
        self.client().live[&SubscriptionId(subscription)]
            .history
            .clone()
    }

    /// The interactive transaction that is open.
    pub fn open_transaction(&mut self) -> Option<TransactionId> {
        self.client().open_transaction
    }

    /// Whether the table is there.
    pub fn knows(&mut self, table: &str) -> bool {
        let sql = format!("SELECT 1 FROM sqlite_schema WHERE name = '{table}'");
        !self.peek_rows(&sql).is_empty()
    }

    /// What a query gives now, as text, without stirring the world.
    pub fn peek_rows(&mut self, sql: &str) -> Vec<String> {
        let query = Request::Query {
            statement: statement(sql, &[]),
            transaction: None,
        };
        match self.peek(query) {
            Reply::Rows(rows) => lines(&rows),
            other => panic!("{sql}: {other:?}"),
        }
    }

    pub fn begin(&mut self) -> TransactionId {
        match self.ask(Request::Begin { meta: None }) {
            Ok(Reply::Begun(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    pub fn execute_in(&mut self, transaction: TransactionId, sql: &str) -> Result<Reply> {
        self.ask(Request::Execute {
            statement: statement(sql, &[]),
            transaction: Some(transaction),
        })
    }

    /// Begins, unless the client dies of it.
    pub fn try_begin(&mut self) {
        self.send(Request::Begin { meta: None });
    }

    /// Ends a transaction by a commit or a rollback; the answer may be lost.
    pub fn send_end(&mut self, request: Request) -> RequestId {
        self.client().open_transaction = None;
        self.send(request)
    }

    pub fn commit(&mut self, transaction: TransactionId) -> Result<Option<String>> {
        self.client().open_transaction = None;
        match self.ask(Request::Commit(transaction))? {
            Reply::Committed(key) => Ok(key),
            other => panic!("{other:?}"),
        }
    }

    pub fn roll_back(&mut self, transaction: TransactionId) -> Result<()> {
        self.client().open_transaction = None;
        self.ask(Request::Rollback(transaction)).map(drop)
    }

    pub fn pending(&mut self) -> Vec<TransactionRecord> {
        self.transactions(Request::Pending)
    }

    pub fn rejected(&mut self) -> Vec<TransactionRecord> {
        self.transactions(Request::Rejected)
    }

    /// Queues a rejected transaction again; the new idempotency key.
    pub fn retry(&mut self, number: TransactionId, dependents: bool) -> Result<String> {
        self.queued(Request::Retry { number, dependents })
    }

    /// The same, with these changes.
    pub fn edit(
        &mut self,
        number: TransactionId,
        changes: &str,
        meta: Option<&str>,
    ) -> Result<String> {
        self.queued(Request::Edit {
            number,
            changes: changes.into(),
            meta: meta.map(Into::into),
        })
    }

    fn queued(&mut self, request: Request) -> Result<String> {
        match self.ask(request)? {
            Reply::Committed(Some(key)) => Ok(key),
            other => panic!("{other:?}"),
        }
    }

    pub fn discard(&mut self, number: TransactionId, dependents: bool) -> Result<()> {
        self.ask(Request::Discard { number, dependents }).map(drop)
    }

    fn transactions(&mut self, request: Request) -> Vec<TransactionRecord> {
        match self.ask(request) {
            Ok(Reply::Transactions(records)) => records,
            other => panic!("{other:?}"),
        }
    }

    pub fn status(&mut self) -> Status {
        match self.ask(Request::Status) {
            Ok(Reply::Status(status)) => *status,
            other => panic!("{other:?}"),
        }
    }

    pub fn disconnect(&mut self) {
        self.ask(Request::Disconnect).unwrap();
    }

    pub fn connect(&mut self) {
        self.ask(Request::Connect).unwrap();
    }

    /// Where the table's log is read to, as stored.
    pub fn position(&mut self, table: &str) -> serde_json::Value {
        let progress = self.rows(&format!(
            "SELECT progress FROM _throughline_shapes WHERE table_name = '{table}'"
        ));
        match progress.first() {
            Some(json) if json != "NULL" => serde_json::from_str(json).unwrap(),
            _ => serde_json::Value::Null,
        }
    }

    /// A look that does not stir the world: no time passes and nothing is sent.
    pub fn peek(&mut self, request: Request) -> Reply {
        let now = self.world.now;
        let client = self.client();
        let asked = Event::Request(RequestId(u32::MAX).into(), request.clone());
        let mut effects = client.handle(now, asked);
        if let [.., Effect::Restart(_)] = &effects[..] {
            let name = self.name.clone();
            self.world.perform(&name, effects);
            return self.peek(request);
        }
        match (effects.pop(), effects.is_empty()) {
            (Some(Effect::Reply(_, Ok(reply))), true) => reply,
            other => panic!("{}: a look caused {other:?}", client.name),
        }
    }

    /// Shadow tables are the fold of their intents, and no position has gone back.
    pub fn assert_sound(&mut self) {
        let problems = self.problems();
        assert!(problems.is_empty(), "{}: {problems:#?}", self.name);
        let gone_back = self.positions_gone_back();
        assert!(gone_back.is_empty(), "{}: {gone_back:#?}", self.name);
    }

    /// Where shadow tables are not the fold of their intents.
    pub fn problems(&mut self) -> Vec<String> {
        match self.peek(Request::Verify) {
            Reply::Verified(report) => report.problems,
            other => panic!("no verification: {other:?}"),
        }
    }

    /// The table's log is asked for from its start: its position may go back.
    pub fn log_begins_anew(&mut self, table: &str) {
        let positions = &mut self.client().positions;
        positions.retain(|shape, _| !shape.ends_with(&format!(" {table}")));
    }

    /// Positions in logs that are before those of the last look.
    pub fn positions_gone_back(&mut self) -> Vec<String> {
        let mut gone_back = Vec::new();
        let sql = "SELECT id || ' ' || table_name, progress FROM _throughline_shapes WHERE progress IS NOT NULL";
        let Reply::Rows(rows) = self.peek(Request::Query {
            statement: statement(sql, &[]),
            transaction: None,
        }) else {
            panic!("no rows");
        };
        for row in rows.values().chunks(2) {
            let [Value::Text(table), Value::Text(progress)] = row else {
                panic!("{row:?}");
            };
            let progress: Stored = serde_json::from_str(progress).unwrap();
            let positions = &mut self.client().positions;
            let Some(position) = progress.position else {
                positions.remove(table);
                continue;
            };
            if let Some(last) = positions.get(table)
                && last.handle == position.handle
                && last.offset > position.offset
            {
                gone_back.push(format!("{table} went back from {last:?} to {position:?}"));
            }
            positions.insert(table.clone(), position);
        }
        gone_back
    }

    /// Results that a subscription was given since the last look.
    pub fn take_history(&mut self, subscription: u32) -> Vec<Vec<String>> {
        let live = self.client().live.get_mut(&SubscriptionId(subscription));
        live.map(|live| std::mem::take(&mut live.history))
            .unwrap_or_default()
    }

    /// Nothing is asked that waits for an answer, and no transaction is open.
    pub fn may_look(&mut self) -> bool {
        self.client().may_verify()
    }

    /// Live results that are not what their query gives now.
    pub fn outdated_live_results(&mut self) -> Vec<String> {
        let live = self.client().live.values();
        let live: Vec<(String, Vec<String>)> = live
            .map(|live| (live.query.sql.clone(), live.lines()))
            .collect();
        let mut outdated = Vec::new();
        for (sql, shown) in live {
            let given = self.peek_rows(&sql);
            if shown != given {
                outdated.push(format!("{sql}: {shown:?} is shown, {given:?} is given"));
            }
        }
        outdated
    }

    /// Diffs alone lead to what the query gives now.
    pub fn assert_live_results(&mut self) {
        let live: Vec<(Statement, Vec<String>)> = self
            .client()
            .live
            .values()
            .map(|live| (live.query.clone(), live.lines()))
            .collect();
        for (query, shown) in live {
            assert_eq!(shown, self.rows(&query.sql), "live: {}", query.sql);
        }
    }
}
