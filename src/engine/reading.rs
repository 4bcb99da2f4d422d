//! The read path: a shape's steps performed on the database and handed to the shell.

use rusqlite::Connection;

use super::runner::ShapeRunner;
use super::storing::Stored;
use super::{Answer, Effect, Endpoint, Engine, Failure, Fetch, Owner, timer};
use crate::error::{Error, Result};
use crate::ids::{Millis, TimerId, TransactionId};
use crate::schema::names;
use crate::shape::machine::{Attempt, FetchFailure};
use crate::shape::{Event, ResponseHeaders, Step};
use crate::store::{refold, transactions};

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
        if let Some(shape) = self.shapes.get_mut(at)
            && std::mem::take(&mut shape.advanced)
        {
            self.advance_group(now, rng, at);
        }
        self.settle_awaiting(now, rng, at);
        self.load_next_subset(now, rng, at);
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
                self.held.remove((at, attempt));
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
                if let Some(answer) = self.held.remove((at, attempt)) {
                    // The chunk after it loads while it is stored: the request has to be on its way first.
                    self.shape_headed(now, rng, at, attempt, answer.status, &answer.headers);
                    self.held.insert((at, attempt), answer);
                    self.shapes[at].released = Some(attempt);
                    let release = TimerId(timer::RELEASES + at as u32);
                    self.effects.push(Effect::SetTimer(release, now));
                }
            }
            // The shell asks for the headers of each request anew: the first fresh ones at once, then by backoff.
            Step::Fail(Error::Auth(_)) => {
                self.shape(now, rng, at, Event::HeadersChanged);
                self.fail_awaiting(at);
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
            Err(error) => {
                self.note_failure(&error);
                Event::CommitFailed(error)
            }
        };
        self.shape(now, rng, at, event);
        // The request whose turn it is now may have its head already.
        let shape = self.shapes.get_mut(at);
        if let Some((attempt, status, headers)) = shape.and_then(|shape| shape.last_head.take()) {
            self.shape_headed(now, rng, at, attempt, status, &headers);
        }
    }

    /// Reads the answer that was held, unless it was given up meanwhile.
    pub(super) fn release(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize) {
        let shape = self.shapes.get_mut(at);
        if let Some(attempt) = shape.and_then(|shape| shape.released.take())
            && let Some(answer) = self.held.remove((at, attempt))
        {
            self.shape_answered(now, rng, at, attempt, answer);
        }
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
            Failure::TooLarge => FetchFailure::Unsent(Failure::too_large()),
            Failure::Unsent(error) => FetchFailure::Unsent(error),
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

    /// Marks a table's objects as written.
    pub(super) fn touch_table(&mut self, name: &str) {
        self.touched.add(
            [names::synced(name), names::local(name)].map(|object| object.to_ascii_lowercase()),
        );
    }
}

/// Folds the rows of a transaction again. Wants a transaction.
pub(super) fn refold_all(conn: &Connection, rows: &transactions::Touched) -> Result<()> {
    for (table, key) in rows {
        refold(conn, table, key)?;
    }
    Ok(())
}
