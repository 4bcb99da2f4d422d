//! Every stable code, of rejections and of answers that stand for the whole request.

use crate::electric::ChangeError;

/// A key or another unique value is taken.
pub const UNIQUE_VIOLATION: &str = "UNIQUE_VIOLATION";
/// A row that is referred to is not there.
pub const FOREIGN_KEY_VIOLATION: &str = "FOREIGN_KEY_VIOLATION";
/// A CHECK says no.
pub const CHECK_VIOLATION: &str = "CHECK_VIOLATION";
/// NULL where it is refused.
pub const NOT_NULL_VIOLATION: &str = "NOT_NULL_VIOLATION";
/// An EXCLUDE constraint says no.
pub const EXCLUSION_VIOLATION: &str = "EXCLUSION_VIOLATION";
/// Another constraint says no.
pub const CONSTRAINT_VIOLATION: &str = "CONSTRAINT_VIOLATION";
/// A value is not of its column's type.
pub const INVALID_VALUE: &str = "INVALID_VALUE";
/// A column of the primary key has no value.
pub const MISSING_KEY: &str = "MISSING_KEY";
/// There is no such table.
pub const UNKNOWN_TABLE: &str = "UNKNOWN_TABLE";
/// The table has no such column.
pub const UNKNOWN_COLUMN: &str = "UNKNOWN_COLUMN";
/// The table or the column is not for clients to write, or not for this one.
pub const FORBIDDEN: &str = "FORBIDDEN";
/// A trigger raised an error that names no code of its own.
pub const RAISED: &str = "RAISED";
/// The database cannot do such a thing to such a table.
pub const UNSUPPORTED: &str = "UNSUPPORTED";
/// A table cannot be filled by formula.
pub const NOT_FILLABLE: &str = "NOT_FILLABLE";

/// The body is not an array of transactions.
pub const MALFORMED: &str = "MALFORMED";
/// The body, or a value in it, is over a limit.
pub const TOO_LARGE: &str = "TOO_LARGE";
/// The database, or the journal of the embedded one, gives no decision now.
pub const STORAGE: &str = "STORAGE";
/// The request does not say who sends it.
pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
/// The request comes from another origin.
pub const CROSS_ORIGIN: &str = "CROSS_ORIGIN";

impl ChangeError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            ChangeError::UnknownTable(_) => UNKNOWN_TABLE,
            ChangeError::UnknownColumn { .. } => UNKNOWN_COLUMN,
            ChangeError::InvalidValue { .. } => INVALID_VALUE,
            ChangeError::MissingKey(_) => MISSING_KEY,
            ChangeError::NotNull(_) => NOT_NULL_VIOLATION,
            ChangeError::KeyConflict(_) => UNIQUE_VIOLATION,
            ChangeError::NotFillable { .. } => NOT_FILLABLE,
        }
    }
}
