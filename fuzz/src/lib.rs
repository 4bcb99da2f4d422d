//! The targets of `tests/corpora`, for libFuzzer.

/// Where the package is.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[path = "../../tests/corpora/targets/mod.rs"]
pub mod targets;
