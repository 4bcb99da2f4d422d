//! What a client's app asks for.

use throughline::engine::{Asked, Event, RequestKey};
use throughline::error::{Error, Result};
use throughline::ids::{RequestId, SubscriptionId, TransactionId};
use throughline::schema::{identifier, list};
use throughline::tabs::{Executed, Reply, Request, Rows, Status, TransactionRecord};
use throughline::value::Value;

use super::super::World;
use super::{Client, LiveResult};
use crate::support::{lines, statement};

/// A client's app, making requests.
pub struct App<'w> {
    pub(in super::super) world: &'w mut World,
    pub(in super::super) name: String,
}

impl App<'_> {
    pub(super) fn client(&mut self) -> &mut Client {
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

    /// Results that a subscription was given since the last look.
    pub fn take_history(&mut self, subscription: u32) -> Vec<Vec<String>> {
        let live = self.client().live.get_mut(&SubscriptionId(subscription));
        live.map(|live| std::mem::take(&mut live.history))
            .unwrap_or_default()
    }
}
