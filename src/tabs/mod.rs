//! What a page and the worker say to each other, and which tab's worker has the database.
//!
//! A page and its worker exchange one typed union with ids; the TypeScript side is generated from it (`src/js/protocol.ts`).
//! [`Election`] decides which worker opens the file: one leads, the others pass on what they are asked.

mod election;
mod followers;
mod greeting;
mod inspection;
mod outbox;
mod protocol;
mod rows;
mod status;
#[cfg(test)]
mod typescript;

pub use election::{Effect, Election, Event, OpenTrouble};
pub use greeting::{Envelope, Greeting, VERSION};
pub use inspection::*;
pub use outbox::Standing;
pub use protocol::*;
pub use rows::{Cell, Cells, Columns, Rows, RowsWriter};
pub use status::*;
