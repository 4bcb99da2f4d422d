//! Brakes for loops that a broken proxy, cache or load balancer can cause. They slow down and never discard a position.

use super::interface::Position;
use crate::ids::Millis;
use crate::shape::protocol::{
    FAST_LOOP_CAP_MS, FAST_LOOP_REQUESTS, FAST_LOOP_START_MS, FAST_LOOP_WINDOW_MS,
    REFETCH_MEMORY_MS, REFETCHES_AT_ONCE,
};

/// Notices requests that repeat at one position without progress.
#[derive(Debug, Clone, Default)]
pub(super) struct RepeatGuard {
    position: Option<Position>,
    times: Vec<Millis>,
    trips: u32,
}

impl RepeatGuard {
    /// Notes a request; the delay in milliseconds if it is one too many.
    pub(super) fn note(&mut self, position: Option<&Position>, now: Millis) -> Option<u64> {
        if self.position.as_ref() != position {
            *self = Self {
                position: position.cloned(),
                ..Self::default()
            };
        }
        self.times
            .retain(|then| !passed(*then, now, FAST_LOOP_WINDOW_MS));
        self.times.push(now);
        if self.trips == 0 && self.times.len() < FAST_LOOP_REQUESTS {
            return None;
        }
        self.times.clear();
        let delay = doubled(self.trips);
        self.trips = self.trips.saturating_add(1);
        Some(delay)
    }

    /// An answer that took its time is no loop.
    pub(super) fn answered(&mut self, begun: Millis, now: Millis) {
        if passed(begun, now, FAST_LOOP_WINDOW_MS) {
            *self = Self::default();
        }
    }
}

/// Notices logs that end one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct RefetchGuard {
    count: u32,
    last: Option<Millis>,
}

impl RefetchGuard {
    /// Notes that the server ended a log; the delay in milliseconds before the next one is read.
    pub(super) fn note(&mut self, now: Millis) -> Option<u64> {
        if self
            .last
            .is_some_and(|last| passed(last, now, REFETCH_MEMORY_MS))
        {
            self.count = 0;
        }
        self.last = Some(now);
        self.count = self.count.saturating_add(1);
        self.count.checked_sub(REFETCHES_AT_ONCE + 1).map(doubled)
    }
}

fn doubled(times: u32) -> u64 {
    (FAST_LOOP_START_MS << times.min(16)).min(FAST_LOOP_CAP_MS)
}

fn passed(then: Millis, now: Millis, ms: u64) -> bool {
    now.0.saturating_sub(then.0) > ms as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Handle;
    use crate::shape::Offset;

    fn at(lsn: u64) -> Position {
        Position {
            handle: Handle::from("1-2"),
            offset: Offset::at(lsn, 0),
        }
    }

    #[test]
    fn the_fifth_request_in_half_a_second_waits_and_the_next_waits_longer() {
        let mut guard = RepeatGuard::default();
        let here = at(1);
        let mut note = |ms| guard.note(Some(&here), Millis(ms));
        let first = [0, 10, 20, 30, 40].map(&mut note);
        assert_eq!(first, [None, None, None, None, Some(100)]);
        let later: Vec<_> = (0..8).map(|i| note(1_000 * i)).collect();
        let expected = [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000].map(Some);
        assert_eq!(later, expected);
    }

    #[test]
    fn half_a_second_is_not_over_in_its_last_millisecond() {
        for (last, delay) in [(500, Some(100)), (501, None)] {
            let mut guard = RepeatGuard::default();
            let noted = [0, 125, 250, 375, last].map(|ms| guard.note(None, Millis(ms)));
            assert_eq!(noted[4], delay);
        }
    }

    #[test]
    fn slow_requests_and_new_positions_are_no_loop() {
        let mut guard = RepeatGuard::default();
        for i in 0..20 {
            assert_eq!(guard.note(Some(&at(1)), Millis(i * 130)), None);
        }
        for i in 0..20 {
            assert_eq!(guard.note(Some(&at(i)), Millis(3_000)), None);
        }
    }

    #[test]
    fn a_held_answer_ends_the_suspicion() {
        let mut guard = RepeatGuard::default();
        for _ in 0..5 {
            guard.note(None, Millis(0));
        }
        guard.answered(Millis(200), Millis(300));
        assert!(guard.note(None, Millis(400)).is_some());
        guard.answered(Millis(500), Millis(20_500));
        assert_eq!(guard.note(None, Millis(20_500)), None);
    }

    #[test]
    fn two_refetches_are_normal_and_a_series_slows_down() {
        let mut guard = RefetchGuard::default();
        let delays: Vec<_> = (0..10).map(|i| guard.note(Millis(i * 10))).collect();
        assert_eq!(delays[..4], [None, None, Some(100), Some(200)]);
        assert_eq!(delays[9], Some(5_000));
        assert_eq!(guard.note(Millis(60_000)), None, "half a minute of quiet");
    }
}
