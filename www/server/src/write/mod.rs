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
pub mod code;
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

/// Seconds after which a request that met such a failure may be repeated.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 5;
