//! How long to wait after a failure: exponential, full jitter, `retry-after` as a floor.
//!
//! The read path and the write path both wait by it. It never gives up: a client that is offline for a week still
//! tries, at most every [`BACKOFF_CAP_MS`].

use crate::ids::Millis;

/// The longest first delay, in milliseconds (protocol section 14).
pub const BACKOFF_START_MS: u64 = 1_000;
/// The longest delay of all, unless the server wishes for more.
pub const BACKOFF_CAP_MS: u64 = 32_000;

/// A wait from one moment to another. A clock that was set back ends it: nobody waits for an hour that was already over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) since: Millis,
    pub(crate) until: Millis,
}

impl Span {
    pub(crate) fn new(now: Millis, ms: u64) -> Self {
        Self {
            since: now,
            until: now.after(ms),
        }
    }

    pub(crate) fn covers(self, now: Millis) -> bool {
        self.since <= now && now < self.until
    }
}

/// Counts failures in a row and turns them into delays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The delay in milliseconds before the next attempt, after one more failure.
    ///
    /// Drawn evenly from zero up to 1 s, 2 s, 4 s, … 32 s, so that clients which failed together do not return
    /// together; never below `floor_ms`, the server's own wish.
    pub fn fail(&mut self, rng: &mut fastrand::Rng, floor_ms: Option<u64>) -> u64 {
        let ceiling = BACKOFF_START_MS
            .checked_shl(self.failures.min(16))
            .unwrap_or(BACKOFF_CAP_MS)
            .min(BACKOFF_CAP_MS);
        self.failures = self.failures.saturating_add(1);
        rng.u64(0..=ceiling).max(floor_ms.unwrap_or(0))
    }

    /// Forgets the failures: something succeeded.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row so far.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_ceiling_doubles_from_one_second_to_thirty_two() {
        let ceilings = [1, 2, 4, 8, 16, 32, 32, 32].map(|s| s * 1_000);
        let mut highest = [0; 8];
        for seed in 0..400 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut backoff = Backoff::default();
            for (i, ceiling) in ceilings.into_iter().enumerate() {
                let delay = backoff.fail(&mut rng, None);
                assert!(delay <= ceiling);
                highest[i] = highest[i].max(delay);
            }
        }
        for (high, ceiling) in highest.into_iter().zip(ceilings) {
            assert!(
                high > ceiling * 9 / 10,
                "jitter uses the whole range up to {ceiling}"
            );
        }
    }

    #[test]
    fn the_servers_wish_is_a_floor_and_success_starts_over() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut backoff = Backoff::default();
        assert_eq!(backoff.fail(&mut rng, Some(60_000)), 60_000);
        for _ in 0..100 {
            backoff.fail(&mut rng, None);
        }
        assert_eq!(backoff.failures(), 101);
        backoff.reset();
        assert!(backoff.fail(&mut rng, None) <= BACKOFF_START_MS);
    }
}
