//! What a page and the worker say to each other.
//!
//! One typed union with ids; the TypeScript side is generated from it (`src/js/protocol.ts`).

mod protocol;
mod status;
#[cfg(test)]
mod typescript;

pub use protocol::*;
pub use status::*;
