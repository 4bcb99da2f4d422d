//! What became of a transaction.

use serde::{Deserialize, Serialize};

/// Whether a transaction is in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is.
    Accepted,
    /// It is not, and a repeated request will not change that.
    Rejected,
}

/// Why a transaction was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable code.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// The answer for one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The transaction's id.
    pub id: String,
    /// Accepted or rejected.
    pub status: Status,
    /// The database's transaction id as `txids` in the shape log carry it; absent when nothing was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txid: Option<u32>,
    /// WAL position read after the commit, decimal: an up-to-date at or above it has the transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lsn: Option<String>,
    /// Whether it changed no row, because the rows it updates or deletes are gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub noop: bool,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}
