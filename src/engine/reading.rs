//! The read path: a shape's steps performed on the database and handed to the shell.

use std::sync::Arc;

use rusqlite::Connection;

use super::rejecting::Rejected;
use super::runner::{Progress, ShapeRunner, StoredRows};
use super::{Answer, Effect, Endpoint, Engine, Failure, Fetch, Owner, begin};
use crate::error::Result;
use crate::ids::{Millis, TransactionId};
use crate::schema::{TableSchema, names};
use crate::shape::machine::{Attempt, Batch, FetchFailure, Generation, Refetch};
use crate::shape::message::Control;
use crate::shape::{Event, Message, ResponseHeaders, Step};
use crate::store::apply::{Target, apply, observe_all};
use crate::store::{changes, refold, shapes, staging, transactions};

impl Engine {
    /// Gives a shape's machine an event and does what it says.
    pub(super) fn shape(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        event: Event<'_>,
    ) {
        let steps = self.decide(now, rng, at, event);
        self.perform(now, rng, at, steps);
    }

    fn decide<'a>(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        event: Event<'a>,
    ) -> Vec<Step<'a>> {
        self.status_is_stale = true;
        let shape = self.shapes.get_mut(at);
        match shape.and_then(|shape| shape.machine.as_mut()) {
            Some(machine) => machine.handle(now, rng, event),
            None => Vec::new(),
        }
    }

    fn perform(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize, steps: Vec<Step<'_>>) {
        for step in steps {
            self.shape_step(now, rng, at, step);
        }
        self.settle_awaiting(now, rng, at);
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
            Step::Abort(attempt) => {
                self.held.remove(&(at, attempt));
                self.abort(Owner::Shape(at, attempt));
            }
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
            // `shape_answered` keeps the answer.
            Step::Hold(_) => {}
            Step::Release(attempt) => {
                if let Some(answer) = self.held.remove(&(at, attempt)) {
                    // The chunk after it can load while it is stored.
                    self.shape_headed(now, rng, at, attempt, answer.status, &answer.headers);
                    self.shape_answered(now, rng, at, attempt, answer);
                }
            }
            Step::Fail(_) => self.fail_awaiting(at),
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

    pub(super) fn shape_headed(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        attempt: Attempt,
        status: u16,
        headers: &[(String, String)],
    ) {
        let headers = &ResponseHeaders::new(headers.iter().map(|(n, v)| (n, v)));
        let event = Event::ResponseHead {
            attempt,
            status,
            headers,
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
        let steps = self.decide(now, rng, at, event);
        if let [Step::Hold(_)] = steps[..] {
            drop(steps);
            self.held.insert((at, attempt), answer);
            return;
        }
        if let Some(shape) = self.shapes.get_mut(at) {
            shape.progress.bytes += answer.body.len() as u64;
            shape.progress.chunks += 1;
        }
        self.perform(now, rng, at, steps);
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
        let stored = self.store_rows(at, known.as_ref(), batch);
        let Ok(Some(rows)) = stored else {
            // The tables went back with the transaction, so must what we know of them.
            self.session.set_table(&name, known);
            return stored.map(|_| Stored::RowsAreMissing);
        };
        self.shapes[at].stored(&rows);
        self.shapes[at].seen.extend(&rows.seen);
        if up_to_date && std::mem::take(&mut self.shapes[at].unpublished) {
            self.touch_table(&name);
        }
        self.announce_confirmed(rows.confirmed);
        if let Err(error) = self.announce_rejected(rows.rejected) {
            self.effects_failed(&error);
        }
        if self.session.table(&name) != known {
            self.schema_changed(now, rng, at, known.as_deref());
        }
        Ok(Stored::Whole)
    }

    /// `None`: rows are missing, nothing was stored.
    fn store_rows(
        &self,
        at: usize,
        known: Option<&Arc<TableSchema>>,
        batch: Batch<'_>,
    ) -> Result<Option<StoredRows>> {
        let snapshot = batch.messages.iter().find_map(|message| match message {
            Message::Control(Control::SnapshotEnd(snapshot)) => Some(snapshot.clone()),
            _ => None,
        });
        let shape = &self.shapes[at];
        let staged = batch.generation == Generation::Next || shape.complete;
        let transaction = begin(&self.conn)?;
        let described = match batch.schema {
            Some(header) => Some(self.schema_from(&shape.table, header)?),
            None => None,
        };
        let Some(table) = (if staged {
            self.staged_schema(&transaction, shape.id, known, described)?
        } else {
            self.visible_schema(&transaction, known, described)?
        }) else {
            return Ok(None);
        };
        let target = Target {
            table: &table,
            shape: shape.id,
            staged,
            partial: shape.is_partial(),
        };
        let applied = apply(&transaction, target, batch.messages)?;
        if applied.unknown_updates > 0 {
            return Ok(None);
        }
        let head = batch.up_to_date.and_then(|head| head.global_last_seen_lsn);
        let mut rejected = Rejected::new();
        let swapped = if staged && batch.up_to_date.is_some() {
            let (table, misfits) = self.adopt_staged(&transaction, &table)?;
            rejected = misfits;
            let head = head.unwrap_or_default().max(applied.newest);
            let changed = staging::swap(&transaction, &table, shape.id, head)?;
            shapes::save_loading(&transaction, shape.id, None, false)?;
            observe_all(&transaction, &table)?;
            Some(changed)
        } else {
            None
        };
        let mut seen = Vec::new();
        if swapped.is_some() || !staged {
            let before = shape.loading_snapshot.as_ref();
            let snapshot = snapshot.as_ref().or(before.filter(|_| swapped.is_some()));
            if let Some(snapshot) = snapshot {
                seen = transactions::contained(&transaction, snapshot)?;
            }
            if batch.up_to_date.is_some() {
                seen.extend(shape.passed(&transaction, batch.attempt, head)?);
            }
            self.mark_seen(&transaction, at, &seen, &[])?;
        }
        let confirmed = super::uploading::confirm_all(&transaction, &self.session, &self.client)?;
        shapes::save_progress(&transaction, shape.id, &batch.stored)?;
        transaction.commit()?;
        Ok(Some(StoredRows {
            staged,
            applied,
            swapped,
            snapshot,
            seen,
            confirmed,
            rejected,
        }))
    }

    /// Marks the intents of transactions that every shape of the table has shown, now that this one has: those in
    /// `just_seen` with it.
    pub(super) fn mark_seen(
        &self,
        transaction: &Connection,
        at: usize,
        seen: &[TransactionId],
        just_seen: &[(usize, TransactionId)],
    ) -> Result<()> {
        let table = &self.shapes[at].table;
        for id in seen {
            let mut others = self.shapes.iter().enumerate().filter(|(other, shape)| {
                *other != at && shape.machine.is_some() && shape.table == *table
            });
            if others
                .all(|(other, shape)| shape.seen.contains(id) || just_seen.contains(&(other, *id)))
            {
                changes::mark_transaction_seen(transaction, *id, table)?;
            }
        }
        Ok(())
    }

    fn store_refetch(&mut self, at: usize, refetch: &Refetch) -> Result<Stored> {
        let shape = &self.shapes[at];
        let transaction = begin(&self.conn)?;
        match self.session.table(&shape.table) {
            Some(table) => staging::clear(&transaction, &table, shape.id)?,
            None => staging::drop_rows(&transaction, shape.id)?,
        }
        shapes::save_loading(&transaction, shape.id, None, false)?;
        shapes::save_progress(&transaction, shape.id, &refetch.stored)?;
        transaction.commit()?;
        let shape = &mut self.shapes[at];
        shape.loading = 0;
        shape.complete = false;
        shape.progress = Progress::default();
        shape.loading_snapshot = None;
        Ok(Stored::Whole)
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
