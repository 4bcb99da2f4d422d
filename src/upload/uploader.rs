//! [`Uploader`]: when a POST goes and what follows its answer.

use super::batch::BATCH_TRANSACTIONS;
use super::outcome::{Outcome, ServerVerdict, classify};
use crate::backoff::Backoff;
use crate::error::{Error, ErrorReport};
use crate::ids::Millis;

/// What happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// There may be something to send.
    Queued,
    /// The engine took [`Step::Send`] and posted these.
    Sent(Vec<String>),
    /// The answer came.
    Answered {
        /// HTTP status; 0 for a redirect that was not followed.
        status: u16,
        /// The body is an HTML page.
        is_html: bool,
        /// `retry-after` in milliseconds.
        retry_after: Option<u64>,
        /// The body.
        body: &'a str,
    },
    /// No answer came.
    Failed(String),
    /// The database could not take a step: what was sent goes again, its idempotency key makes that safe.
    StoreFailed(Error),
    /// The timer of [`Step::Wait`] fired.
    Timer,
    /// The app disconnected.
    Pause,
    /// The app connected, or the network is back.
    Resume,
}

/// What to do, in order.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Post the first queued transactions, this many at most; then say [`Event::Sent`]. Nothing queued: stop.
    Send {
        /// Transactions in one POST at most.
        limit: usize,
    },
    /// Write these verdicts down; transactions that were sent and are not named are queued again.
    Settle(Vec<ServerVerdict>),
    /// Reject the only transaction that was sent.
    Refuse(ErrorReport),
    /// What was sent is queued again.
    Requeue,
    /// Set the timer.
    Wait {
        /// When it is due.
        until: Millis,
    },
    /// Abort the POST.
    Abort,
}

/// Decides when a POST goes and what follows its answer.
///
/// | state | event | next | steps |
/// |---|---|---|---|
/// | Idle, Waiting | `Queued` | Idle / Waiting | Idle: `Send` |
/// | Idle | `Sent` | Sending | |
/// | Sending | `Answered`, settled | Idle | `Settle`, `Send` |
/// | Sending | `Answered`, split | Idle | `Requeue`, `Send` with half the limit |
/// | Sending | `Answered`, refused | Idle | `Refuse`, `Send` |
/// | Sending | `Answered`, retry; `Failed` | Waiting | `Requeue`, `Wait` |
/// | any but Paused | `StoreFailed` | Waiting | `Requeue`, `Wait` |
/// | Waiting | `Timer` once due | Idle | `Send` |
/// | any | `Pause` | Paused | `Requeue` and `Abort` when Sending |
/// | Paused, Waiting | `Resume` | Idle | `Send`; before the server's `Retry-After` is over: `Wait` until then |
///
/// Every other pair changes nothing. Invariant: unless Paused, a queue that is not empty is either Sending or
/// has a timer.
#[derive(Debug)]
pub struct Uploader {
    state: State,
    limit: usize,
    backoff: Backoff,
    error: Option<Error>,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Idle,
    Sending(Vec<String>),
    Waiting {
        until: Millis,
        /// What the server asked for: nothing goes earlier, whatever happens.
        not_before: Millis,
    },
    Paused,
}

impl Uploader {
    /// Starts out paused or idle.
    pub fn new(paused: bool) -> Self {
        Self {
            state: if paused { State::Paused } else { State::Idle },
            limit: BATCH_TRANSACTIONS,
            backoff: Backoff::default(),
            error: None,
        }
    }

    /// A POST is on its way.
    pub fn is_sending(&self) -> bool {
        matches!(self.state, State::Sending(_))
    }

    /// Nothing is sent until [`Event::Resume`].
    pub fn is_paused(&self) -> bool {
        self.state == State::Paused
    }

    /// When the next attempt is due.
    pub fn retry_at(&self) -> Option<Millis> {
        match self.state {
            State::Waiting { until, .. } => Some(until),
            State::Idle | State::Sending(_) | State::Paused => None,
        }
    }

    /// Failed attempts in a row.
    pub fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    /// The last failure, until the next success.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Takes one event; the steps are to be done in order.
    pub fn handle(&mut self, now: Millis, rng: &mut fastrand::Rng, event: Event<'_>) -> Vec<Step> {
        match event {
            Event::Queued => match self.state {
                State::Idle => vec![self.send()],
                State::Sending(_) | State::Waiting { .. } | State::Paused => vec![],
            },
            Event::Sent(ids) => {
                self.state = State::Sending(ids);
                vec![]
            }
            Event::Answered {
                status,
                is_html,
                retry_after,
                body,
            } => {
                let State::Sending(sent) = &self.state else {
                    return vec![];
                };
                let outcome = classify(status, is_html, retry_after, body, sent);
                self.answered(now, rng, outcome)
            }
            Event::Failed(reason) => match self.state {
                State::Sending(_) => self.wait(now, rng, Error::Network(reason), None),
                State::Idle | State::Waiting { .. } | State::Paused => vec![],
            },
            Event::StoreFailed(error) => match self.state {
                State::Paused => vec![],
                State::Idle | State::Sending(_) | State::Waiting { .. } => {
                    self.wait(now, rng, error, None)
                }
            },
            Event::Timer => match self.state {
                State::Waiting { until, .. } if until <= now => self.resume(),
                State::Waiting { until, .. } => vec![Step::Wait { until }],
                State::Idle | State::Sending(_) | State::Paused => vec![],
            },
            Event::Pause => {
                let sending = self.is_sending();
                self.state = State::Paused;
                if sending {
                    vec![Step::Abort, Step::Requeue]
                } else {
                    vec![]
                }
            }
            Event::Resume => match self.state {
                State::Waiting { not_before, .. } if now < not_before => {
                    self.state = State::Waiting {
                        until: not_before,
                        not_before,
                    };
                    vec![Step::Wait { until: not_before }]
                }
                State::Paused | State::Waiting { .. } => self.resume(),
                State::Idle | State::Sending(_) => vec![],
            },
        }
    }

    fn answered(&mut self, now: Millis, rng: &mut fastrand::Rng, outcome: Outcome) -> Vec<Step> {
        match outcome {
            // Without this an answer that names nothing would go round without a pause.
            Outcome::Settled(verdicts) if verdicts.is_empty() => {
                let error = "the write endpoint's answer names none of the transactions sent";
                self.wait(now, rng, Error::Endpoint(error.into()), None)
            }
            Outcome::Settled(verdicts) => {
                self.succeeded();
                self.limit = (self.limit * 2).min(BATCH_TRANSACTIONS);
                vec![Step::Settle(verdicts), self.send()]
            }
            Outcome::Split => {
                let sent = match &self.state {
                    State::Sending(sent) => sent.len(),
                    State::Idle | State::Waiting { .. } | State::Paused => self.limit,
                };
                self.state = State::Idle;
                self.limit = (sent / 2).max(1);
                vec![Step::Requeue, self.send()]
            }
            Outcome::Refused(error) => {
                self.succeeded();
                vec![Step::Refuse(error), self.send()]
            }
            Outcome::Retry { error, after } => self.wait(now, rng, error, after),
        }
    }

    fn succeeded(&mut self) {
        self.state = State::Idle;
        self.backoff.reset();
        self.error = None;
    }

    fn wait(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        error: Error,
        after: Option<u64>,
    ) -> Vec<Step> {
        self.error = Some(error);
        let until = now.after(self.backoff.fail(rng, after));
        self.state = State::Waiting {
            until,
            not_before: now.after(after.unwrap_or(0)),
        };
        vec![Step::Requeue, Step::Wait { until }]
    }

    fn resume(&mut self) -> Vec<Step> {
        self.state = State::Idle;
        vec![self.send()]
    }

    fn send(&self) -> Step {
        Step::Send { limit: self.limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::Verdict;

    struct World {
        uploader: Uploader,
        rng: fastrand::Rng,
        now: Millis,
    }

    impl World {
        fn sending(ids: &[&str]) -> Self {
            let mut world = Self {
                uploader: Uploader::new(false),
                rng: fastrand::Rng::with_seed(1),
                now: Millis(1_000_000),
            };
            assert!(matches!(world.on(Event::Queued)[..], [Step::Send { .. }]));
            world.on(Event::Sent(ids.iter().map(ToString::to_string).collect()));
            world
        }

        fn on(&mut self, event: Event<'_>) -> Vec<Step> {
            self.uploader.handle(self.now, &mut self.rng, event)
        }

        fn answer(&mut self, status: u16, body: &str) -> Vec<Step> {
            self.on(Event::Answered {
                status,
                is_html: false,
                retry_after: None,
                body,
            })
        }
    }

    #[test]
    fn one_post_at_a_time() {
        let mut world = World::sending(&["c:1"]);
        assert_eq!(world.on(Event::Queued), []);
        let steps = world.answer(200, "");
        assert!(matches!(
            &steps[..],
            [Step::Settle(verdicts), Step::Send { .. }]
                if matches!(verdicts[0].verdict, Verdict::Accepted { .. })
        ));
    }

    #[test]
    fn a_refused_batch_is_halved_until_the_guilty_one_stands_alone() {
        let mut world = World::sending(&["c:1", "c:2", "c:3", "c:4"]);
        assert_eq!(
            world.answer(422, ""),
            [Step::Requeue, Step::Send { limit: 2 }]
        );
        world.on(Event::Sent(vec!["c:1".into(), "c:2".into()]));
        assert_eq!(
            world.answer(422, ""),
            [Step::Requeue, Step::Send { limit: 1 }]
        );
        world.on(Event::Sent(vec!["c:1".into()]));
        assert!(matches!(world.answer(422, "")[..], [Step::Refuse(_), _]));
    }

    #[test]
    fn a_failure_waits_and_the_queue_is_never_forgotten() {
        let mut world = World::sending(&["c:1"]);
        let steps = world.answer(503, "");
        let [Step::Requeue, Step::Wait { until }] = steps[..] else {
            panic!("{steps:?}");
        };
        assert_eq!(world.on(Event::Queued), []);
        assert_eq!(world.uploader.error().map(Error::code), Some("NETWORK"));
        world.now = until;
        assert!(matches!(world.on(Event::Timer)[..], [Step::Send { .. }]));
    }

    #[test]
    fn an_answer_that_names_nothing_does_not_spin() {
        let mut world = World::sending(&["c:1"]);
        let steps = world.answer(200, r#"{"transactions":[]}"#);
        assert!(matches!(steps[..], [Step::Requeue, Step::Wait { .. }]));
    }

    #[test]
    fn disconnecting_aborts_and_requeues() {
        let mut world = World::sending(&["c:1"]);
        assert_eq!(world.on(Event::Pause), [Step::Abort, Step::Requeue]);
        assert_eq!(world.answer(200, ""), []);
        assert_eq!(world.on(Event::Queued), []);
        assert!(matches!(world.on(Event::Resume)[..], [Step::Send { .. }]));
    }
}
