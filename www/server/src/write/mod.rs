//! The write API: what `POST /changes` means, without any I/O.
//!
//! The body is a JSON array of transactions. Each is applied whole or rejected whole, in order, and once: its id is an
//! idempotency key, and the answer to a repeated id is the first answer. `base`, the values a client saw before its
//! change, is accepted and not checked: the last writer wins.
//!
//! | answer | when |
//! |---|---|
//! | 200 `{"transactions":[…]}` | a [`Verdict`] for each transaction |
//! | 400 `{"error":{code,message}}` | the body is not what is expected; nothing was applied |
//! | 413 | the body is over the limit; nothing was applied |
//! | 503, `retry-after` | nothing was decided; the request may be repeated |
//!
//! Where the database gives up in the middle, the answer names the transactions before: those it does not name are to
//! be sent again. `www/server/README.md` is the contract for those who write their own.

mod answer;
mod body;
mod judge;
pub mod ledger;
mod rules;
pub mod spelling;
mod verdict;

pub use answer::{Applied, refused};
pub(crate) use body::WRITE_ID;
pub use body::{Change, LocalTransaction, Operation, parse};
pub(crate) use judge::Court;
pub use rules::{Rejection, Rule};
pub use verdict::{Problem, Status, Verdict};

/// Largest body accepted, in bytes, unless told otherwise.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

/// Stable codes of answers that stand for the whole request, and of rejections that no row's values cause.
pub mod code {
    /// The table or the column is not for clients to write, or not for this one.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// There is no such table.
    pub const UNKNOWN_TABLE: &str = "UNKNOWN_TABLE";
    /// The table has no such column.
    pub const UNKNOWN_COLUMN: &str = "UNKNOWN_COLUMN";
    /// A value is not of its column's type.
    pub const INVALID_VALUE: &str = "INVALID_VALUE";
    /// A column of the primary key has no value.
    pub const MISSING_KEY: &str = "MISSING_KEY";
    /// A trigger raised an error that names no code of its own.
    pub const RAISED: &str = "RAISED";
    /// The body is not an array of transactions.
    pub const MALFORMED: &str = "MALFORMED";
    /// The body is over the limit.
    pub const TOO_LARGE: &str = "TOO_LARGE";
    /// The database, or the journal of the embedded one, did not take it now.
    pub const STORAGE: &str = "STORAGE";
    /// The request does not say who sends it.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The request comes from another origin.
    pub const CROSS_ORIGIN: &str = "CROSS_ORIGIN";
}

/// Seconds after which a request that met such a failure may be repeated.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 5;
