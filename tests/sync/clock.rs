//! A clock that is set in the middle of everything: by the user, by the network, at the end of summer time.

use throughline::engine::Endpoint;

use crate::support::world::{Fault, World};
use crate::{FIRST, SECOND, assert_clean, fresh, synced};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// More steps than there are between the first write and the end.
const STEPS: usize = 40;

/// Lets so many things happen, then sets the clock; what is left takes minutes at most.
fn set_clock_after(world: &mut World, steps: usize, by_ms: i64) {
    for _ in 0..steps {
        world.step(world.now.after(60_000));
    }
    world.set_clock(by_ms);
    world.settle();
}

#[test]
fn nothing_waits_for_an_hour_that_is_over_or_goes_round_and_round() {
    for by_ms in [-DAY_MS, -500, DAY_MS] {
        for steps in 0..STEPS {
            let world = &mut synced();
            world.fault("a", Endpoint::Write, Fault::retry_after(503, 5));
            world.fault("a", Endpoint::Write, Fault::status(502));
            world.fault("a", Endpoint::Electric, Fault::retry_after(503, 5));
            world.fault("a", Endpoint::Electric, Fault::DropAnswer);
            let before = world.sent.len();
            world.client("a").rename(FIRST, "mine").unwrap();
            world.client("a").add_todo(&fresh(1), "mine, too").unwrap();
            world.server().rename(SECOND, "theirs");
            set_clock_after(world, steps, by_ms);
            let requests = world.sent.len() - before;
            assert!(requests < 20, "{requests} by {by_ms} ms after {steps}");
            assert!(world.ledger.applied().values().all(|times| *times == 1));
            world.assert_same("todos");
            assert_clean(world, "a");
        }
    }
}
