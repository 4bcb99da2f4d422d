//! [`Uploader`]: when a POST goes and what follows its answer.

use super::batch::{Batch, Take};
use super::outcome::{Outcome, ServerVerdict, classify};
use super::parked::Parked;
use super::step::{Event, Step};
use crate::backoff::{Backoff, Span};
use crate::error::Error;
use crate::ids::Millis;

/// Failures in a row that may be one transaction's fault, before it is looked for.
pub const STRIKES: u32 = 3;
/// How many others are tried beside a transaction that fails alone; when all fail, the server does.
pub const PROBES: usize = 3;

/// Decides when a POST goes and what follows its answer.
///
/// | state | event | next | steps |
/// |---|---|---|---|
/// | Idle | `Queued`; `Timer` while something is parked | Idle | `Send` |
/// | Idle | `Sent` | Sending | |
/// | Idle | `Sent` of nothing, for a search | Waiting | `Wait` |
/// | Sending | `Answered`, settled | Idle | `Settle`, `Send` |
/// | Sending | `Answered`, refused: several | Idle | `Withdraw`, `Send` of half |
/// | Sending | `Answered`, refused: one alone | Idle | `Refuse`, `Send` |
/// | Sending | `Answered`, forbidden | Waiting, once; then as refused | `Requeue`, `Wait` |
/// | Sending | `Answered`, too large | as refused | `Withdraw`, `Send` of half the bytes from now on |
/// | Sending | `Answered`, failed; `Failed` | Waiting, or as below | `Requeue`, `Wait` |
/// | any but Paused | `StoreFailed` | Waiting | `Requeue`, `Wait` |
/// | Waiting | `Timer` once due | Idle | `Send` |
/// | any | `Pause` | Paused | `Requeue` and `Abort` when Sending |
/// | Paused, Waiting | `Resume` | Idle | `Send`; before the server's `Retry-After` is over: `Wait` until then |
///
/// Every other pair changes nothing. Invariant: unless Paused, a queue that is not empty is either Sending or
/// has a timer.
///
/// **The search for a culprit.** Of a batch that was refused the first half goes next, and so on: by halves a single
/// culprit among n stands alone after about log2(n) POSTs, and what came before it has gone through on the way. Then
/// the batches have their full size again. A 403 counts as a refusal when it came again with fresh headers.
///
/// **Failures that may be one transaction's fault** ([`Outcome::Failed`]): after [`STRIKES`] of them in a row the
/// culprit is searched for in the same way. One that fails alone is *parked* on trial, with all that depends on it,
/// and the next transaction tried in its place. If the server takes a stand on that one, the first stays parked: it is
/// tried again, alone, when its own back-off is over, and everything else flows around it. If [`PROBES`] others
/// fail as well, the server is down: nothing is parked, and all wait. A transaction that the server passes over in
/// its answer is parked at once. Parked transactions are not written down: the next session finds them again.
#[derive(Debug)]
pub struct Uploader {
    state: State,
    /// What the app allows; fewer bytes once the server found them too many.
    batch: Batch,
    /// So many at the head of the queue have the culprit among them; 0: none is searched for.
    suspects: usize,
    /// Failures in a row that may be one transaction's fault.
    strikes: u32,
    /// A 403 came since the last success.
    forbidden: bool,
    parked: Parked,
    /// How many of these, the last ones, are on trial.
    trials: usize,
    /// The parked one that is being tried again.
    alone: Option<String>,
    backoff: Backoff,
    error: Option<Error>,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Idle,
    Sending {
        ids: Vec<String>,
        bytes: usize,
    },
    Waiting {
        wait: Span,
        /// What the server asked for: nothing goes earlier, whatever happens.
        not_before: Millis,
    },
    Paused,
}

impl Uploader {
    /// Starts out paused or idle.
    pub fn new(paused: bool, batch: Batch) -> Self {
        Self {
            state: if paused { State::Paused } else { State::Idle },
            batch,
            suspects: 0,
            strikes: 0,
            forbidden: false,
            parked: Parked::default(),
            trials: 0,
            alone: None,
            backoff: Backoff::default(),
            error: None,
        }
    }

    /// A POST is on its way.
    pub fn is_sending(&self) -> bool {
        matches!(self.state, State::Sending { .. })
    }

    /// Nothing is sent until [`Event::Resume`].
    pub fn is_paused(&self) -> bool {
        self.state == State::Paused
    }

    /// When the next attempt is due.
    pub fn retry_at(&self) -> Option<Millis> {
        match self.state {
            State::Waiting { wait, .. } => Some(wait.until),
            State::Idle => self.parked.next_due(),
            State::Sending { .. } | State::Paused => None,
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
                State::Idle => self.send(now, Vec::new()),
                State::Sending { .. } | State::Waiting { .. } | State::Paused => vec![],
            },
            Event::Sent { ids, .. } if ids.is_empty() => self.found_nothing(now, rng),
            Event::Sent { ids, bytes } => {
                self.state = State::Sending { ids, bytes };
                vec![]
            }
            Event::Answered {
                status,
                is_html,
                retry_after,
                body,
            } => match self.take_sent() {
                Some((ids, bytes)) => {
                    let outcome = classify(status, is_html, retry_after, body, &ids);
                    self.answered(now, rng, &ids, bytes, outcome)
                }
                None => vec![],
            },
            Event::Failed(reason) => match self.take_sent() {
                Some((ids, _)) => self.failed(now, rng, &ids, Error::Network(reason), None, false),
                None => vec![],
            },
            Event::StoreFailed(error) => match self.state {
                State::Paused => vec![],
                State::Idle | State::Sending { .. } | State::Waiting { .. } => {
                    self.wait(now, rng, error, None)
                }
            },
            Event::Timer => match self.state {
                State::Waiting { wait, .. } if wait.covers(now) => {
                    vec![Step::Wait { until: wait.until }]
                }
                State::Waiting { .. } => self.send(now, Vec::new()),
                State::Idle if self.parked.next_due().is_some() => self.send(now, Vec::new()),
                State::Idle | State::Sending { .. } | State::Paused => vec![],
            },
            Event::Pause => {
                let sending = self.is_sending();
                self.state = State::Paused;
                if sending {
                    vec![Step::Abort, Step::Requeue(None)]
                } else {
                    vec![]
                }
            }
            Event::Resume => match self.state {
                State::Waiting { wait, not_before } => {
                    let wait = Span {
                        until: not_before,
                        ..wait
                    };
                    if !wait.covers(now) {
                        return self.send(now, Vec::new());
                    }
                    self.state = State::Waiting { wait, not_before };
                    vec![Step::Wait { until: not_before }]
                }
                State::Paused => self.send(now, Vec::new()),
                State::Idle | State::Sending { .. } => vec![],
            },
        }
    }

    /// What was on its way.
    fn take_sent(&mut self) -> Option<(Vec<String>, usize)> {
        if !self.is_sending() {
            return None;
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Sending { ids, bytes } => Some((ids, bytes)),
            State::Idle | State::Waiting { .. } | State::Paused => None,
        }
    }

    fn answered(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        sent: &[String],
        bytes: usize,
        outcome: Outcome,
    ) -> Vec<Step> {
        match outcome {
            // Without this an answer that names nothing would go round without a pause.
            Outcome::Settled(verdicts) if verdicts.is_empty() => {
                let error = "the write endpoint's answer names none of the transactions sent";
                self.failed(now, rng, sent, Error::Endpoint(error.into()), None, true)
            }
            Outcome::Settled(verdicts) => {
                self.settled(now, rng, sent, &verdicts);
                self.send(now, vec![Step::Settle(verdicts)])
            }
            Outcome::Forbidden(report) if !self.forbidden => {
                self.forbidden = true;
                self.failed(now, rng, sent, Error::Auth(report.message), None, false)
            }
            Outcome::TooLarge(_) if sent.len() > 1 => {
                self.batch.bytes = bytes / 2;
                self.send(now, vec![Step::Withdraw])
            }
            Outcome::Refused(_) | Outcome::Forbidden(_) if sent.len() > 1 => {
                self.suspects = sent.len();
                self.send(now, vec![Step::Withdraw])
            }
            Outcome::Refused(report) | Outcome::Forbidden(report) | Outcome::TooLarge(report) => {
                self.parked.release(&sent[0]);
                self.succeeded(usize::MAX);
                self.send(now, vec![Step::Refuse(report)])
            }
            Outcome::Failed {
                error,
                after,
                suspect,
            } => self.failed(now, rng, sent, error, after, suspect),
        }
    }

    /// Parks what the server passed over; what comes after the last one it named it has not come to yet.
    fn settled(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        sent: &[String],
        verdicts: &[ServerVerdict],
    ) {
        let is_named = |id: &String| verdicts.iter().any(|one| one.id == *id);
        let reached = sent.iter().rposition(is_named).map_or(0, |last| last + 1);
        self.succeeded(reached);
        for id in &sent[..reached] {
            if is_named(id) {
                self.parked.release(id);
            } else {
                self.parked.park(now, rng, id);
            }
        }
    }

    /// The server took a stand on so many from the head of the queue.
    fn succeeded(&mut self, settled: usize) {
        self.backoff.reset();
        self.error = None;
        self.trials = 0;
        if self.alone.take().is_none() {
            self.suspects = self.suspects.saturating_sub(settled);
        }
        if self.suspects == 0 {
            self.strikes = 0;
            self.forbidden = false;
        }
    }

    fn failed(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        sent: &[String],
        error: Error,
        after: Option<u64>,
        suspect: bool,
    ) -> Vec<Step> {
        let again = vec![Step::Requeue(Some(error.report()))];
        if let Some(id) = self.alone.take() {
            self.parked.park(now, rng, &id);
            if suspect {
                return self.send(now, again);
            }
        } else if suspect {
            self.strikes += 1;
            let searching = self.strikes >= STRIKES;
            if searching && sent.len() > 1 {
                self.suspects = sent.len();
                return self.send(now, again);
            }
            if searching && self.trials < PROBES {
                self.error = Some(error);
                self.suspects = 0;
                self.trials += 1;
                self.parked.park(now, rng, &sent[0]);
                return self.send(now, again);
            }
            if searching {
                self.strikes = 0;
                self.end_trials();
            }
        }
        self.wait(now, rng, error, after)
    }

    /// There was nothing to send.
    fn found_nothing(&mut self, now: Millis, rng: &mut fastrand::Rng) -> Vec<Step> {
        if let Some(id) = self.alone.take() {
            // It is gone, or waits for another one.
            self.parked.release(&id);
            return self.send(now, Vec::new());
        }
        if self.trials == 0 {
            return vec![];
        }
        self.end_trials();
        let error = self.error.take();
        let error = error.unwrap_or_else(|| Error::Network("no answer".into()));
        self.wait(now, rng, error, None)
    }

    /// No other transaction fared better: the first one is again the first to go.
    fn end_trials(&mut self) {
        self.parked.release_last(self.trials);
        self.trials = 0;
        self.suspects = 1;
    }

    fn wait(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        error: Error,
        after: Option<u64>,
    ) -> Vec<Step> {
        let again = Step::Requeue(Some(error.report()));
        self.error = Some(error);
        let wait = Span::new(now, self.backoff.fail(rng, after));
        self.state = State::Waiting {
            wait,
            not_before: now.after(after.unwrap_or(0)),
        };
        vec![again, Step::Wait { until: wait.until }]
    }

    /// After these steps, sends what is next: a parked transaction that is due, alone, or the head of the queue.
    fn send(&mut self, now: Millis, mut steps: Vec<Step>) -> Vec<Step> {
        self.state = State::Idle;
        let due = self.parked.due(now);
        self.alone = due.filter(|_| self.trials == 0);
        let next = self.parked.next_due();
        if let Some(until) = next.filter(|_| self.alone.is_none()) {
            steps.push(Step::Wait { until });
        }
        let limit = match self.suspects {
            _ if self.trials > 0 => 1,
            0 => self.batch.transactions,
            suspects => (suspects / 2).max(1),
        };
        steps.push(Step::Send(Take {
            batch: Batch {
                transactions: limit.min(self.batch.transactions),
                ..self.batch
            },
            parked: self.parked.except(self.alone.as_ref()),
            alone: self.alone.clone(),
        }));
        steps
    }
}

#[cfg(test)]
#[path = "uploader_tests.rs"]
mod tests;
