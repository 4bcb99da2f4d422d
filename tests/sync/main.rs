//! Sync end to end, one behaviour a test: real engines, the real protocol, the demo's backend, virtual time.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod awkward;
mod clock;
mod coalescing;
mod confirming;
mod culprits;
mod draining;
mod editing;
mod failing;
mod groups;
mod guests;
mod intents;
mod journal;
mod numbers;
mod reading;
mod refetching;
mod rejecting;
mod repeating;
mod rolling_back;
mod settling;
mod shapes;
mod subqueries;
mod subsets;
#[path = "../support/mod.rs"]
mod support;
mod tabs;
mod transactions;
mod types;
mod uploading;
mod writing;

use support::world::{SYNCED, Sent, World};
use throughline::engine::Endpoint;

/// The demo's rows.
const FIRST: &str = "019aa000-0000-7000-8000-000000000001";
const SECOND: &str = "019aa000-0000-7000-8000-000000000002";
const THIRD: &str = "019aa000-0000-7000-8000-000000000003";

/// The POSTs so far.
fn posts(world: &World) -> Vec<&Sent> {
    let writes = |one: &&Sent| one.endpoint == Endpoint::Write;
    world.sent.iter().filter(writes).collect()
}

/// The transactions of a POST.
fn body(post: &Sent) -> Vec<serde_json::Value> {
    serde_json::from_str(post.body.as_ref().unwrap()).unwrap()
}

/// Their idempotency keys.
fn ids(post: &Sent) -> Vec<String> {
    let id = |one: serde_json::Value| one["id"].as_str().unwrap().to_owned();
    body(post).into_iter().map(id).collect()
}

/// A new row's id.
fn fresh(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// A world with one client that has everything.
fn synced() -> World {
    let mut world = World::new(1);
    world.open("a", SYNCED);
    world.settle();
    world
}

/// Nothing is left of any write.
fn assert_clean(world: &mut World, name: &str) {
    for table in ["todos_local", "_throughline_changes", "_throughline_outbox"] {
        assert_eq!(world.client(name).count(table), 0, "{table}");
    }
}
