//! The read path: a shape's steps performed on the database and handed to the shell.

use std::collections::HashMap;

use rusqlite::Connection;

use super::{Answer, Effect, Endpoint, Engine, Failure, Fetch, Owner, begin, timer};
use crate::error::{Error, Result};
use crate::ids::{Lsn, Millis, TimerId, TransactionId};
use crate::schema::{TableSchema, names};
use crate::shape::machine::{Attempt, FetchFailure, Generation, Refetch};
use crate::shape::{Event, Machine, Phase, ResponseHeaders, Step};
use crate::store::apply::{Applied, Target, apply, observe_all};
use crate::store::{changes, refold, shapes, tables, transactions};

/// One shape and the table it fills.
#[derive(Debug)]
pub(super) struct ShapeRunner {
    pub(super) table: String,
    /// `None`: nothing is read.
    pub(super) machine: Option<Machine>,
    /// Rows that readers see.
    pub(super) rows: u64,
    /// Rows of the log that is loading beside them.
    pub(super) loading: u64,
    /// The newest request when each transaction was accepted: an answer to a later one has seen it.
    accepted_at: HashMap<TransactionId, Attempt>,
    /// Answers whose turn comes later.
    held: HashMap<Attempt, Answer>,
    /// Rows changed since the last up-to-date.
    unpublished: bool,
}

impl ShapeRunner {
    pub(super) fn new(table: &str, machine: Option<Machine>) -> Self {
        Self {
            table: table.to_owned(),
            machine,
            rows: 0,
            loading: 0,
            accepted_at: HashMap::new(),
            held: HashMap::new(),
            unpublished: false,
        }
    }

    pub(super) fn count_rows(&mut self, conn: &Connection) -> Result<()> {
        self.rows = tables::count_rows(conn, &names::synced(&self.table))?;
        if tables::is_staged(conn, &self.table)? {
            self.loading = tables::count_rows(conn, &names::staged(&self.table))?;
        }
        Ok(())
    }

    fn count(&mut self, target: Target, applied: &Applied) {
        let rows = match target {
            Target::Synced => &mut self.rows,
            Target::Staged => &mut self.loading,
        };
        *rows = (*rows + applied.inserted).saturating_sub(applied.deleted);
    }

    fn timer(at: usize) -> TimerId {
        TimerId(timer::SHAPES + at as u32)
    }
}

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
            Step::Abort(attempt) => {
                self.shapes[at].held.remove(&attempt);
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
        batch: crate::shape::machine::Batch<'_>,
    ) -> Result<Stored> {
        let name = self.shapes[at].table.clone();
        let swaps = batch.swaps();
        let transaction = begin(&self.conn)?;
        let known = self.session.table(&name);
        let table = match batch.schema {
            Some(header) => {
                let wanted = self.schema_from(&name, header)?;
                if known.as_deref() == Some(&wanted) {
                    known.clone()
                } else {
                    Some(super::open::adopt(
                        &transaction,
                        &self.session,
                        known.as_deref(),
                        wanted,
                    )?)
                }
            }
            None => known.clone(),
        }
        .ok_or_else(|| Error::Protocol("rows came before a schema".into()))?;
        let schema_is_new = known.as_ref() != Some(&table);
        let target = match batch.generation {
            Generation::Current => Target::Synced,
            Generation::Next => Target::Staged,
        };
        if target == Target::Staged && !tables::is_staged(&transaction, &name)? {
            tables::stage(&transaction, &table)?;
        }
        let applied = match apply(&transaction, &table, target, batch.messages) {
            Ok(applied) => applied,
            Err(error) => {
                // The tables go back with the transaction, so must what we know of them.
                drop(transaction);
                if let (true, Some(known)) = (schema_is_new, known) {
                    self.session.add_table((*known).clone());
                }
                return Err(error);
            }
        };
        if applied.unknown_updates > 0 {
            return Ok(Stored::RowsAreMissing);
        }
        if swaps {
            tables::swap(&transaction, &table)?;
            observe_all(&transaction, &table)?;
        }
        if let Some(head) = batch.up_to_date {
            let seen =
                self.shapes[at].passed(&transaction, batch.attempt, head.global_last_seen_lsn)?;
            for id in seen {
                changes::mark_transaction_seen(&transaction, id, &name)?;
            }
        }
        let confirmed = super::uploading::confirm_all(&transaction, &self.session, &self.client)?;
        shapes::save_progress(&transaction, &name, &batch.stored)?;
        transaction.commit()?;

        let shape = &mut self.shapes[at];
        shape.count(target, &applied);
        if swaps {
            shape.rows = std::mem::take(&mut shape.loading);
        }
        shape.unpublished |= target == Target::Synced && applied != Applied::default() || swaps;
        if batch.up_to_date.is_some() && std::mem::take(&mut shape.unpublished) {
            self.touch_table(&name);
        }
        self.announce_confirmed(confirmed);
        if schema_is_new {
            self.analyses.clear();
            self.touch_table(&name);
            self.release_awaiting(now, rng);
        }
        Ok(Stored::Whole)
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

impl ShapeRunner {
    /// The accepted transactions that this up-to-date contains: asked for after they were accepted, and at or
    /// past a position read after their commit. Strictly below that position everything is here.
    fn passed(
        &self,
        conn: &Connection,
        attempt: Attempt,
        head: Option<Lsn>,
    ) -> Result<Vec<TransactionId>> {
        let Some(head) = head else {
            return Ok(Vec::new());
        };
        Ok(transactions::accepted_positions(conn)?
            .into_iter()
            .filter(|(id, lsn)| {
                let begun_after = self
                    .accepted_at
                    .get(id)
                    .is_none_or(|newest| attempt > *newest);
                begun_after && *lsn <= head
            })
            .map(|(id, _)| id)
            .collect())
    }

    /// What the status shows.
    pub(super) fn phase(&self) -> Phase {
        self.machine.as_ref().map_or(Phase::Paused, Machine::phase)
    }
}

/// Folds the rows of a transaction again. Wants a transaction.
pub(super) fn refold_all(conn: &Connection, rows: &transactions::Touched) -> Result<()> {
    for (table, key) in rows {
        refold(conn, table, key)?;
    }
    Ok(())
}
