//! The write API over a real PostgreSQL.
#![allow(clippy::unwrap_used)]

mod cluster;
mod example;
mod opening;
mod proxy;
mod readme;
mod recovery;
mod support;
mod types;
mod verdicts;
