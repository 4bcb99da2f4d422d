//! SQLite's errors as ours, in one place.

use rusqlite::{ErrorCode, ffi};

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
        // A browser tells of a full quota in three ways: by throwing, by the number 0xFFFFFFF8 out of `write()`, and by
        // writing less than it was given. The file system under SQLite has one error for the last two.
        let extended = error.sqlite_error().map(|error| error.extended_code);
        if let Some(ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE) = extended {
            return Self::Quota(format!("the file cannot grow ({message})"));
        }
        // What the app wrote is read as it is: these are values of ours, of a type that we never write.
        if let rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) = &error
        {
            return Self::Corrupt(message);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Constraint(message),
            Some(ErrorCode::DiskFull) => Self::Quota(message),
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked,
            ) => Self::Storage(message),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(message),
            // Of the file's header; SQLite has no number for it.
            _ if message == "unsupported file format" => Self::Corrupt(message),
            Some(ErrorCode::OperationInterrupted) => Self::Timeout(message),
            Some(ErrorCode::AuthorizationForStatementDenied) => Self::Forbidden(message),
            _ => Self::Sql(message),
        }
    }
}

/// A row of ours that cannot be read back: a broken page that SQLite can read, or the file was changed from outside. Whatever says
/// so must be mended or dropped by [`super::misfits`], or the next file has it again.
pub(super) fn corrupt(what: impl std::fmt::Display) -> Error {
    Error::Corrupt(format!("the database holds what it cannot: {what}"))
}

/// Rows of ours that contradict each other, each of which can be read.
pub(super) fn contradiction(what: impl std::fmt::Display) -> Error {
    Error::Storage(format!("the database holds what it cannot: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(extended: i32) -> &'static str {
        let failure = rusqlite::Error::SqliteFailure(ffi::Error::new(extended), None);
        Error::from(failure).code()
    }

    #[test]
    fn a_full_quota_is_known_by_each_of_its_faces() {
        let full = [
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_TRUNCATE,
        ];
        assert_eq!(full.map(code), ["QUOTA"; 3]);
        assert_eq!(
            [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_FSYNC].map(code),
            ["STORAGE"; 2]
        );
    }

    #[test]
    fn a_broken_file_is_not_a_failing_one() {
        let broken = [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_CORRUPT_INDEX,
        ];
        assert_eq!(broken.map(code), ["CORRUPT"; 3]);
    }
}
