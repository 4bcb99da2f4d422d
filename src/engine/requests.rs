//! The app's requests.

use super::live::{self, LiveQuery};
use super::{Asked, Awaiting, Effect, Engine};
use crate::error::{Error, Result};
use crate::ids::{Millis, SubscriptionId, TabNumber};
use crate::shape;
use crate::store::journal::{self, Edit};
use crate::store::{requests, transactions, verify};
use crate::tabs::{Notification, Reply, Request, Statement};
use crate::upload;
use crate::value::is_valid_json;

impl Engine {
    pub(super) fn request(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        asked: Asked,
        request: Request,
    ) {
        let id = asked.id;
        if let Some(key) = asked.key.as_ref().filter(|_| requests::is_kept(&request)) {
            match requests::reply(&self.conn, key, &request) {
                Ok(None) => {}
                Ok(Some(reply)) => return self.effects.push(Effect::Reply(id, Ok(reply))),
                Err(error) => return self.effects.push(Effect::Reply(id, Err(error))),
            }
        }
        if let Request::LoadSubset {
            table,
            name,
            subset,
        } = request
        {
            return self.load_subset(now, rng, id, (&table, &name), subset);
        }
        match request {
            Request::Export => return self.export(id),
            Request::Import(bytes) => return self.import(asked, bytes),
            Request::Record(true) => return self.record(id),
            _ => {}
        }
        if let Request::Settled(key) = &request {
            return self.await_verdict(asked, key);
        }
        // A request for a table that is still to come is asked again when it is here.
        let may_wait = (!self.all_tables_known() && may_wait(&request)).then(|| request.clone());
        let closes = matches!(request, Request::Close | Request::Wipe);
        let writes = matches!(
            request,
            Request::Execute { .. }
                | Request::Batch { .. }
                | Request::Commit(_)
                | Request::Retry { .. }
                | Request::Edit { .. }
        );
        if let Some(ms) = asked.timeout_ms {
            self.set_limit(Some(ms.into()));
        }
        let result = self.answer(now, rng, &asked, request);
        if asked.timeout_ms.is_some() {
            self.set_limit(None);
        }
        let missing = match (&result, &may_wait) {
            (Err(Error::Sql(message)), Some(_)) => self.missing_table(message),
            _ => None,
        };
        match (missing, may_wait) {
            (Some(table), Some(request)) => match self.failure_of(&table) {
                Some(error) => self.effects.push(Effect::Reply(id, Err(error))),
                None => self.awaiting_schema.push(Awaiting {
                    table,
                    asked,
                    request,
                }),
            },
            _ => {
                if let Err(error) = &result {
                    self.note_failure(error);
                }
                self.effects.push(Effect::Reply(id, result));
            }
        }
        if closes {
            return;
        }
        if writes && self.open_transaction.is_none() {
            self.upload(now, rng, upload::Event::Queued);
        }
    }

    fn answer(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        asked: &Asked,
        request: Request,
    ) -> Result<Reply> {
        let (tab, key) = (asked.tab, asked.key.as_ref());
        self.asking = tab;
        check_meta(&request)?;
        Ok(match request {
            Request::Query {
                statement,
                transaction,
            } => Reply::Rows(self.query(now, &statement, transaction)?),
            Request::Execute {
                statement,
                transaction,
            } => self.execute(now, rng, key, &statement, transaction)?,
            Request::Batch { statements, meta } => {
                self.batch(now, rng, key, &statements, meta.as_deref())?
            }
            Request::Begin { meta } => Reply::Begun(self.begin_transaction(now, rng, tab, meta)?),
            Request::Commit(id) => self.commit_transaction(key, id)?,
            Request::Rollback(id) => {
                self.roll_back_transaction(id)?;
                Reply::Done
            }
            Request::Live {
                subscription,
                statement,
                key,
            } => {
                self.subscribe((tab, subscription), statement, key)?;
                Reply::Done
            }
            Request::Unsubscribe(subscription) => {
                self.live.retain(|live| !live.is_of((tab, subscription)));
                self.give_up_awaiting(tab, subscription);
                Reply::Done
            }
            Request::Status => Reply::Status(Box::new(self.current_status()?)),
            Request::Pending => {
                Reply::Transactions(transactions::pending(&self.conn, &self.client)?)
            }
            Request::Rejected => {
                let mut records = transactions::rejected(&self.conn, &self.client)?;
                journal::tell_synced(&self.conn, &self.session, &mut records)?;
                Reply::Transactions(records)
            }
            Request::Retry { number, dependents } => {
                self.requeue(now, rng, key, number, dependents, Edit::default())?
            }
            Request::Edit {
                number,
                changes,
                meta,
            } => {
                let edit = Edit {
                    changes: Some(&changes),
                    meta: meta.as_deref(),
                };
                self.requeue(now, rng, key, number, false, edit)?
            }
            Request::Discard { number, dependents } => {
                self.discard(key, number, dependents)?;
                Reply::Done
            }
            Request::SetShape { table, name, shape } => {
                self.set_shape(now, rng, &table, &name, shape)?;
                Reply::Done
            }
            Request::RemoveShape { table, name, purge } => {
                self.remove_shape(now, rng, &table, &name, purge)?;
                Reply::Done
            }
            Request::LoadSubset { .. }
            | Request::Settled(_)
            | Request::Export
            | Request::Import(_)
            | Request::Tabs
            | Request::Record(_) => Reply::Done,
            Request::Inspect { from } => Reply::Inspected(self.inspect(from)),
            Request::Verify => Reply::Verified(verify(&self.conn, &self.session)?),
            Request::Connect => {
                self.connect(now, rng);
                Reply::Done
            }
            Request::Disconnect => {
                self.disconnect(now, rng);
                Reply::Done
            }
            Request::Wipe => {
                self.close(now, rng);
                self.effects.push(Effect::Delete);
                Reply::Done
            }
            // It leaves; the others stay.
            Request::Close if tab != TabNumber::default() => {
                self.tab_gone(tab);
                Reply::Done
            }
            Request::Close => {
                self.close(now, rng);
                let flushed = self.close_file();
                self.effects.push(Effect::Close);
                flushed?;
                Reply::Done
            }
        })
    }

    fn subscribe(
        &mut self,
        (tab, subscription): (TabNumber, SubscriptionId),
        statement: Statement,
        key: Vec<String>,
    ) -> Result<()> {
        let analysis = self.analyze(&statement.sql)?;
        if !analysis.readonly {
            return Err(Error::Argument("a live query only reads".into()));
        }
        live::check_number(&self.live, (tab, subscription))?;
        let reads = analysis.reads.clone();
        let mut live = LiveQuery::new((tab, subscription), statement, reads, key);
        let begun = (self.clock)();
        let update = live.run(&self.conn, &self.session, &self.live)?;
        live.came_to(&update, (self.clock)() - begun);
        self.live.retain(|known| !known.is_of((tab, subscription)));
        self.live.push(live);
        let notification = Notification::Live {
            subscription,
            fresh: true,
            diff: update.diff.unwrap_or_default(),
        };
        self.effects.push(Effect::Tell(tab, notification));
        Ok(())
    }

    fn connect(&mut self, now: Millis, rng: &mut fastrand::Rng) {
        self.connected = true;
        self.status_is_stale = true;
        for at in 0..self.shapes.len() {
            // While a subset is on its way the log stands still.
            if self.shapes[at].subsets.is_out() {
                continue;
            }
            self.shape(now, rng, at, shape::Event::Resume);
            // A shape that had failed gets another chance, as on opening.
            self.shape(now, rng, at, shape::Event::Start);
        }
        if self.config.write.is_some() {
            self.upload(now, rng, upload::Event::Resume);
        }
    }

    fn disconnect(&mut self, now: Millis, rng: &mut fastrand::Rng) {
        self.connected = false;
        self.status_is_stale = true;
        for at in 0..self.shapes.len() {
            self.stop_subsets(at);
            self.shape(now, rng, at, shape::Event::Pause);
        }
        self.upload(now, rng, upload::Event::Pause);
    }

    fn close(&mut self, now: Millis, rng: &mut fastrand::Rng) {
        self.end_pause();
        self.publish_status();
        self.disconnect(now, rng);
        self.closed = true;
        self.live.clear();
        let schemas = std::mem::take(&mut self.awaiting_schema);
        let verdicts = std::mem::take(&mut self.awaiting_verdict);
        let waiting = schemas.into_iter().map(|awaiting| awaiting.asked);
        for asked in waiting.chain(verdicts.into_iter().map(|(_, asked)| asked)) {
            self.effects
                .push(Effect::Reply(asked.id, Err(Error::Closed)));
        }
    }

    fn all_tables_known(&self) -> bool {
        self.shapes
            .iter()
            .all(|shape| shape.is_ledger || self.session.table(&shape.table).is_some())
    }

    /// The table which SQLite misses, if a shape is to bring it.
    fn missing_table(&self, message: &str) -> Option<String> {
        let missing = message.strip_prefix("no such table: ")?;
        let shape = self.shapes.iter().find(|shape| {
            !shape.is_ledger
                && shape.table.eq_ignore_ascii_case(missing)
                && self.session.table(&shape.table).is_none()
                && shape.machine.is_some()
        })?;
        Some(shape.table.clone())
    }

    /// Why none of a table's shapes will bring anything until the app acts: a wait for credentials counts.
    fn failure_of(&self, table: &str) -> Option<Error> {
        let mut failure = None;
        for shape in self.shapes.iter().filter(|shape| shape.table == table) {
            if let Some(machine) = &shape.machine {
                match (shape.phase(), machine.last_error()) {
                    (shape::Phase::Failed, error) => failure = error.cloned(),
                    (shape::Phase::Waiting, Some(error @ Error::Auth(_))) => {
                        failure = Some(error.clone());
                    }
                    _ => return None,
                }
            }
        }
        failure
    }

    pub(super) fn take_awaiting(&mut self, wanted: impl Fn(&Awaiting) -> bool) -> Vec<Awaiting> {
        let (found, others) = std::mem::take(&mut self.awaiting_schema)
            .into_iter()
            .partition(wanted);
        self.awaiting_schema = others;
        found
    }

    /// Asks again what waited for a table, once its first rows are here or nothing is on its way.
    pub(super) fn settle_awaiting(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize) {
        let Some(table) = self.shapes.get(at).map(|shape| &shape.table) else {
            return;
        };
        if self.awaiting_schema.is_empty() || self.session.table(table).is_none() {
            return;
        }
        let mut shapes = self.shapes.iter().filter(|shape| shape.table == *table);
        let has_come = shapes.all(|shape| shape.is_synced() || shape.is_at_rest());
        if !has_come {
            return;
        }
        let table = table.clone();
        for awaiting in self.take_awaiting(|awaiting| awaiting.table == table) {
            self.request(now, rng, awaiting.asked, awaiting.request);
        }
    }

    /// A shape failed for good: if it was the last hope, requests that wait for its table learn why.
    pub(super) fn fail_awaiting(&mut self, at: usize) {
        let table = self.shapes[at].table.clone();
        let Some(error) = self.failure_of(&table) else {
            return;
        };
        for awaiting in self.take_awaiting(|awaiting| awaiting.table == table) {
            self.effects
                .push(Effect::Reply(awaiting.asked.id, Err(error.clone())));
        }
    }

    /// A live query ended before it began.
    fn give_up_awaiting(&mut self, tab: TabNumber, ended: SubscriptionId) {
        let starts_it = |awaiting: &Awaiting| {
            awaiting.asked.tab == tab
                && matches!(awaiting.request, Request::Live { subscription, .. } if subscription == ended)
        };
        for awaiting in self.take_awaiting(starts_it) {
            self.effects
                .push(Effect::Reply(awaiting.asked.id, Ok(Reply::Done)));
        }
    }
}

/// What an app attaches is kept and sent as the JSON that it is: what is none could never be sent.
fn check_meta(request: &Request) -> Result<()> {
    let (Request::Batch { meta, .. } | Request::Begin { meta } | Request::Edit { meta, .. }) =
        request
    else {
        return Ok(());
    };
    match meta {
        Some(meta) if !is_valid_json(meta) => Err(Error::Argument("meta is no JSON".into())),
        _ => Ok(()),
    }
}

/// In an open transaction nothing waits for a schema: the transaction itself keeps the answer out.
fn may_wait(request: &Request) -> bool {
    match request {
        Request::Query { transaction, .. } | Request::Execute { transaction, .. } => {
            transaction.is_none()
        }
        _ => true,
    }
}
