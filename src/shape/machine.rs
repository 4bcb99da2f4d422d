//! The state machine of one shape: what happened in, what to do out.
//!
//! The rules stand in `SPEC.md` beside this file, with the table of states and events that the tests check against it.
//!
//! How an engine drives it:
//!
//! 1. [`Machine::open`] with what the store kept, then [`Event::Start`].
//! 2. Perform the [`Step`]s in order. After [`Step::Apply`] and [`Step::Refetch`] store what they carry in one
//!    transaction and report [`Event::Committed`]; only that moves the position (trap 1).
//! 3. Feed every answer back. Answers to requests that were aborted or replaced are recognised by their [`Attempt`] and
//!    ignored, so an abort needs no acknowledgement.

use std::mem;

use crate::backoff::Span;
use crate::error::Error;
use crate::ids::{Handle, Millis};
use crate::shape::definition::{Log, RequestParams, ShapeDefinition};
use crate::shape::headers::ResponseHeaders;
use crate::shape::offset::{Offset, RequestOffset};
use crate::shape::protocol::{
    CATCH_UP_TIMEOUT_MS, LIVE_TIMEOUT_MS, PERSISTENT_FAILURES, STALE_RETRIES,
};

mod answer;
mod guard;
mod interface;
mod outcome;
mod state;

pub(crate) use answer::{Received, sentence};
pub use interface::*;

use answer::{Cure, LogPart, Trouble};
use state::{Ahead, Change, Due, Flight, Pending, Session, State};

/// One shape's read path.
#[derive(Debug, Clone)]
pub struct Machine {
    definition: ShapeDefinition,
    stored: Stored,
    state: State,
    session: Session,
}

impl Machine {
    /// Continues from what the store kept, if anything. Rows of another definition are read anew.
    pub fn open(definition: ShapeDefinition, stored: Option<Stored>) -> Self {
        let fingerprint = definition.fingerprint();
        let stored = stored.unwrap_or_else(|| Stored::new(fingerprint.clone()));
        let changed = stored.definition != fingerprint;
        Self {
            definition,
            stored,
            state: State::Idle,
            session: Session {
                refetch: changed.then(|| RefetchReason::DefinitionChanged.into()),
                ..Session::default()
            },
        }
    }

    /// Takes an event; says what to do, in order. Never panics and never fails: an event that has no meaning now is
    /// ignored.
    pub fn handle<'a>(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        event: Event<'a>,
    ) -> Vec<Step<'a>> {
        let state = mem::replace(&mut self.state, State::Idle);
        let mut turn = Turn {
            shape: self,
            now,
            rng,
            steps: Vec::new(),
        };
        let next = turn.transition(state, event);
        let steps = turn.steps;
        self.state = next;
        steps
    }

    /// What it is doing.
    pub fn phase(&self) -> Phase {
        match &self.state {
            State::Idle => Phase::Idle,
            State::Requesting { .. } | State::Applying { .. } => {
                if self.session.at_head {
                    Phase::Live
                } else if self.stored.generation == Generation::Next
                    || self.stored.synced_at.is_none()
                {
                    Phase::Loading
                } else {
                    Phase::CatchingUp
                }
            }
            State::Waiting(_) => Phase::Waiting,
            State::Failed => Phase::Failed,
            State::Paused { .. } => Phase::Paused,
        }
    }

    /// The last failure; gone after the next rows are stored.
    pub fn last_error(&self) -> Option<&Error> {
        self.session.last_error.as_ref()
    }

    /// When the next attempt is due, while [`Phase::Waiting`].
    pub fn retry_at(&self) -> Option<Millis> {
        match &self.state {
            State::Waiting(span) => Some(span.until),
            State::Idle
            | State::Requesting { .. }
            | State::Applying { .. }
            | State::Failed
            | State::Paused { .. } => None,
        }
    }

    /// As committed last.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// What it reads.
    pub fn definition(&self) -> &ShapeDefinition {
        &self.definition
    }

    /// The newest request so far: see [`Batch::attempt`].
    pub fn last_attempt(&self) -> Attempt {
        self.session.last_attempt
    }
}

/// One call of [`Machine::handle`]. Every handler takes the state and returns the next; all their matches are total.
struct Turn<'m, 'a> {
    shape: &'m mut Machine,
    now: Millis,
    rng: &'m mut fastrand::Rng,
    steps: Vec<Step<'a>>,
}

mod events;

/// Ways into a state. Each pushes the steps that go with it.
impl<'a> Turn<'_, 'a> {
    /// Asks for what comes next, unless something has to be waited for or done first.
    fn request(&mut self) -> State {
        let session = &mut self.shape.session;
        if let Some(due) = session.refetch.take() {
            return self.refetch(due);
        }
        if let Some(hold) = session.hold.filter(|hold| hold.covers(self.now)) {
            return self.wait(hold);
        }
        let position = self.shape.stored.position.as_ref();
        let live = session.at_head && position.is_some();
        let guard = if live {
            &mut session.polls
        } else {
            &mut session.catch_ups
        };
        match guard.note(position, self.now) {
            None => self.fetch(live),
            Some(delay) => {
                session.last_error = Some(Error::Protocol(
                    "the server answers the same request again and again without progress; a cache may ignore the \
                     query of the shape URL"
                        .into(),
                ));
                self.hold_back(delay)
            }
        }
    }

    fn request_catch_up(&mut self) -> State {
        self.shape.session.at_head = false;
        self.request()
    }

    fn fetch(&mut self, live: bool) -> State {
        let current = self.send(self.shape.stored.position.clone(), live);
        State::Requesting {
            current,
            ahead: None,
            again: false,
        }
    }

    fn send(&mut self, position: Option<Position>, live: bool) -> Flight {
        let Machine {
            definition,
            stored,
            session,
            ..
        } = &mut *self.shape;
        session.last_attempt = Attempt(session.last_attempt.0 + 1);
        let offset = match (&position, definition.log) {
            (Some(position), _) => RequestOffset::After(position.offset),
            (None, Log::Full) => RequestOffset::After(Offset::BeforeAll),
            // What was is loaded by subsets, where it is wanted.
            (None, Log::ChangesOnly) => RequestOffset::Now,
        };
        let handle = position.as_ref().map(|position| &position.handle);
        let url = definition.request_url(&RequestParams {
            offset,
            handle: handle.or(session.suggested.as_ref()),
            live,
            cursor: session.cursor.as_ref(),
            expired: stored.expired.last(),
            cache_buster: session.cache_buster.as_deref(),
        });
        self.steps.push(Step::Fetch(ShapeRequest {
            attempt: session.last_attempt,
            url,
            live,
            timeout_ms: if live {
                LIVE_TIMEOUT_MS
            } else {
                CATCH_UP_TIMEOUT_MS
            },
        }));
        Flight {
            attempt: session.last_attempt,
            position,
            live,
            begun: self.now,
        }
    }

    /// Waits after a failure.
    fn retry(&mut self, error: Option<Error>, floor_ms: Option<u64>) -> State {
        let session = &mut self.shape.session;
        let delay = session.backoff.fail(self.rng, floor_ms);
        if error.is_some() {
            session.last_error = error;
        }
        self.shape.session.hold = floor_ms.map(|floor| self.span(floor));
        self.wait(self.span(delay))
    }

    /// Waits, and no refresh cuts it short.
    fn hold_back(&mut self, delay_ms: u64) -> State {
        let span = self.span(delay_ms);
        self.shape.session.hold = Some(span);
        self.wait(span)
    }

    fn wait(&mut self, span: Span) -> State {
        self.shape.session.at_head = false;
        self.steps.push(Step::Wait { until: span.until });
        State::Waiting(span)
    }

    fn span(&self, ms: u64) -> Span {
        Span::new(self.now, ms)
    }

    fn fail(&mut self, error: Error) -> State {
        self.shape.session.at_head = false;
        self.shape.session.last_error = Some(error.clone());
        self.steps.push(Step::Fail(error));
        State::Failed
    }

    /// Gives the log up and lets the engine make room for the next one.
    fn refetch(&mut self, due: Due) -> State {
        let mut next = self.shape.stored.clone();
        next.position = None;
        next.generation = Generation::Next;
        let fingerprint = self.shape.definition.fingerprint();
        if next.definition != fingerprint {
            next.definition = fingerprint;
            next.expired.clear();
        }
        if let Some(handle) = due.expired.clone() {
            next.expire(handle);
        }
        self.steps.push(Step::Refetch(Refetch {
            reason: due.reason,
            expired: due.expired.clone(),
            suggested: due.suggested.clone(),
            stored: next.clone(),
        }));
        State::Applying {
            pending: Pending {
                stored: next,
                change: Change::NewLog(due),
            },
            ahead: None,
        }
    }

    /// A 409 before the first rows of a log: nothing is stored, so nothing has to be given up.
    fn restart(&mut self, suggested: Option<Handle>) -> State {
        let delay = self.shape.session.refetches.note(self.now);
        self.shape.session.suggested = suggested;
        self.pass_caches();
        match delay {
            Some(delay) => self.ended_again(delay),
            None => self.request_catch_up(),
        }
    }

    fn ended_again(&mut self, delay_ms: u64) -> State {
        self.shape.session.last_error = Some(Error::Protocol(
            "the server ends one log after the other; a cache may ignore the query of the shape URL, or several \
             servers answer behind it"
                .into(),
        ));
        self.hold_back(delay_ms)
    }

    /// Makes the next URLs ones that no cache can know.
    fn pass_caches(&mut self) {
        self.shape.session.cache_buster = Some(format!("{:016x}", self.rng.u64(..)));
    }

    fn abort(&mut self, attempt: Attempt) {
        self.steps.push(Step::Abort(attempt));
    }

    fn abort_ahead(&mut self, ahead: Option<Ahead>) {
        if let Some(ahead) = ahead {
            self.abort(ahead.flight.attempt);
        }
    }
}

#[cfg(test)]
mod tests;
