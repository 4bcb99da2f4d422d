//! The write API over a real PostgreSQL.
#![allow(clippy::unwrap_used)]

mod cluster;
mod support;
mod verdicts;
