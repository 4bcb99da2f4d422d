//! Random browsers: tabs that open, close, die, freeze and ask, and what holds all the same.
//!
//! A seed is a history. `SIM_SEED=7 cargo test --lib elections_of_random` replays one, `SIM_WORLDS=5000` runs more of them.

use super::HIDDEN_MS;
use super::world::{At, Request, World};

/// A tab that could not open the file may rest for most of it; all else takes a third.
const SETTLED_WITHIN_MS: u64 = 20_000;

#[test]
fn elections_of_random_tabs_settle_and_every_request_is_carried_out_once() {
    each_world(500, |seed, is_traced| {
        let mut world = World::new(seed, is_traced);
        let tabs = world.rng.usize(2..=8);
        let patience = *world.pick(&[200, 2_000, 12_000]);
        for _ in 0..world.rng.usize(20..120) {
            world.one_event(tabs);
            let ms = match world.rng.u32(0..10) {
                0..5 => world.rng.u64(0..20),
                5..8 => world.rng.u64(0..patience / 4),
                _ => world.rng.u64(0..patience),
            };
            world.run_for(ms);
        }
        world.full_disk = false;
        for at in 0..world.tabs.len() {
            if world.tabs[at].frozen {
                world.thaw(at);
            }
        }
        world.trace(|| "all is well from here on".into());
        for at in world.open_tabs() {
            world.show(at, true);
        }
        world.run_for(SETTLED_WITHIN_MS);
        world.assert_settled();
        for at in world.open_tabs() {
            let visible = world.rng.bool();
            world.show(at, visible);
        }
        world.run_for(2 * HIDDEN_MS);
        world.assert_settled();
    });
}

impl World {
    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.rng.usize(0..from.len())]
    }

    fn one_event(&mut self, most: usize) {
        let open = self.open_tabs();
        let frozen = open.iter().filter(|at| self.tabs[**at].frozen).count();
        let awake: Vec<At> = open
            .iter()
            .filter(|at| !self.tabs[**at].frozen)
            .copied()
            .collect();
        let roll = self.rng.u32(0..100);
        if open.len() < 2 || (roll < 12 && open.len() < most) {
            let build = match self.rng.u32(0..6) {
                0 => "new",
                // A guest.
                1 => "",
                _ => "old",
            };
            let visible = self.rng.bool();
            self.open(build, visible);
            return;
        }
        if roll < 24 && frozen > 0 {
            let asleep: Vec<At> = open
                .iter()
                .filter(|at| self.tabs[**at].frozen)
                .copied()
                .collect();
            let at = *self.pick(&asleep);
            return self.thaw(at);
        }
        if awake.is_empty() {
            return;
        }
        let at = *self.pick(&awake);
        match roll {
            0..30 => self.freeze(at),
            30..36 => {
                let at = *self.pick(&open);
                self.kill(at);
            }
            36..40 => self.ask(at, Request::Close),
            40..42 => self.leave(at),
            42..44 => self.ask(at, Request::Wipe),
            44..47 => self.ask(at, Request::Import),
            47..56 => {
                let visible = self.rng.bool();
                self.show(at, visible);
            }
            56..62 => self.watch(at),
            62..66 => {
                let held: Vec<u32> = self.tabs[at].live.iter().copied().collect();
                if !held.is_empty() {
                    let subscription = *self.pick(&held);
                    self.ask(at, Request::Unsubscribe(subscription));
                }
            }
            66..68 => self.full_disk = !self.full_disk,
            68..72 => self.ask(at, Request::Begin),
            72..78 => self.ask(at, Request::Read),
            _ => self.ask(at, Request::Write),
        }
    }
}

/// Runs one world a seed.
fn each_world(worlds: u64, run: impl Fn(u64, bool)) {
    let number = |name| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let one = number("SIM_SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_WORLDS").unwrap_or(worlds),
    };
    for seed in seeds {
        let named = Named(seed);
        run(seed, one.is_some());
        drop(named);
    }
}

/// Says which seed it was.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("replay with SIM_SEED={}", self.0);
        }
    }
}
