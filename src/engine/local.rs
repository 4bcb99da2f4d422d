//! Local transactions: one statement, a batch, or an interactive one that stays open between requests.

use std::sync::Arc;

use rusqlite::Connection;

use super::durability::prepare;
use super::{Asked, Effect, Engine, Purpose, RequestKey, begin, timer};
use crate::error::{Error, Result};
use crate::ids::{Millis, TabNumber, TransactionId};
use crate::store::query::{self, Analysis};
use crate::store::{Session, Writing, requests, transactions};
use crate::tabs::{Executed, Reply, Request, Rows, Statement};

/// An interactive transaction without a request for so long is rolled back: all else waits for it.
pub(super) const TRANSACTION_IDLE_MS: u64 = 10_000;

/// The interactive transaction.
#[derive(Debug)]
pub(super) struct OpenTransaction {
    /// What its requests name it by.
    pub(super) id: TransactionId,
    /// Whose it is.
    pub(super) tab: TabNumber,
    meta: Option<String>,
    touched: Vec<Arc<Analysis>>,
    deadline: Millis,
}

impl OpenTransaction {
    /// Whether a request may run while this one is open.
    pub(super) fn admits(&self, asked: &Asked, request: &Request) -> bool {
        match request {
            Request::Query { transaction, .. } | Request::Execute { transaction, .. } => {
                transaction.is_some()
            }
            // It would wait for itself.
            Request::Close => asked.tab == self.tab && asked.tab != TabNumber::default(),
            Request::Commit(_)
            | Request::Rollback(_)
            | Request::Status
            | Request::Inspect { .. }
            | Request::Settled(_)
            | Request::Unsubscribe(_) => true,
            _ => false,
        }
    }
}

impl Engine {
    /// Checks a statement, once for each text.
    pub(super) fn analyze(&mut self, sql: &str) -> Result<Arc<Analysis>> {
        self.analyses.of(&self.conn, &self.session, sql)
    }

    pub(super) fn query(
        &mut self,
        now: Millis,
        statement: &Statement,
        transaction: Option<TransactionId>,
    ) -> Result<Rows> {
        let analysis = self.analyze(&statement.sql)?;
        if !analysis.readonly {
            return Err(Error::Argument(
                "query() only reads: use execute() for a statement that writes".into(),
            ));
        }
        if let Some(id) = transaction {
            self.keep_open(now, id)?;
        }
        Ok(query::run(&self.conn, &self.session, statement)?.rows)
    }

    pub(super) fn execute(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        asked: Option<&RequestKey>,
        statement: &Statement,
        transaction: Option<TransactionId>,
    ) -> Result<Reply> {
        let analysis = self.analyze(&statement.sql)?;
        if let Some(id) = transaction {
            self.keep_open(now, id)?;
            let done = counted(&self.session, || {
                query::run(&self.conn, &self.session, statement)
            });
            if self.conn.is_autocommit() {
                self.forget_transaction();
            }
            let done = done?;
            if let Some(open) = &mut self.open_transaction {
                open.touched.push(analysis);
            }
            return Ok(Reply::Executed(done));
        }
        if analysis.readonly {
            let done = query::run(&self.conn, &self.session, statement)?;
            return Ok(Reply::Executed(done));
        }
        let reply = self.write(now, rng, asked, None, |session, conn| {
            let mut done = query::run(conn, session, statement)?;
            Ok(|key| {
                done.transaction = key;
                Reply::Executed(done)
            })
        })?;
        self.wrote(&analysis);
        Ok(reply)
    }

    pub(super) fn batch(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        asked: Option<&RequestKey>,
        statements: &[Statement],
        meta: Option<&str>,
    ) -> Result<Reply> {
        let mut analyses = std::mem::take(&mut self.analyses);
        let mut used = Vec::with_capacity(statements.len());
        let written = self.write(now, rng, asked, meta, |session, conn| {
            let done = statements
                .iter()
                .map(|statement| {
                    // One by one: a statement may need the table that the one before it makes.
                    used.push(analyses.of(conn, session, &statement.sql)?);
                    query::run(conn, session, statement)
                })
                .collect::<Result<Vec<Executed>>>();
            let mut done = done?;
            Ok(|key: Option<String>| {
                for one in &mut done {
                    one.transaction.clone_from(&key);
                }
                Reply::Batch(done)
            })
        });
        if written.is_ok() {
            self.analyses = analyses;
        }
        let reply = written?;
        for analysis in used {
            self.wrote(&analysis);
        }
        Ok(reply)
    }

    /// Runs `work` in one local transaction: rows, shadow rows, intents, the queue entry and the reply to a request that may be
    /// repeated commit together. What `work` returns makes the reply of the idempotency key, if it wrote to a synced table.
    fn write<R: FnOnce(Option<String>) -> Reply>(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        asked: Option<&RequestKey>,
        meta: Option<&str>,
        work: impl FnOnce(&Session, &Connection) -> Result<R>,
    ) -> Result<Reply> {
        let transaction = begin(&self.conn, &self.session, Purpose::App)?;
        let writing = transactions::begin_local(&transaction, now, rng.fork())?;
        let id = writing.transaction;
        self.session.begin_writing(writing);
        let done = work(&self.session, &transaction);
        let writing = self.session.end_writing();
        let done = done?;
        let queued = match writing {
            Some(writing) if writing.intents > 0 => {
                transactions::finish_local(&transaction, &writing, meta)?
            }
            _ => false,
        };
        let reply = done(queued.then(|| transactions::idempotency_key(&self.client, id)));
        requests::keep(&transaction, asked, &reply, now)?;
        transaction.commit()?;
        self.note_queued(queued);
        if queued {
            self.keep_data();
        }
        Ok(reply)
    }

    /// Notes what a committed statement wrote.
    pub(super) fn wrote(&mut self, analysis: &Analysis) {
        let written = analysis.writes.iter().map(|(name, ())| name.to_owned());
        self.touched.add(written);
        self.counts_change();
        if analysis.changes_schema {
            self.analyses.clear();
        }
    }

    pub(super) fn begin_transaction(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        tab: TabNumber,
        meta: Option<String>,
    ) -> Result<TransactionId> {
        prepare(&self.conn, &self.session, Purpose::App)?;
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        match transactions::begin_local(&self.conn, now, rng.fork()) {
            Ok(writing) => self.session.begin_writing(writing),
            Err(error) => {
                self.undo();
                return Err(error);
            }
        }
        let id = self.life.next();
        self.open_transaction = Some(OpenTransaction {
            id,
            tab,
            meta,
            touched: Vec::new(),
            deadline: now.after(TRANSACTION_IDLE_MS),
        });
        self.set_deadline();
        Ok(id)
    }

    pub(super) fn commit_transaction(
        &mut self,
        asked: Option<&RequestKey>,
        id: TransactionId,
    ) -> Result<Reply> {
        self.must_be_open(id)?;
        let Some(open) = self.open_transaction.take() else {
            return Err(not_open());
        };
        let commit = |writing: Option<Writing>| {
            let mut key = None;
            if let Some(writing) = writing.filter(|writing| writing.intents > 0)
                && transactions::finish_local(&self.conn, &writing, open.meta.as_deref())?
            {
                let id = writing.transaction;
                key = Some(transactions::idempotency_key(&self.client, id));
            }
            let queued = key.is_some();
            let reply = Reply::Committed(key);
            requests::keep(&self.conn, asked, &reply, self.now)?;
            self.conn.execute_batch("COMMIT")?;
            self.session.committed();
            Ok((reply, queued))
        };
        match commit(self.session.end_writing()) {
            Ok((reply, queued)) => {
                for analysis in &open.touched {
                    self.wrote(analysis);
                }
                self.note_queued(queued);
                if queued {
                    self.keep_data();
                }
                Ok(reply)
            }
            Err(error) => {
                self.undo();
                Err(error)
            }
        }
    }

    pub(super) fn roll_back_transaction(&mut self, id: TransactionId) -> Result<()> {
        self.must_be_open(id)?;
        self.undo();
        Ok(())
    }

    pub(super) fn time_out_transaction(&mut self, now: Millis) {
        match &mut self.open_transaction {
            Some(open) if open.deadline <= now => {
                self.undo();
            }
            Some(open) => {
                // Further away than that only when the clock was set back.
                open.deadline = open.deadline.min(now.after(TRANSACTION_IDLE_MS));
                self.set_deadline();
            }
            None => {}
        }
    }

    /// Rolls back, unless SQLite already did so by itself.
    pub(super) fn undo(&mut self) {
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("ROLLBACK")
        {
            self.effects_failed(&error.into());
        }
        self.forget_transaction();
    }

    /// The file is given up: what was not committed is not there.
    pub(super) fn leave_transaction(&mut self) {
        if !self.conn.is_autocommit() && self.conn.execute_batch("ROLLBACK").is_err() {
            self.upkeep.failed = true;
        }
        self.forget_transaction();
    }

    /// SQLite's transaction is over, by us or by itself: an `OR ROLLBACK`, a full disk
    /// (<https://sqlite.org/lang_transaction.html>, section 3).
    fn forget_transaction(&mut self) {
        self.open_transaction = None;
        self.session.end_writing();
        // A schema change may have been undone.
        self.analyses.clear();
    }

    fn must_be_open(&self, id: TransactionId) -> Result<()> {
        match &self.open_transaction {
            Some(open) if open.id == id && open.tab == self.asking => Ok(()),
            _ if self.life.began(id) => Err(not_open()),
            _ => Err(Error::LeaderChanged),
        }
    }

    fn keep_open(&mut self, now: Millis, id: TransactionId) -> Result<()> {
        self.must_be_open(id)?;
        if let Some(open) = &mut self.open_transaction {
            open.deadline = now.after(TRANSACTION_IDLE_MS);
        }
        Ok(())
    }

    fn set_deadline(&mut self) {
        if let Some(open) = &self.open_transaction {
            self.effects
                .push(Effect::SetTimer(timer::TRANSACTION, open.deadline));
        }
    }
}

/// Takes back the intents that a failed statement counted: SQLite undid their rows.
fn counted<T>(session: &Session, run: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = session.intents();
    let done = run();
    if done.is_err() {
        session.set_intents(before);
    }
    done
}

fn not_open() -> Error {
    Error::TransactionClosed("it was committed, rolled back or idle for too long".into())
}
