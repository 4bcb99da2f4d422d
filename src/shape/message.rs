//! The messages of a shape log (protocol section 7), borrowed from the body they came in.
//!
//! A kind is decided by which of `operation`, `control` and `event` the headers hold. Unknown kinds and unknown fields
//! pass by name; what is known is read strictly.

use std::borrow::Cow;

use super::snapshot::Snapshot;
use crate::ids::{Lsn, Xid};

mod wire;

pub use wire::{parse, parse_subset};

/// One element of a body.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every message is a change; 32-bit targets find it small enough"
)]
pub enum Message<'a> {
    /// A row came, changed or went.
    Change(Change<'a>),
    /// The log speaks about itself.
    Control(Control<'a>),
    /// Many rows of a subquery shape came or went at once.
    Event(Event<'a>),
    /// A kind this version does not know: skip it.
    Unknown,
}

/// A row that came, changed or went.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    /// Opaque. Never a row's identity: the same row has two spellings (trap 7).
    pub key: Cow<'a, str>,
    /// What happened to it.
    pub operation: Operation,
    /// Insert: the whole row. Update: key and changed columns. Delete: key. With `replica=full` always the whole row.
    pub value: Row<'a>,
    /// Update with `replica=full`: the changed columns as they were.
    pub old_value: Option<Row<'a>>,
    /// Schema and name of the table.
    pub relation: Option<(Cow<'a, str>, Cow<'a, str>)>,
    /// Commit position; absent on snapshot rows, move-in rows and merged updates. Never the position to resume at.
    pub lsn: Option<Lsn>,
    /// Place within the transaction; sparse.
    pub op_position: Option<u64>,
    /// The transactions behind it, where the log knows them.
    pub txids: Vec<Xid>,
    /// Ends its transaction; may be missing (trap 15).
    pub last: bool,
    /// On the delete of a primary-key update: the key that the row moves to.
    pub key_change_to: Option<Cow<'a, str>>,
    /// On the insert of a primary-key update: the key that the row had.
    pub key_change_from: Option<Cow<'a, str>>,
    /// The row entered by a move-in: it may be one that is already here.
    pub is_move_in: bool,
    /// Subquery shapes: one text a disjunct, slots joined by `/`.
    pub tags: Option<Vec<Cow<'a, str>>>,
    /// Subquery shapes: tags that the row lost by this update.
    pub removed_tags: Vec<Cow<'a, str>>,
    /// Subquery shapes: which positions hold for the row.
    pub active_conditions: Option<Vec<bool>>,
}

/// What happened to a row, as seen from the shape: a delete may mean that it left the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Put the row here, whether or not it already is.
    Insert,
    /// Set the columns present.
    Update,
    /// Take the row away.
    Delete,
}

/// Columns in the order they were sent, with Postgres text or NULL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row<'a>(pub Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>);

/// The log speaks about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control<'a> {
    /// The body ends at the head. Counts only as the last message.
    UpToDate {
        /// Everything strictly below is here. A hint: it may stand still or go back (section 7.4).
        global_last_seen_lsn: Option<Lsn>,
    },
    /// The log has ended; only in a 409.
    MustRefetch,
    /// The snapshot's rows are complete; they contain these transactions.
    SnapshotEnd(Snapshot),
    /// A control of a later server: skip it.
    Unknown(Cow<'a, str>),
}

/// Rows of a subquery shape that came or went at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// Which way.
    pub kind: EventKind<'a>,
    /// The slots that changed.
    pub patterns: Vec<Pattern<'a>>,
    /// The transactions that caused it.
    pub txids: Vec<Xid>,
}

/// See [`Event::kind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind<'a> {
    /// The slots hold now; rows new to the shape follow as inserts.
    MoveIn,
    /// The slots hold no more; rows with no disjunct left are gone.
    MoveOut,
    /// An event of a later server: skip it.
    Unknown(Cow<'a, str>),
}

/// One slot of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern<'a> {
    /// The position in the tag.
    pub pos: u32,
    /// The hash in it.
    pub value: Cow<'a, str>,
}

impl Row<'_> {
    /// `None`: the column is absent, hence unchanged. `Some(None)`: it is NULL (trap 10).
    pub fn get(&self, column: &str) -> Option<Option<&str>> {
        let (_, value) = self.0.iter().find(|(name, _)| name == column)?;
        Some(value.as_deref())
    }
}

impl Message<'_> {
    /// Whether this is a row of a snapshot, of which each comes once, or none at all.
    pub fn is_of_snapshot(&self) -> bool {
        match self {
            Self::Change(change) => {
                change.operation == Operation::Insert
                    && change.lsn.is_none()
                    && !change.is_move_in
                    && change.tags.is_none()
            }
            Self::Event(_) => false,
            Self::Control(_) | Self::Unknown => true,
        }
    }

    /// Whether this is `up-to-date`.
    pub fn is_up_to_date(&self) -> bool {
        matches!(self, Self::Control(Control::UpToDate { .. }))
    }
}

#[cfg(test)]
mod tests;
