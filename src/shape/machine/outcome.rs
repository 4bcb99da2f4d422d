//! What follows an answer, and what follows its commit.

use super::*;

impl<'a> Turn<'_, 'a> {
    pub(super) fn answered(
        &mut self,
        current: Flight,
        ahead: Option<Ahead>,
        again: bool,
        got: Received<'a>,
    ) -> State {
        let session = &mut self.shape.session;
        let guard = if current.live {
            &mut session.polls
        } else {
            &mut session.catch_ups
        };
        guard.answered(current.begun, self.now);
        match answer::read(&current, &self.shape.stored, &got) {
            Ok(part) => self.apply(current, ahead, again, part),
            Err(trouble) => {
                self.abort_ahead(ahead);
                self.shape.session.at_head = false;
                self.troubled(current, trouble)
            }
        }
    }

    fn apply(
        &mut self,
        current: Flight,
        ahead: Option<Ahead>,
        again: bool,
        part: LogPart<'a>,
    ) -> State {
        let mut stored = self.shape.stored.clone();
        let generation = stored.generation;
        stored.position = Some(part.position);
        if part.up_to_date.is_some() {
            stored.generation = Generation::Current;
            stored.synced_at = Some(self.now);
        }
        self.steps.push(Step::Apply(Batch {
            attempt: current.attempt,
            messages: part.messages,
            body: part.body,
            schema: part.schema,
            generation,
            up_to_date: part.up_to_date,
            stored: stored.clone(),
        }));
        let change = Change::Rows {
            cursor: part.cursor,
            up_to_date: part.up_to_date.is_some(),
            live: current.live,
            again,
        };
        State::Applying {
            pending: Pending { stored, change },
            ahead,
        }
    }

    fn troubled(&mut self, current: Flight, trouble: Trouble) -> State {
        match trouble {
            Trouble::Stale { reason, cure } => self.stale(reason, cure),
            Trouble::Ended {
                reason,
                expired,
                suggested,
            } => match current.position {
                Some(_) => self.ended(reason, expired, suggested),
                None => self.restart(suggested),
            },
            Trouble::Retry {
                error,
                floor_ms,
                past_cache,
            } => {
                if past_cache {
                    self.pass_caches();
                }
                self.shape.session.live_failed |= current.live;
                self.retry(Some(self.worded(error)), floor_ms)
            }
            Trouble::Fail(error) => {
                if matches!(error, Error::Auth(_)) {
                    self.shape.session.refused += 1;
                }
                self.fail(error)
            }
        }
    }

    fn ended(
        &mut self,
        reason: RefetchReason,
        expired: Option<Handle>,
        suggested: Option<Handle>,
    ) -> State {
        let delay_ms = self.shape.session.refetches.note(self.now);
        self.refetch(Due {
            reason,
            expired,
            suggested,
            delay_ms,
        })
    }

    /// A 503 can stand for a fault that no waiting cures (trap 44), so a long series says so.
    pub(super) fn worded(&self, error: Error) -> Error {
        match error {
            Error::Network(text)
                if self.shape.session.backoff.failures() >= PERSISTENT_FAILURES =>
            {
                Error::Network(format!(
                    "{text}; {} failures in a row: the server may need attention (its log says why)",
                    self.shape.session.backoff.failures() + 1
                ))
            }
            other => other,
        }
    }

    /// Asks again past the cache, a few times; then what the cache says is given one chance to be true.
    fn stale(&mut self, reason: String, cure: Cure) -> State {
        self.pass_caches();
        let session = &mut self.shape.session;
        session.stale += 1;
        if session.stale <= STALE_RETRIES {
            return self.request_catch_up();
        }
        match cure {
            Cure::Forgive(handle) if !session.healed => {
                session.healed = true;
                self.shape.stored.expired.retain(|known| *known != handle);
                self.request_catch_up()
            }
            Cure::Refetch(handle) => {
                session.stale = 0;
                self.ended(RefetchReason::MustRefetch, Some(handle), None)
            }
            Cure::Forgive(_) | Cure::Fail => self.fail(Error::Protocol(format!(
                "{reason}, {} times in a row; the cache before the server must respect the whole query",
                self.shape.session.stale
            ))),
        }
    }

    /// Makes true what the engine has committed.
    pub(super) fn adopt(&mut self, pending: Pending) -> Next {
        let Machine {
            stored, session, ..
        } = &mut *self.shape;
        let moved = stored.position != pending.stored.position;
        *stored = pending.stored;
        match pending.change {
            Change::Rows {
                cursor,
                up_to_date,
                live,
                again,
            } => {
                session.cursor = cursor.or(session.cursor.take());
                session.suggested = None;
                session.cache_buster = None;
                session.stale = 0;
                session.refused = 0;
                if live || !session.live_failed {
                    session.backoff.reset();
                    session.live_failed = false;
                }
                session.last_error = None;
                session.at_head = up_to_date && !again;
                session.healed &= !up_to_date;
                if moved || (up_to_date && !live) {
                    session.catch_ups = Default::default();
                }
                if moved {
                    session.polls = Default::default();
                }
                Next::Request { again }
            }
            Change::NewLog(due) => {
                session.cursor = None;
                session.suggested = due.suggested;
                session.at_head = false;
                self.pass_caches();
                due.delay_ms
                    .map_or(Next::Request { again: false }, Next::AfterDelay)
            }
        }
    }

    /// Goes on with the chunk that is already on its way, or asks for one.
    pub(super) fn proceed(&mut self, ahead: Option<Ahead>, again: bool) -> State {
        match ahead {
            Some(Ahead { flight, held }) if flight.position == self.shape.stored.position => {
                self.shape.session.at_head = false;
                if held {
                    self.steps.push(Step::Release(flight.attempt));
                }
                State::Requesting {
                    current: flight,
                    ahead: None,
                    again,
                }
            }
            other => {
                self.abort_ahead(other);
                self.request()
            }
        }
    }

    /// Rows come again by asking again; a refetch has to be remembered.
    pub(super) fn not_stored(&mut self, pending: Pending) {
        match pending.change {
            Change::NewLog(due) => self.shape.session.refetch = Some(due),
            Change::Rows { .. } => {}
        }
    }
}

/// What follows a commit.
pub(super) enum Next {
    Request { again: bool },
    AfterDelay(u64),
}
