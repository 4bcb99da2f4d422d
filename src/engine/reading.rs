//! The read path: a shape's steps performed on the database and handed to the shell.

use std::sync::Arc;

use rusqlite::Connection;

use super::runner::{ShapeRunner, StoredRows};
use super::{Answer, Effect, Endpoint, Engine, Failure, Fetch, Owner, begin};
use crate::error::{Error, Result};
use crate::ids::{Millis, TransactionId};
use crate::schema::{TableSchema, names};
use crate::shape::machine::{Attempt, Batch, FetchFailure, Generation, Refetch};
use crate::shape::message::Control;
use crate::shape::{Event, Message, ResponseHeaders, Step};
use crate::store::apply::{Target, apply, observe_all};
use crate::store::{changes, refold, shapes, tables, transactions};

impl Engine {
    /// Gives a shape's machine an event and does what it says.
    pub(super) fn shape(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        event: Event<'_>,
    ) {
        self.status_is_stale = true;
        let Some(machine) = self
            .shapes
            .get_mut(at)
            .and_then(|shape| shape.machine.as_mut())
        else {
            return;
        };
        for step in machine.handle(now, rng, event) {
            self.shape_step(now, rng, at, step);
        }
    }

    fn shape_step(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize, step: Step<'_>) {
        match step {
            Step::Fetch(request) => self.fetch(Owner::Shape(at, request.attempt), |id| Fetch {
                id,
                endpoint: Endpoint::Electric,
                url: request.url,
                body: None,
                timeout_ms: request.timeout_ms,
            }),
            Step::Abort(attempt) => self.abort(Owner::Shape(at, attempt)),
            Step::Wait { until } => self
                .effects
                .push(Effect::SetTimer(ShapeRunner::timer(at), until)),
            Step::Apply(batch) => {
                let stored = self.store_batch(now, rng, at, batch);
                self.report_stored(now, rng, at, stored);
            }
            Step::Refetch(refetch) => {
                let stored = self.store_refetch(at, &refetch);
                self.report_stored(now, rng, at, stored);
            }
            // The engine reports an answer once it is whole, so nothing is ever held.
            Step::Hold(_) | Step::Release(_) => {}
            Step::Fail(error) => self.fail_awaiting(at, &error),
        }
    }

    fn report_stored(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        stored: Result<Stored>,
    ) {
        let event = match stored {
            Ok(Stored::Whole) => Event::Committed,
            Ok(Stored::RowsAreMissing) => Event::Refetch,
            Err(error) => Event::CommitFailed(error),
        };
        self.shape(now, rng, at, event);
    }

    pub(super) fn shape_answered(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        attempt: Attempt,
        answer: Answer,
    ) {
        let headers = ResponseHeaders::new(answer.headers.iter().map(|(n, v)| (n, v)));
        let event = Event::Response {
            attempt,
            status: answer.status,
            headers: &headers,
            body: &answer.body,
        };
        self.shape(now, rng, at, event);
    }

    pub(super) fn shape_failed(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        attempt: Attempt,
        failure: Failure,
    ) {
        let failure = match failure {
            Failure::Network(_) => FetchFailure::Network,
            Failure::Timeout => FetchFailure::Timeout,
            Failure::Aborted => FetchFailure::Aborted,
        };
        self.shape(now, rng, at, Event::Failed { attempt, failure });
    }

    /// Lets the shapes of the tables chosen look at the server now.
    pub(super) fn refresh_shapes(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        chosen: impl Fn(&str) -> bool,
    ) {
        for at in 0..self.shapes.len() {
            if chosen(&self.shapes[at].table) {
                self.shape(now, rng, at, Event::Refresh);
            }
        }
    }

    /// Remembers which requests are older than an acceptance.
    pub(super) fn note_acceptance(&mut self, id: TransactionId) {
        for shape in &mut self.shapes {
            if let Some(machine) = &shape.machine {
                shape.accepted_at.insert(id, machine.last_attempt());
            }
        }
    }

    /// Rows, position, evidence for pending writes and their confirmation, in one transaction.
    fn store_batch(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        batch: Batch<'_>,
    ) -> Result<Stored> {
        let name = self.shapes[at].table.clone();
        let known = self.session.table(&name);
        let up_to_date = batch.up_to_date.is_some();
        let stored = self.store_rows(at, &name, known.as_ref(), batch);
        let Ok(Some(rows)) = stored else {
            // The tables went back with the transaction, so must what we know of them.
            self.session.set_table(&name, known);
            return stored.map(|_| Stored::RowsAreMissing);
        };
        self.shapes[at].stored(&rows);
        if up_to_date && std::mem::take(&mut self.shapes[at].unpublished) {
            self.touch_table(&name);
        }
        self.announce_confirmed(rows.confirmed);
        if self.session.table(&name) != known {
            self.analyses.clear();
            self.touch_table(&name);
            self.release_awaiting(now, rng, at);
        }
        Ok(Stored::Whole)
    }

    /// `None`: rows are missing, nothing was stored.
    fn store_rows(
        &self,
        at: usize,
        name: &str,
        known: Option<&Arc<TableSchema>>,
        batch: Batch<'_>,
    ) -> Result<Option<StoredRows>> {
        let shape = &self.shapes[at];
        let swaps = batch.swaps();
        let snapshot = batch.messages.iter().find_map(|message| match message {
            Message::Control(Control::SnapshotEnd(snapshot)) => Some(snapshot.clone()),
            _ => None,
        });
        let transaction = begin(&self.conn)?;
        let table = self.current_schema(&transaction, name, known, batch.schema)?;
        let target = match batch.generation {
            Generation::Current => Target::Synced,
            Generation::Next => Target::Staged,
        };
        if target == Target::Staged && !tables::is_staged(&transaction, name)? {
            tables::stage(&transaction, &table)?;
        }
        let applied = apply(&transaction, &table, target, batch.messages)?;
        if applied.unknown_updates > 0 {
            return Ok(None);
        }
        if swaps {
            tables::swap(&transaction, &table)?;
            observe_all(&transaction, &table)?;
        }
        if let (true, Some(snapshot)) = (
            swaps || target == Target::Synced,
            snapshot
                .as_ref()
                .or(shape.loading_snapshot.as_ref().filter(|_| swaps)),
        ) {
            changes::mark_contained(&transaction, name, snapshot)?;
        }
        if let Some(head) = batch.up_to_date {
            let seen = shape.passed(&transaction, batch.attempt, head.global_last_seen_lsn)?;
            for id in seen {
                changes::mark_transaction_seen(&transaction, id, name)?;
            }
        }
        let confirmed = super::uploading::confirm_all(&transaction, &self.session, &self.client)?;
        shapes::save_progress(&transaction, name, &batch.stored)?;
        transaction.commit()?;
        Ok(Some(StoredRows {
            target,
            applied,
            swaps,
            snapshot,
            confirmed,
        }))
    }

    /// The table as the server describes it now, its objects made or replaced where that is news.
    fn current_schema(
        &self,
        transaction: &Connection,
        name: &str,
        known: Option<&Arc<TableSchema>>,
        header: Option<&str>,
    ) -> Result<Arc<TableSchema>> {
        let wanted = match header {
            Some(header) => self.schema_from(name, header)?,
            None => {
                let missing = || Error::Protocol("rows came before a schema".into());
                return known.cloned().ok_or_else(missing);
            }
        };
        match known {
            Some(known) if **known == wanted => Ok(known.clone()),
            _ => super::open::adopt(transaction, &self.session, known.map(Arc::as_ref), wanted),
        }
    }

    fn store_refetch(&mut self, at: usize, refetch: &Refetch) -> Result<Stored> {
        let name = &self.shapes[at].table;
        let transaction = begin(&self.conn)?;
        match self.session.table(name) {
            Some(table) => tables::stage(&transaction, &table)?,
            None => tables::clear_staged(&transaction, name)?,
        }
        shapes::save_progress(&transaction, name, &refetch.stored)?;
        transaction.commit()?;
        self.shapes[at].loading = 0;
        self.shapes[at].loading_snapshot = None;
        Ok(Stored::Whole)
    }

    /// The header's schema, held against the declaration.
    fn schema_from(&self, name: &str, header: &str) -> Result<TableSchema> {
        let Some(declaration) = self.config.tables.get(name) else {
            return Err(Error::Internal(format!("{name} is not declared")));
        };
        let sent = TableSchema::from_electric(name, declaration, header)?;
        match declaration.schema(name)? {
            None => Ok(sent),
            Some(declared) => declared.confirmed_by(&sent),
        }
    }

    /// Marks a table's objects as written.
    pub(super) fn touch_table(&mut self, name: &str) {
        self.touched.extend(
            [names::synced(name), names::local(name)].map(|object| object.to_ascii_lowercase()),
        );
    }
}

/// What became of a body.
enum Stored {
    Whole,
    /// An update met no row: the log and the rows disagree, nothing of it was kept.
    RowsAreMissing,
}

/// Folds the rows of a transaction again. Wants a transaction.
pub(super) fn refold_all(conn: &Connection, rows: &transactions::Touched) -> Result<()> {
    for (table, key) in rows {
        refold(conn, table, key)?;
    }
    Ok(())
}
