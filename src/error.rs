//! The one error type: whose fault it is, a stable code, and whether a retry helps.
//!
//! The app sees an `Error` object with `.code` and `.retryable`; both are derived here and nowhere else.

use serde::{Deserialize, Serialize};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, sorted by whose fault it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller passed something the API does not take. Code `ARGUMENT`.
    #[error("{0}")]
    Argument(String),
    /// A table declaration contradicts itself, the server's schema or another table. Code `SCHEMA`.
    #[error("table {}: {}", .0.table, .0.reason)]
    Schema(Box<SchemaFault>),
    /// The app's SQL is wrong. Code `SQL`.
    #[error("{0}")]
    Sql(String),
    /// A write broke a rule of the table: key taken, key changed, value of the wrong type. Code `CONSTRAINT`.
    #[error("{0}")]
    Constraint(String),
    /// The app's SQL touched what only sync may touch. Code `FORBIDDEN`.
    #[error("{0}")]
    Forbidden(String),
    /// The interactive transaction is over: committed, rolled back, timed out. Code `TRANSACTION_CLOSED`.
    #[error("the transaction is already over: {0}")]
    TransactionClosed(String),
    /// The database went to another tab, or was opened anew, while the interactive transaction was open: it was rolled back. Code
    /// `LEADER_CHANGED`; the same transaction can be run again.
    #[error("the transaction was rolled back: the database was taken over while it was open")]
    LeaderChanged,
    /// The database was closed or wiped. Code `CLOSED`.
    #[error("the database is closed")]
    Closed,
    /// Another tab holds the database file. Code `DATABASE_IN_USE`; a retry helps once that tab closes.
    #[error("database {0:?} is open in another tab")]
    InUse(String),
    /// The browser's storage refused or failed. Code `STORAGE`.
    #[error("storage: {0}")]
    Storage(String),
    /// A statement of the app ran longer than it may, and was interrupted. Code `TIMEOUT`.
    #[error("{0}")]
    Timeout(String),
    /// The database file is broken. Code `CORRUPT`; it is set aside and built anew, with all of the app's writes that could be read.
    #[error("the database file is broken: {0}")]
    Corrupt(String),
    /// The disk or the quota is full. Code `QUOTA`; a retry helps once there is space.
    #[error("the storage is full: {0}")]
    Quota(String),
    /// The database file was written by a newer version of this package. Code `SCHEMA_AHEAD`.
    #[error("the database was written by a newer version ({found}, this one knows {known})")]
    SchemaAhead {
        /// The version in the file.
        found: u32,
        /// The newest version this build knows.
        known: u32,
    },
    /// Electric, or a proxy before it, answered with what the protocol does not allow. Code `PROTOCOL`.
    #[error("shape protocol: {0}")]
    Protocol(String),
    /// The server refused the request's definition (a 400 of Electric). Code `SHAPE_REJECTED`.
    #[error("the server refused the shape: {0}")]
    ShapeRejected(String),
    /// 401 or 403: credentials are missing or stale. Code `AUTH`; a retry with fresh headers helps.
    #[error("not authorized: {0}")]
    Auth(String),
    /// The write endpoint is not what it should be: a redirect, HTML, 404. Code `ENDPOINT`.
    #[error("the endpoint is misconfigured: {0}")]
    Endpoint(String),
    /// No connection, a timeout, or a server that is down for now. Code `NETWORK`; retried by itself.
    #[error("network: {0}")]
    Network(String),
    /// A bug in this package. Code `INTERNAL`.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

impl Error {
    /// The stable code that an app may match on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Argument(_) => "ARGUMENT",
            Self::Schema(_) => "SCHEMA",
            Self::Sql(_) => "SQL",
            Self::Constraint(_) => "CONSTRAINT",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::TransactionClosed(_) => "TRANSACTION_CLOSED",
            Self::LeaderChanged => "LEADER_CHANGED",
            Self::Closed => "CLOSED",
            Self::InUse(_) => "DATABASE_IN_USE",
            Self::Storage(_) => "STORAGE",
            Self::Timeout(_) => "TIMEOUT",
            Self::Corrupt(_) => "CORRUPT",
            Self::Quota(_) => "QUOTA",
            Self::SchemaAhead { .. } => "SCHEMA_AHEAD",
            Self::Protocol(_) => "PROTOCOL",
            Self::ShapeRejected(_) => "SHAPE_REJECTED",
            Self::Auth(_) => "AUTH",
            Self::Endpoint(_) => "ENDPOINT",
            Self::Network(_) => "NETWORK",
            Self::Internal(_) => "INTERNAL",
        }
    }

    /// Whether the same call can succeed later without a change in the app.
    pub fn retryable(&self) -> bool {
        matches!(
            self,
            Self::LeaderChanged
                | Self::InUse(_)
                | Self::Quota(_)
                | Self::Auth(_)
                | Self::Network(_)
        )
    }

    /// The form that crosses to the app and into `status`.
    pub fn report(&self) -> ErrorReport {
        ErrorReport {
            code: self.code().to_owned(),
            message: shortened(self.to_string()),
            retryable: self.retryable(),
        }
    }

    /// Shorthand for [`Error::Schema`].
    pub fn schema(table: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Schema(Box::new(SchemaFault {
            table: table.into(),
            reason: reason.into(),
        }))
    }
}

/// The longest text of an error that is kept or shown, in bytes.
const MAX_TEXT: usize = 4_000;

/// The beginning of a text that a server may have made as long as it likes.
pub(crate) fn shortened(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    text
}

/// What [`Error::Schema`] says. Apart, because every `Result` is as large as the largest error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFault {
    /// The table as the app calls it.
    pub table: String,
    /// What is wrong, as a sentence.
    pub reason: String,
}

/// An error as data: what a reply, a status or the journal of rejected transactions carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ErrorReport {
    /// Stable, upper case; the codes of [`Error`], or the server's own for a rejection.
    pub code: String,
    /// One sentence for a human.
    pub message: String,
    /// Whether trying again without a change can help.
    pub retryable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_can_be_retried_and_a_wrong_argument_cannot() {
        assert!(Error::Quota("10 MB used".into()).report().retryable);
        let report = Error::Argument("params must be an array".into()).report();
        assert_eq!(
            (report.code.as_str(), report.retryable),
            ("ARGUMENT", false)
        );
    }
}
