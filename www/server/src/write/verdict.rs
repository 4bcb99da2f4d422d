//! What became of a transaction.

use serde::{Deserialize, Deserializer, Serialize};

use super::code;
use super::rules::Rejection;
use crate::electric::ChangeError;

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

impl Problem {
    /// A table that no client writes.
    pub(crate) fn forbidden(table: &str) -> Self {
        let message = format!("table \"{table}\" is not written by clients");
        Self::new(code::FORBIDDEN, message)
    }

    pub(crate) fn new(code: &str, message: String) -> Self {
        let code = code.to_owned();
        Self { code, message }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self {
            code: rejection.code.to_owned(),
            message: rejection.message.into_owned(),
        }
    }
}

/// The answer for one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The transaction's id.
    pub id: String,
    /// Accepted or rejected.
    pub status: Status,
    /// The database's transaction id, 64 bits in decimal; `txids` in the shape log carry its lower half. Absent when
    /// nothing was written.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text_or_number"
    )]
    pub txid: Option<String>,
    /// WAL position read after the commit, decimal: an up-to-date at or above it has the transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lsn: Option<String>,
    /// Whether it changed no row of the application's, because the rows it updates or deletes are gone: no change of
    /// them comes back. With a ledger it has a `txid` all the same, that of its ledger row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub noop: bool,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

impl Verdict {
    /// An acceptance that does not yet say where.
    pub(crate) fn accepted(id: &str, noop: bool) -> Self {
        Self {
            id: id.to_owned(),
            status: Status::Accepted,
            txid: None,
            lsn: None,
            noop,
            error: None,
        }
    }

    /// A rejection.
    pub(crate) fn rejected(id: &str, problem: Problem) -> Self {
        Self {
            id: id.to_owned(),
            status: Status::Rejected,
            txid: None,
            lsn: None,
            noop: false,
            error: Some(problem),
        }
    }

    pub(crate) fn with_txid(mut self, txid: String) -> Self {
        self.txid = Some(txid);
        self
    }
}

/// Journals of earlier versions have numbers.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Number(u64),
    }
    let written = Option::<Written>::deserialize(deserializer)?;
    Ok(written.map(|written| match written {
        Written::Text(text) => text,
        Written::Number(number) => number.to_string(),
    }))
}
