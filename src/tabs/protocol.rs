//! The messages: [`Request`] from the app, [`Reply`] to it, [`Notification`] at any time.

use serde::{Deserialize, Serialize};

use super::inspection::Inspection;
use super::rows::Rows;
use super::status::{Recovery, Status};
use crate::change::{Operation, TransactionState};
use crate::error::{Error, ErrorReport, Result};
use crate::ids::{Millis, SubscriptionId, TransactionId};
use crate::schema::DEFAULT_SHAPE;
pub use crate::schema::{ShapeDeclaration, Subset};
use crate::value::Value;

/// What the app asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Runs one reading statement.
    Query {
        /// The statement and its parameters.
        statement: Statement,
        /// The interactive transaction it belongs to.
        transaction: Option<TransactionId>,
    },
    /// Runs one statement that may write.
    Execute {
        /// The statement and its parameters.
        statement: Statement,
        /// The interactive transaction it belongs to.
        transaction: Option<TransactionId>,
    },
    /// Runs several statements in one local transaction, all or none.
    Batch {
        /// In order.
        statements: Vec<Statement>,
        /// Kept with the transaction and sent along with it; JSON text.
        meta: Option<String>,
    },
    /// Opens an interactive transaction.
    Begin {
        /// As in [`Request::Batch`].
        meta: Option<String>,
    },
    /// Commits it.
    Commit(TransactionId),
    /// Rolls it back.
    Rollback(TransactionId),
    /// Starts a live query; the first [`Notification::Live`] holds its whole result.
    Live {
        /// Chosen by the caller.
        subscription: SubscriptionId,
        /// The query.
        statement: Statement,
        /// The result columns that name a row; empty: rows are matched by content.
        key: Vec<String>,
    },
    /// Ends a live query.
    Unsubscribe(SubscriptionId),
    /// Asks for the current [`Status`].
    Status,
    /// Lists the transactions that are not yet confirmed, oldest first.
    Pending,
    /// Lists the rejected transactions that the app has not dealt with, oldest first.
    Rejected,
    /// Answered with the record of a transaction, by its idempotency key, once that is confirmed or rejected.
    Settled(String),
    /// Puts a rejected transaction back into the queue, as a new one.
    Retry {
        /// Which one.
        number: TransactionId,
        /// Those that were rolled back with it, too, each as a new one.
        dependents: bool,
    },
    /// The same, with other changes.
    Edit {
        /// Which one.
        number: TransactionId,
        /// JSON: [`ChangeRecord`]s, of which table, operation, key and value count.
        changes: String,
        /// Replaces what the app had attached to it; JSON text.
        meta: Option<String>,
    },
    /// Drops a rejected transaction from the journal.
    Discard {
        /// Which one.
        number: TransactionId,
        /// Those that were rolled back with it, too.
        dependents: bool,
    },
    /// Syncs a further shape of a table, or changes what one of them is. Rows of the old definition stay until those
    /// of the new one are complete.
    SetShape {
        /// A declared table.
        table: String,
        /// Among the table's shapes.
        name: String,
        /// What it is from now on.
        shape: ShapeDeclaration,
    },
    /// Stops syncing a shape.
    RemoveShape {
        /// A declared table.
        table: String,
        /// Among the table's shapes.
        name: String,
        /// Deletes the rows that no other shape holds, too. Otherwise they stay as they are, and setting the same
        /// shape again goes on from there.
        purge: bool,
    },
    /// Loads rows of a `changes_only` shape; answered when they are here.
    LoadSubset {
        /// A declared table.
        table: String,
        /// Among the table's shapes.
        name: String,
        /// Which rows.
        subset: Subset,
    },
    /// Recomputes every shadow row and compares.
    Verify,
    /// Asks for the whole database as the bytes of a file.
    Export,
    /// Puts the database of such a file in the place of this one, pending writes included; all that is here goes.
    Import(Vec<u8>),
    /// Looks inside: shapes, live queries, and what was recorded.
    Inspect {
        /// Of the recorded steps, those from this number on.
        from: u32,
    },
    /// Lists the tabs; answered by the worker that leads, not by its engine.
    Tabs,
    /// True: answers with the database as it is now, opens it anew and records from there on ([`crate::engine::Trace`]). False: stops
    /// recording.
    Record(bool),
    /// Lets sync run (the default).
    Connect,
    /// Stops all network traffic until [`Request::Connect`].
    Disconnect,
    /// Deletes everything local, pending writes included, and closes.
    Wipe,
    /// Closes the database.
    Close,
}

impl Request {
    /// [`Request::SetShape`] with the declaration as JSON, of the default shape if no other is named.
    ///
    /// # Errors
    /// [`Error::Argument`] for what is no declaration of a shape.
    pub fn set_shape(table: String, name: Option<String>, shape: &str) -> Result<Self> {
        Ok(Self::SetShape {
            table,
            name: name.unwrap_or_else(|| DEFAULT_SHAPE.into()),
            shape: read("shape", shape)?,
        })
    }

    /// [`Request::RemoveShape`], as above.
    pub fn remove_shape(table: String, name: Option<String>, purge: bool) -> Self {
        Self::RemoveShape {
            table,
            name: name.unwrap_or_else(|| DEFAULT_SHAPE.into()),
            purge,
        }
    }

    /// [`Request::LoadSubset`] with the subset as JSON, as above.
    ///
    /// # Errors
    /// [`Error::Argument`] for what is no subset.
    pub fn load_subset(table: String, name: Option<String>, subset: &str) -> Result<Self> {
        Ok(Self::LoadSubset {
            table,
            name: name.unwrap_or_else(|| DEFAULT_SHAPE.into()),
            subset: read("subset", subset)?,
        })
    }
}

fn read<'de, T: Deserialize<'de>>(what: &str, json: &'de str) -> Result<T> {
    crate::json::from_str(json).map_err(|error| Error::Argument(format!("{what}: {error}")))
}

/// One SQL statement with its positional parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Exactly one statement.
    pub sql: String,
    /// Bound to `?1`, `?2`, …
    pub params: Vec<Value>,
    /// Whether the result is to tell its [`super::Columns::origins`].
    pub typed: bool,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Done; nothing to say.
    Done,
    /// To `Query`.
    Rows(Rows),
    /// To `Execute`.
    Executed(Executed),
    /// To `Batch`, one a statement.
    Batch(Vec<Executed>),
    /// To `Begin`.
    Begun(TransactionId),
    /// To `Commit`, `Retry` and `Edit`: the transaction's idempotency key, if it wrote to a synced table.
    Committed(Option<String>),
    /// To `Status`.
    Status(Box<Status>),
    /// To `Pending` and `Rejected`; to `Settled`, one.
    Transactions(Vec<TransactionRecord>),
    /// To `LoadSubset`: how many rows came.
    Loaded(u64),
    /// To `Verify`.
    Verified(Verification),
    /// To `Inspect`.
    Inspected(Inspection),
    /// To `Export`, and to `Record` that begins.
    Bytes(Vec<u8>),
}

/// What one writing statement did.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Executed {
    /// Rows inserted, updated or deleted.
    pub rows_affected: u64,
    /// The idempotency key of the local transaction, if it wrote to a synced table.
    pub transaction: Option<String>,
    /// The rows of a `RETURNING` clause.
    #[serde(default, skip_serializing_if = "Rows::is_none")]
    pub rows: Rows,
}

/// What the worker tells a page unasked.
#[derive(Debug, Clone, PartialEq)]
pub enum Notification {
    /// A live query's result changed.
    Live {
        /// Which one.
        subscription: SubscriptionId,
        /// The subscription starts, or starts again where the database was taken over: the diff is the whole result.
        fresh: bool,
        /// How to make the new result from the old one.
        diff: LiveDiff,
    },
    /// A live query can no longer run, for example because its table was dropped.
    LiveFailed {
        /// Which one.
        subscription: SubscriptionId,
        /// Why.
        error: ErrorReport,
    },
    /// The status changed.
    Status(Status),
    /// The server accepted a transaction; its rows are not back yet.
    Accepted(TransactionRecord),
    /// A transaction came back through its shapes: local and server state agree on it.
    Confirmed(TransactionRecord),
    /// The server refused a transaction; it was rolled back here.
    Rejected(TransactionRecord),
    /// The database file was broken and has been built anew.
    Recovered(Recovery),
}

/// The new result of a live query, told as steps over the old one.
///
/// Rows that are in no step are gone. Values of replaced and inserted rows stand in `rows`, in step order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveDiff {
    /// In the order of the new result.
    pub steps: Vec<LiveStep>,
    /// The new and changed rows only.
    pub rows: Rows,
}

/// One stretch of a new result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveStep {
    /// `count` rows of the old result from index `from` on, unchanged.
    Keep {
        /// Index into the old result.
        from: u32,
        /// How many.
        count: u32,
    },
    /// The old row at `from`, same key, with new values.
    Replace {
        /// Index into the old result.
        from: u32,
    },
    /// `count` rows that the old result did not have.
    Insert {
        /// How many.
        count: u32,
    },
}

/// One local transaction as the app sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TransactionRecord {
    /// The idempotency key, `<client id>:<n>`.
    pub id: String,
    /// The `n` of it: what `retry`, `edit` and `discard` take.
    #[cfg_attr(test, ts(type = "number"))]
    pub number: TransactionId,
    /// How far it is.
    pub state: TransactionState,
    /// What the app attached to it.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub meta: Option<serde_json::Value>,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was committed here.
    #[cfg_attr(test, ts(type = "number"))]
    pub created_at: Millis,
    /// The server's reason for a rejection, or the last failure to send.
    pub error: Option<ErrorReport>,
    /// Of a rejection that follows from another transaction's: the number of that one.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub caused_by: Option<TransactionId>,
    /// Its intents, in order.
    pub changes: Vec<ChangeRecord>,
}

/// One intent as the app sees it. Values are wire JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChangeRecord {
    /// The table as the app calls it.
    pub table: String,
    /// What was done.
    pub operation: Operation,
    /// The primary key's values in key order.
    #[cfg_attr(test, ts(type = "unknown[]"))]
    pub key: serde_json::Value,
    /// The columns that were written.
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub value: serde_json::Value,
    /// What those columns held before.
    #[cfg_attr(test, ts(type = "Record<string, unknown> | null"))]
    pub base: Option<serde_json::Value>,
    /// What the synced row holds in those columns now, in all of them for a delete. Null when there is no row, or the
    /// transaction is not a rejected one.
    #[cfg_attr(test, ts(type = "Record<string, unknown> | null"))]
    pub synced: Option<serde_json::Value>,
}

/// What `verify()` found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Shadow rows looked at.
    pub shadow_rows: u32,
    /// One sentence for each row that is not the fold of its intents; empty when all is well.
    pub problems: Vec<String>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn requests_about_shapes_say_what_is_wrong_with_them() {
        let set = |shape| Request::set_shape("todos".into(), None, shape);
        let Request::SetShape { name, shape, .. } = set(r#"{"params": [7]}"#).unwrap() else {
            panic!();
        };
        assert_eq!(
            (name.as_str(), &shape.params[..]),
            ("default", &["7".to_owned()][..])
        );
        for wrong in [r#"{"wher": "x"}"#, r#"{"log": "some"}"#, "[]", "\"x\""] {
            let error = set(wrong).unwrap_err();
            assert_eq!(error.code(), "ARGUMENT");
            assert!(error.to_string().starts_with("shape: "), "{error}");
        }
        for wrong in [
            r#"{"limit": -1}"#,
            r#"{"limit": 1.5}"#,
            r#"{"order_by": "id"}"#,
        ] {
            let read = Request::load_subset("todos".into(), Some("mine".into()), wrong);
            assert_eq!(read.unwrap_err().code(), "ARGUMENT", "{wrong}");
        }
    }
}
