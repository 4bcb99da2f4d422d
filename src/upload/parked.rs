//! [`Parked`]: transactions that the rest of the queue flows around.

use crate::backoff::{Backoff, Span};
use crate::ids::Millis;

/// Some transactions by idempotency key, each with a back-off of its own.
#[derive(Debug, Default)]
pub(super) struct Parked(Vec<One>);

#[derive(Debug)]
struct One {
    id: String,
    wait: Span,
    backoff: Backoff,
}

impl Parked {
    /// Sets a transaction aside, for longer each time.
    pub(super) fn park(&mut self, now: Millis, rng: &mut fastrand::Rng, id: &str) {
        let known = self.0.iter().position(|one| one.id == id);
        let at = known.unwrap_or(self.0.len());
        if known.is_none() {
            self.0.push(One {
                id: id.to_owned(),
                wait: Span::new(now, 0),
                backoff: Backoff::default(),
            });
        }
        let one = &mut self.0[at];
        one.wait = Span::new(now, one.backoff.fail(rng, None));
    }

    /// Lets go of one.
    pub(super) fn release(&mut self, id: &str) {
        self.0.retain(|one| one.id != id);
    }

    /// Lets go of the last so many.
    pub(super) fn release_last(&mut self, count: usize) {
        self.0.truncate(self.0.len().saturating_sub(count));
    }

    /// One that is to be tried again.
    pub(super) fn due(&self, now: Millis) -> Option<String> {
        let due = self.0.iter().find(|one| !one.wait.covers(now))?;
        Some(due.id.clone())
    }

    /// When the next one is.
    pub(super) fn next_due(&self) -> Option<Millis> {
        self.0.iter().map(|one| one.wait.until).min()
    }

    /// All of them but one.
    pub(super) fn except(&self, id: Option<&String>) -> Vec<String> {
        let others = self.0.iter().filter(|one| Some(&one.id) != id);
        others.map(|one| one.id.clone()).collect()
    }
}
