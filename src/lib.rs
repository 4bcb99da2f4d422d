//! Throughline.
#![warn(missing_docs)]

pub mod backoff;
pub mod change;
pub mod engine;
pub mod error;
pub mod ids;
mod json;
pub mod optimistic;
pub mod schema;
pub mod shape;
pub mod store;
pub mod tabs;
pub mod upload;
pub mod value;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod web;
