//! Real answers of an Electric service replayed through the engine: what it asks, stores and shows.
//!
//! The SQL that the service saw meanwhile stands in `tests/fixtures/recordings`, and the rows expected here follow from it.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod confirming;
mod filters;
mod keys;
#[path = "../support/recording.rs"]
mod recording;
mod refetching;
mod replay;
mod sessions;
mod subqueries;
mod subsets;
#[path = "../support/mod.rs"]
mod support;
mod transactions;
