//! Random worlds: clients that write, a server that others write to, and everything that can go wrong between them.
//!
//! A seed is a history. `SIM_SEED=7 cargo test --test simulation` replays one, `SIM_WORLDS=5000` runs more of them;
//! add a test's name to replay it alone.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod history;
mod kinds;
mod membership;
mod settling;
mod shaping;
mod soak;
#[path = "../support/mod.rs"]
mod support;
mod writing;

#[global_allocator]
static HEAP: support::heap::Counted = support::heap::Counted;

/// Runs one world a seed.
fn each_world(worlds: u64, run: impl Fn(u64)) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seeds = match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_WORLDS").unwrap_or(worlds),
    };
    for seed in seeds {
        let named = Named(seed);
        run(seed);
        drop(named);
    }
}

/// Whether what happens is to be printed.
fn is_traced() -> bool {
    std::env::var("SIM_SEED").is_ok()
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
