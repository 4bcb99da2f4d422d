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
//! | 503, `retry-after` | the journal could not be written; a repeated request continues where it stopped |

mod body;
mod judge;
pub mod ledger;
mod rules;
mod verdict;

pub use body::{Change, LocalTransaction, Operation, parse};
pub(crate) use judge::Court;
pub use rules::{Rejection, Rule};
pub use verdict::{Problem, Status, Verdict};

use serde_json::json;

use crate::electric::constants::cache;
use crate::electric::{Response, constants::header};

/// Largest body accepted, in bytes, unless told otherwise.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

/// Stable codes of answers that stand for the whole request, and of rejections that no row's values cause.
pub mod code {
    /// The table is not for clients to write.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// The body is not an array of transactions.
    pub const MALFORMED: &str = "MALFORMED";
    /// The body is over the limit.
    pub const TOO_LARGE: &str = "TOO_LARGE";
    /// The journal could not be written.
    pub const STORAGE: &str = "STORAGE";
    /// The request comes from another origin.
    pub const CROSS_ORIGIN: &str = "CROSS_ORIGIN";
}

/// Seconds after which a request that met a failed journal may be repeated.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 5;

/// 200 with a verdict for each transaction.
pub(crate) fn answered(verdicts: &[Verdict]) -> Response {
    Response::json(
        200,
        cache::NO_STORE,
        json!({ "transactions": verdicts }).to_string(),
    )
}

/// An answer that stands for the whole request.
pub fn refused(status: u16, code: &str, message: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": message } }).to_string();
    let mut response = Response::json(status, cache::NO_STORE, body);
    if status == 503 {
        response
            .headers
            .push((header::RETRY_AFTER, RETRY_AFTER_SECONDS.to_string()));
    }
    response
}
