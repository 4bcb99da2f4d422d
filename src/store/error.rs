//! SQLite's errors as ours, in one place.

use rusqlite::ErrorCode;

use crate::error::Error;

impl From<rusqlite::Error> for Error {
    // Behind every `?` on a statement: one copy of it is enough.
    #[cold]
    #[inline(never)]
    fn from(error: rusqlite::Error) -> Self {
        let message = match &error {
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Constraint(message),
            Some(ErrorCode::DiskFull) => Self::Quota(message),
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked,
            ) => Self::Storage(message),
            Some(ErrorCode::AuthorizationForStatementDenied) => Self::Forbidden(message),
            _ => Self::Sql(message),
        }
    }
}

/// A row of ours that cannot be read back: the file was changed from outside, or we have a bug.
pub(super) fn corrupt(what: impl std::fmt::Display) -> Error {
    Error::Storage(format!("the database holds what it cannot: {what}"))
}
