//! Subsets of `changes_only` shapes: asked for by the app, and again with every new log.
//!
//! While one is on its way the log stands still at a response boundary, so the rows that come are never older than
//! what the log has told (protocol section 10).

use std::collections::VecDeque;

use super::{Answer, Effect, Endpoint, Engine, Failure, Fetch, Owner, Purpose, begin, timer};
use crate::backoff::Backoff;
use crate::error::{Error, Result};
use crate::ids::{Handle, Lsn, Millis, RequestId, TimerId};
use crate::schema::Subset;
use crate::shape::machine::{Phase, Received};
use crate::shape::protocol::{CATCH_UP_TIMEOUT_MS, SUBSET_RETRIES};
use crate::shape::subset::{self, SubsetRows, SubsetTrouble};
use crate::shape::{Event, Machine, ResponseHeaders};
use crate::store::apply::{Mark, Target, apply};
use crate::store::{membership, shapes, subsets};
use crate::tabs::Reply;

/// The subsets that a shape has still to load.
#[derive(Debug, Default)]
pub(super) struct Subsets {
    queue: VecDeque<Wanted>,
    /// The first of them is on its way, and the log stands still.
    out: bool,
    /// Nobody waits for a reload, so it is tried until it succeeds.
    backoff: Backoff,
    /// The timer is set for that.
    waits: bool,
    /// The log that a subset found to be dead: there is nothing to ask before the next one.
    dead: Option<Handle>,
}

#[derive(Debug)]
struct Wanted {
    subset: Subset,
    /// `None`: it is loaded again with a new log.
    request: Option<RequestId>,
    tries: u32,
}

impl Subsets {
    /// Whether one is on its way.
    pub(super) fn is_out(&self) -> bool {
        self.out
    }

    /// Whether the new log still misses some.
    pub(super) fn reload(&self) -> bool {
        self.queue.iter().any(|wanted| wanted.request.is_none())
    }
}

impl Engine {
    /// Queues a subset; its reply follows with its rows.
    pub(super) fn load_subset(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        id: RequestId,
        (table, name): (&str, &str),
        subset: Subset,
    ) {
        match self.shape_for_subset(table, name, &subset) {
            Err(error) => self.effects.push(Effect::Reply(id, Err(error))),
            Ok(at) => {
                self.shapes[at].subsets.queue.push_back(Wanted {
                    subset,
                    request: Some(id),
                    tries: 0,
                });
                self.load_next_subset(now, rng, at);
            }
        }
    }

    fn shape_for_subset(&self, table: &str, name: &str, subset: &Subset) -> Result<usize> {
        subset.check()?;
        let at = self
            .position_of(table, name)
            .filter(|at| !self.shapes[*at].removed);
        let at =
            at.ok_or_else(|| Error::Argument(format!("table {table:?} has no shape {name:?}")))?;
        let shape = &self.shapes[at];
        if !self.connected {
            return Err(Error::Network("sync is switched off".into()));
        }
        if !shape.is_partial() {
            return Err(Error::Argument(format!(
                "table {table}: all rows of a shape are synced, but for one with log \"changes_only\""
            )));
        }
        Ok(at)
    }

    /// All subsets that the old log had belong to the new one.
    pub(super) fn reload_subsets(&mut self, at: usize) -> Result<()> {
        let shape = &mut self.shapes[at];
        shape
            .subsets
            .queue
            .retain(|wanted| wanted.request.is_some());
        for subset in subsets::load(&self.conn, shape.id)?.into_iter().rev() {
            shape.subsets.queue.push_front(Wanted {
                subset,
                request: None,
                tries: 0,
            });
        }
        Ok(())
    }

    /// A failed reload has waited long enough: the timer says so, whatever the clock of day does.
    pub(super) fn try_subset_again(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize) {
        if let Some(shape) = self.shapes.get_mut(at) {
            shape.subsets.waits = false;
        }
        self.load_next_subset(now, rng, at);
    }

    /// Asks for the next subset, if the log can stand still.
    pub(super) fn load_next_subset(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize) {
        let Some(shape) = self.shapes.get_mut(at) else {
            return;
        };
        let state = &mut shape.subsets;
        if state.out || state.waits || state.queue.is_empty() || !self.connected {
            return;
        }
        let Some(machine) = &shape.machine else {
            return;
        };
        let position = machine.stored().position.clone();
        let Some(position) =
            position.filter(|position| state.dead.as_ref() != Some(&position.handle))
        else {
            if matches!(machine.phase(), Phase::Waiting | Phase::Failed) {
                let error = machine.last_error().cloned();
                let error =
                    error.unwrap_or_else(|| Error::Network("the shape is not synced".into()));
                self.give_up_subsets(at, &error);
            }
            return;
        };
        let Some(wanted) = state.queue.front() else {
            return;
        };
        let body = subset::body(&wanted.subset);
        let url = machine
            .definition()
            .subset_url(&position.handle, position.offset);
        state.out = true;
        self.shape(now, rng, at, Event::Pause);
        self.fetch(Owner::Subset(at), |id| Fetch {
            id,
            endpoint: Endpoint::Electric,
            url,
            body: Some(body),
            timeout_ms: CATCH_UP_TIMEOUT_MS,
        });
    }

    pub(super) fn subset_answered(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        answer: &Answer,
    ) {
        let handle = self.handle_of(at);
        let headers = ResponseHeaders::new(answer.headers.iter().map(|(n, v)| (n, v)));
        let got = Received {
            now,
            status: answer.status,
            headers: &headers,
            body: &answer.body,
        };
        let read = match &handle {
            Some(handle) => subset::read(&got, handle),
            None => Err(SubsetTrouble::Ended),
        };
        match read {
            Ok(rows) => {
                let known = self.session.table(&self.shapes[at].table);
                match self.store_subset(at, rows) {
                    Err(error @ (Error::Quota(_) | Error::Storage(_) | Error::Corrupt(_))) => {
                        // The table went back with the transaction, so must what we know of it.
                        let name = self.shapes[at].table.clone();
                        self.session.set_table(&name, known);
                        self.note_failure(&error);
                        self.subset_troubled(now, rng, at, error, false);
                    }
                    stored => self.end_subset(at, stored),
                }
            }
            Err(SubsetTrouble::Ended) => {
                self.shapes[at].subsets.dead = handle;
                self.subset_to_be_repeated(at);
            }
            Err(SubsetTrouble::Failed(error)) => {
                let lasts = !error.retryable();
                self.subset_troubled(now, rng, at, error, lasts);
            }
        }
        self.go_on(now, rng, at);
    }

    pub(super) fn subset_failed(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        failure: Failure,
    ) {
        let error = match failure {
            Failure::Unsent(error) => error,
            Failure::TooLarge => Failure::too_large(),
            _ => Error::Network("no connection to the shape URL".into()),
        };
        self.subset_troubled(now, rng, at, error, false);
        self.go_on(now, rng, at);
    }

    /// `lasts`: the server would say the same of this subset again.
    fn subset_troubled(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        error: Error,
        lasts: bool,
    ) {
        let state = &mut self.shapes[at].subsets;
        let reloads = state
            .queue
            .front()
            .is_some_and(|wanted| wanted.request.is_none());
        if lasts || !reloads {
            return self.end_subset(at, Err(error));
        }
        let until = now.after(state.backoff.fail(rng, None));
        state.waits = true;
        let timer = TimerId(timer::SUBSETS + at as u32);
        self.effects.push(Effect::SetTimer(timer, until));
    }

    /// The log has ended under the subset: it waits for the next one, a few times.
    fn subset_to_be_repeated(&mut self, at: usize) {
        let state = &mut self.shapes[at].subsets;
        let Some(wanted) = state.queue.front_mut() else {
            return;
        };
        wanted.tries += 1;
        if wanted.request.is_some() && wanted.tries > SUBSET_RETRIES {
            let error = Error::Protocol("the log ends again and again while a subset loads".into());
            self.end_subset(at, Err(error));
        }
    }

    /// The first subset is done with.
    fn end_subset(&mut self, at: usize, outcome: Result<u64>) {
        let shape = &mut self.shapes[at];
        let Some(wanted) = shape.subsets.queue.pop_front() else {
            return;
        };
        match (wanted.request, outcome) {
            (Some(id), outcome) => {
                let reply = outcome.map(Reply::Loaded);
                self.effects.push(Effect::Reply(id, reply));
            }
            (None, Ok(_)) => shape.subsets.backoff.reset(),
            // It can no longer be, so its rows stay out of the new log.
            (None, Err(_)) => {
                let id = shape.id;
                if let Err(error) = subsets::forget(&self.conn, id, Some(&wanted.subset)) {
                    self.effects_failed(&error);
                }
            }
        }
    }

    fn give_up_subsets(&mut self, at: usize, error: &Error) {
        let queue = std::mem::take(&mut self.shapes[at].subsets.queue);
        for wanted in queue {
            match wanted.request {
                Some(id) => self.effects.push(Effect::Reply(id, Err(error.clone()))),
                None => self.shapes[at].subsets.queue.push_back(wanted),
            }
        }
    }

    /// Sync stops: who waits for a subset is told, what belongs to a new log waits on.
    pub(super) fn stop_subsets(&mut self, at: usize) {
        self.abort(Owner::Subset(at));
        self.shapes[at].subsets.out = false;
        self.give_up_subsets(at, &Error::Network("sync was switched off".into()));
    }

    /// The next subset, or the log.
    fn go_on(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize) {
        self.shapes[at].subsets.out = false;
        self.load_next_subset(now, rng, at);
        if self.connected && !self.shapes[at].subsets.out {
            self.shape(now, rng, at, Event::Resume);
        }
    }

    fn handle_of(&self, at: usize) -> Option<Handle> {
        let machine: &Machine = self.shapes.get(at)?.machine.as_ref()?;
        Some(machine.stored().position.as_ref()?.handle.clone())
    }

    /// The rows, marked with what they contain. With the last of a new log's subsets, the log takes its place.
    fn store_subset(&mut self, at: usize, rows: SubsetRows<'_>) -> Result<u64> {
        let shape = &self.shapes[at];
        let known = self.session.table(&shape.table);
        let (id, name, staged) = (shape.id, shape.table.clone(), shape.complete);
        let queue = &shape.subsets.queue;
        let Some(wanted) = queue.front() else {
            return Ok(0);
        };
        let is_last = !queue.iter().skip(1).any(|wanted| wanted.request.is_none());
        let transaction = begin(&self.conn, &self.session, Purpose::Sync)?;
        let table = match shapes::loading(&transaction, id)? {
            Some((schema, true)) if staged => std::sync::Arc::new(schema),
            _ => known
                .clone()
                .ok_or(Error::Protocol("rows came before a schema".into()))?,
        };
        let mark = Mark {
            mark: subsets::save(&transaction, id, &wanted.subset, &rows.snapshot, rows.lsn)?,
            lsn: rows.lsn,
        };
        membership::keep(&transaction, &table, id)?;
        let target = Target {
            table: &table,
            shape: id,
            staged,
            partial: true,
            subset: Some(mark),
            confirm_by: self.config.confirm_by(),
        };
        let count = rows.messages.len() as u64;
        let applied = apply(&transaction, target, rows.messages)?;
        let swapped = if staged && is_last && wanted.request.is_none() {
            Some(self.swap_in(&transaction, id, &table, Lsn::default())?)
        } else {
            None
        };
        let confirmed = super::uploading::confirm_all(&transaction, &self.session, &self.client)?;
        transaction.commit()?;
        let shape = &mut self.shapes[at];
        if let Some((_, misfits)) = swapped {
            shape.complete = false;
            if let Err(error) = self.announce_rejected(misfits) {
                self.effects_failed(&error);
            }
        }
        if let Some(table) = self.session.table(&name)
            && let Err(error) = self.shapes[at].count_rows(&self.conn, &table)
        {
            self.effects_failed(&error);
        }
        if !staged || applied.changed_rows() {
            self.touch_table(&name);
        }
        self.announce_confirmed(confirmed);
        self.status_is_stale = true;
        Ok(count)
    }
}
