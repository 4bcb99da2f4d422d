//! The words of the write path: what an intent does, how far a transaction is.

use serde::{Deserialize, Serialize};

/// How far a local transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum TransactionState {
    /// Durable here; not sent yet.
    Queued,
    /// In a POST that has not been answered.
    Sending,
    /// The server has it; its rows are not back yet.
    Accepted,
    /// Its rows came back: local and server state agree on it.
    Confirmed,
    /// The server refused it; it was rolled back here and waits in the journal.
    Rejected,
    /// Another one speaks for it: it was merged into that, or put back into the queue as that.
    Replaced,
    /// It was rejected, and the app has dropped it.
    Discarded,
}

impl TransactionState {
    /// As it stands in the database and in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Replaced => "replaced",
            Self::Discarded => "discarded",
        }
    }

    /// The inverse of [`TransactionState::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Sending,
            Self::Accepted,
            Self::Confirmed,
            Self::Rejected,
            Self::Replaced,
            Self::Discarded,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }
}

/// What an intent does to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// The row is new.
    Insert,
    /// Some columns change.
    Update,
    /// The row goes.
    Delete,
}

impl Operation {
    /// As it stands in the change log and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The inverse of [`Operation::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Insert, Self::Update, Self::Delete]
            .into_iter()
            .find(|operation| operation.as_str() == text)
    }
}
