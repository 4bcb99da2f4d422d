//! SQLite by rusqlite: the database's objects and everything that reads or writes them. Synchronous.
//!
//! Functions here take a `&Connection` and begin no transaction: [`crate::engine`] alone does. What must be
//! atomic says so, and the caller holds the transaction.

pub mod apply;
mod authorizer;
mod bookkeeping;
mod bounds;
pub mod changes;
pub mod check;
pub mod connection;
mod error;
mod functions;
pub mod held;
pub mod imported;
pub mod incoming;
pub mod journal;
mod members;
pub mod membership;
pub mod migrations;
mod misfits;
mod passing;
pub mod query;
pub mod queue;
pub mod requests;
pub mod restore;
mod rows;
mod salvage;
mod session;
pub mod settings;
mod shadow;
pub mod shapes;
pub mod staging;
mod statement;
pub mod subsets;
pub mod tables;
pub mod transactions;
pub mod transfer;
mod values;
mod verify;
mod writer;
pub mod written;

pub use bounds::{Level, limit_statements};
pub use salvage::Salvage;
pub use session::{Catalog, Session, Writing};
pub use shadow::{Key, refold};
pub use verify::verify;
