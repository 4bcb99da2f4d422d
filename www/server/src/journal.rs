//! What must be durable: every event that changes the model's state. Replayed in order, the events give the same rows,
//! logs, handles and verdicts again.

use serde::{Deserialize, Serialize};

use crate::electric::{Alter, Op, Opened, Table};
use crate::write::Verdict;

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// CREATE TABLE.
    Table(Table),
    /// A commit, with the verdict of the client's transaction it came from.
    Commit {
        /// The changed rows.
        ops: Vec<Op>,
        /// Absent when no client sent it.
        verdict: Option<Verdict>,
    },
    /// A verdict that changed no rows.
    Verdict(Verdict),
    /// TRUNCATE.
    Truncate(String),
    /// Rows by formula in place of a table's rows.
    Fill {
        /// The table.
        table: String,
        /// How many.
        rows: u64,
        /// How large, each.
        bytes: usize,
    },
    /// ALTER TABLE.
    Alter {
        /// The table.
        table: String,
        /// The change.
        alter: Alter,
    },
    /// A shape was opened.
    Opened(Opened),
    /// A shape was dropped, by handle.
    Dropped(String),
}

/// The journal could not be written; nothing has happened, and a later try may succeed.
#[derive(Debug, thiserror::Error)]
#[error("the journal cannot be written: {0}")]
pub struct JournalError(pub String);

/// Keeps events. An event is appended before its effect is visible to anyone.
pub trait Journal {
    /// Makes the event durable.
    ///
    /// # Errors
    /// It is not durable.
    fn append(&mut self, event: &Event) -> Result<(), JournalError>;
}

/// Keeps nothing: the state lives as long as the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unjournaled;

impl Journal for Unjournaled {
    fn append(&mut self, _: &Event) -> Result<(), JournalError> {
        Ok(())
    }
}
