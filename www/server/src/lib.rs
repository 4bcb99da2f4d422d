//! The demo's backend: an embedded Electric, the write API, and the server that offers both beside static files.
//!
//! [`electric`], [`mod@write`], [`backend`] and [`faults`] are pure: a simulation can drive them with virtual time, as
//! `throughline-server` without default features. `store`, `postgres` and `http` do I/O and are there with the feature
//! `serve`.

pub mod backend;
pub mod demo;
pub mod electric;
pub mod faults;
#[cfg(feature = "serve")]
pub mod http;
pub mod journal;
#[cfg(feature = "serve")]
pub mod postgres;
#[cfg(feature = "serve")]
pub mod store;
pub mod write;
