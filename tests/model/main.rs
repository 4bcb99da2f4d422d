//! A device held step by step to a model of it: lists and maps, no SQL, and none of the crate's own folding.
//!
//! A history is local transactions, the changes of others, verdicts, everything that shows that a write is back, in any order. After each step
//! every view, the change log, the pending transactions and the rejected ones are what the model says.
//!
//! A seed is a history. `MODEL_SEED=7 cargo test --test model` replays one and says what happens, `MODEL_HISTORIES=5000` runs more of them.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod device;
mod model;
mod play;
mod server;
#[path = "../support/mod.rs"]
mod support;

use play::Play;

/// Histories of a normal run.
const HISTORIES: u64 = 25;

#[test]
fn after_every_step_the_device_shows_what_the_model_says() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seeds = match number("MODEL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("MODEL_HISTORIES").unwrap_or(HISTORIES),
    };
    for seed in seeds {
        let named = Named(seed);
        Play::new(seed).run();
        drop(named);
    }
}

/// Says which seed it was.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("replay with MODEL_SEED={}", self.0);
        }
    }
}
