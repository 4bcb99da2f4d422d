//! One handler an event; each says for every state what follows.

use super::outcome::Next;
use super::*;

impl<'a> Turn<'_, 'a> {
    pub(super) fn transition(&mut self, state: State, event: Event<'a>) -> State {
        match event {
            Event::Start => self.start(state),
            Event::ResponseHead {
                attempt,
                status,
                headers,
            } => self.response_head(state, attempt, status, headers),
            Event::Response {
                attempt,
                status,
                headers,
                body,
            } => {
                let now = self.now;
                let got = Received {
                    now,
                    status,
                    headers,
                    body,
                };
                self.response(state, attempt, got)
            }
            Event::Failed { attempt, failure } => self.failed(state, attempt, failure),
            Event::Committed => self.committed(state),
            Event::CommitFailed(error) => self.commit_failed(state, error),
            Event::Timer => self.timer(state),
            Event::Refresh => self.refresh(state),
            Event::Refetch => self.refetch_requested(state),
            Event::Pause => self.pause(state),
            Event::Resume => self.resume(state),
            Event::HeadersChanged => self.headers_changed(state),
        }
    }

    fn start(&mut self, state: State) -> State {
        match state {
            State::Idle => self.request_catch_up(),
            State::Failed => self.start_over(),
            same @ (State::Requesting { .. }
            | State::Applying { .. }
            | State::Waiting(_)
            | State::Paused { .. }) => same,
        }
    }

    /// The app acted: what was held against the server is forgotten.
    fn start_over(&mut self) -> State {
        let session = &mut self.shape.session;
        session.stale = 0;
        session.healed = false;
        session.refused = 0;
        self.request_catch_up()
    }

    fn response_head(
        &mut self,
        state: State,
        attempt: Attempt,
        status: u16,
        headers: &ResponseHeaders,
    ) -> State {
        match state {
            State::Requesting {
                current,
                ahead: None,
                again,
            } if current.attempt == attempt && status == 200 => {
                let next = answer::next_chunk(&current, &self.shape.stored, headers);
                // The same place again is no chunk ahead but a wait, which the guards have to see.
                let ahead = next
                    .filter(|next| current.position.as_ref() != Some(next))
                    .map(|position| Ahead {
                        flight: self.send(Some(position), false),
                        held: false,
                    });
                State::Requesting {
                    current,
                    ahead,
                    again,
                }
            }
            same @ (State::Idle
            | State::Requesting { .. }
            | State::Applying { .. }
            | State::Waiting(_)
            | State::Failed
            | State::Paused { .. }) => same,
        }
    }

    fn response(&mut self, state: State, attempt: Attempt, got: Received<'a>) -> State {
        match state {
            State::Requesting {
                current,
                ahead,
                again,
            } => {
                if current.attempt == attempt {
                    self.answered(current, ahead, again, got)
                } else {
                    let ahead = self.hold_ahead(ahead, attempt);
                    State::Requesting {
                        current,
                        ahead,
                        again,
                    }
                }
            }
            State::Applying { pending, ahead } => {
                let ahead = self.hold_ahead(ahead, attempt);
                State::Applying { pending, ahead }
            }
            same @ (State::Idle | State::Waiting(_) | State::Failed | State::Paused { .. }) => same,
        }
    }

    fn hold_ahead(&mut self, ahead: Option<Ahead>, attempt: Attempt) -> Option<Ahead> {
        let mut ahead = ahead?;
        if ahead.flight.attempt == attempt && !ahead.held {
            ahead.held = true;
            self.steps.push(Step::Hold(attempt));
        }
        Some(ahead)
    }

    fn failed(&mut self, state: State, attempt: Attempt, failure: FetchFailure) -> State {
        match state {
            State::Requesting {
                current,
                ahead,
                again,
            } => {
                if current.attempt != attempt {
                    let ahead = ahead.filter(|ahead| ahead.held || ahead.flight.attempt != attempt);
                    return State::Requesting {
                        current,
                        ahead,
                        again,
                    };
                }
                self.abort_ahead(ahead);
                let timed_out = matches!(failure, FetchFailure::Timeout);
                self.shape.session.live_failed |= current.live && !timed_out;
                match failure {
                    FetchFailure::Timeout if current.live => self.request_catch_up(),
                    FetchFailure::Timeout => {
                        let error = Error::Network("the server did not answer in time".into());
                        self.retry(Some(self.worded(error)), None)
                    }
                    FetchFailure::Network => {
                        let error = Error::Network("no connection to the shape URL".into());
                        self.retry(Some(error), None)
                    }
                    FetchFailure::Aborted => self.retry(None, None),
                    FetchFailure::Unsent(error) if error.retryable() => {
                        self.retry(Some(error), None)
                    }
                    FetchFailure::Unsent(error) => self.fail(error),
                }
            }
            State::Applying { pending, ahead } => State::Applying {
                pending,
                ahead: ahead.filter(|ahead| ahead.held || ahead.flight.attempt != attempt),
            },
            same @ (State::Idle | State::Waiting(_) | State::Failed | State::Paused { .. }) => same,
        }
    }

    fn committed(&mut self, state: State) -> State {
        match state {
            State::Applying { pending, ahead } => match self.adopt(pending) {
                Next::AfterDelay(delay) => {
                    self.abort_ahead(ahead);
                    self.ended_again(delay)
                }
                Next::Request { again } => self.proceed(ahead, again),
            },
            State::Paused {
                pending: Some(pending),
            } => {
                self.adopt(pending);
                State::Paused { pending: None }
            }
            same @ (State::Idle
            | State::Requesting { .. }
            | State::Waiting(_)
            | State::Failed
            | State::Paused { pending: None }) => same,
        }
    }

    fn commit_failed(&mut self, state: State, error: Error) -> State {
        match state {
            State::Applying { pending, ahead } => {
                self.abort_ahead(ahead);
                self.not_stored(pending);
                // A storage that fails may work again, and the rows are still to be had.
                if error.retryable() || matches!(error, Error::Storage(_)) {
                    self.retry(Some(error), None)
                } else {
                    self.fail(error)
                }
            }
            State::Paused {
                pending: Some(pending),
            } => {
                self.not_stored(pending);
                self.shape.session.last_error = Some(error);
                State::Paused { pending: None }
            }
            same @ (State::Idle
            | State::Requesting { .. }
            | State::Waiting(_)
            | State::Failed
            | State::Paused { pending: None }) => same,
        }
    }

    fn timer(&mut self, state: State) -> State {
        match state {
            State::Waiting(span) if span.covers(self.now) => {
                self.steps.push(Step::Wait { until: span.until });
                State::Waiting(span)
            }
            State::Waiting(_) if self.shape.session.refetch.is_some() => self.request(),
            State::Waiting(_) => self.fetch(false),
            same @ (State::Idle
            | State::Requesting { .. }
            | State::Applying { .. }
            | State::Failed
            | State::Paused { .. }) => same,
        }
    }

    fn refresh(&mut self, state: State) -> State {
        match state {
            State::Requesting { current, ahead, .. } if current.live => {
                self.abort(current.attempt);
                self.abort_ahead(ahead);
                self.shape.session.polls = Default::default();
                self.request_catch_up()
            }
            State::Requesting { current, ahead, .. } => State::Requesting {
                current,
                ahead,
                again: true,
            },
            State::Applying { mut pending, ahead } => {
                pending.ask_again();
                State::Applying { pending, ahead }
            }
            State::Waiting(_) | State::Failed => self.request_catch_up(),
            same @ (State::Idle | State::Paused { .. }) => same,
        }
    }

    fn refetch_requested(&mut self, state: State) -> State {
        let refetch = &mut self.shape.session.refetch;
        refetch.get_or_insert_with(|| RefetchReason::Requested.into());
        match state {
            State::Requesting { current, ahead, .. } => {
                self.abort(current.attempt);
                self.abort_ahead(ahead);
                self.request_catch_up()
            }
            State::Applying { ahead, .. } => {
                self.abort_ahead(ahead);
                self.request_catch_up()
            }
            State::Waiting(_) => self.request_catch_up(),
            State::Failed => self.start_over(),
            same @ (State::Idle | State::Paused { .. }) => same,
        }
    }

    fn pause(&mut self, state: State) -> State {
        self.shape.session.at_head = false;
        match state {
            State::Requesting { current, ahead, .. } => {
                self.abort(current.attempt);
                self.abort_ahead(ahead);
                State::Paused { pending: None }
            }
            State::Applying { mut pending, ahead } => {
                self.abort_ahead(ahead);
                pending.ask_again();
                State::Paused {
                    pending: Some(pending),
                }
            }
            State::Idle | State::Waiting(_) | State::Failed => State::Paused { pending: None },
            State::Paused { pending } => State::Paused { pending },
        }
    }

    fn resume(&mut self, state: State) -> State {
        match state {
            State::Paused {
                pending: Some(pending),
            } => State::Applying {
                pending,
                ahead: None,
            },
            State::Paused { pending: None } => self.request_catch_up(),
            same @ (State::Idle
            | State::Requesting { .. }
            | State::Applying { .. }
            | State::Waiting(_)
            | State::Failed) => same,
        }
    }

    /// The first fresh headers are tried at once; an app that returns the same stale ones again and again is slowed down.
    fn headers_changed(&mut self, state: State) -> State {
        match state {
            State::Failed if self.shape.session.refused > 1 => self.retry(None, None),
            State::Failed => self.request_catch_up(),
            same @ (State::Idle
            | State::Requesting { .. }
            | State::Applying { .. }
            | State::Waiting(_)
            | State::Paused { .. }) => same,
        }
    }
}
