//! The demo's backend: an embedded Electric, the write API, and the server that offers both beside static files.
//!
//! [`electric`] and [`write`] are pure: a simulation can drive them with virtual time. The rest does I/O and is there
//! with the feature `serve` only.

pub mod electric;
