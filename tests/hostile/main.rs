//! Input that means harm: what it must not reach, and that all is sound afterwards.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod effort;
#[path = "../support/mod.rs"]
mod support;
mod victim;

mod api;
mod files;
mod pages;
mod server_group;
mod server_ledger;
mod server_log;
mod server_rows;
mod server_schema;
mod server_subset;
mod server_values;
mod sql;
