//! The body of `POST /changes`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The column that receives a change's write id, if the table has it.
pub(crate) const WRITE_ID: &str = "write_id";
/// Most bytes of a transaction's id: it is the key of an index.
const MAX_ID_BYTES: usize = 512;

/// What a change does to its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// A new row.
    Insert,
    /// New values for some columns of a row.
    Update,
    /// No more row.
    Delete,
}

/// One change. Unknown fields, `id` and `base` among them, are ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// The table.
    pub table: String,
    /// What to do.
    pub operation: Operation,
    /// Stored in the row if the table has a column of this name.
    #[serde(default)]
    pub write_id: Option<String>,
    /// Primary key and changed columns, as JSON of the column's type. Numbers keep their digits.
    #[serde(default)]
    pub value: BTreeMap<String, Option<Box<RawValue>>>,
}

/// A client's transaction. Unknown fields, `meta` among them, are ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct LocalTransaction {
    /// Unique over all clients and for all time.
    pub id: String,
    /// The changes, in order.
    pub changes: Vec<Change>,
}

/// Reads a body.
///
/// # Errors
/// A sentence that says where the body is wrong.
pub fn parse(body: &[u8]) -> Result<Vec<LocalTransaction>, String> {
    let transactions: Vec<LocalTransaction> =
        serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let is_usable = |id: &str| (1..=MAX_ID_BYTES).contains(&id.len()) && !id.contains('\0');
    match transactions.iter().all(|one| is_usable(&one.id)) {
        true => Ok(transactions),
        false => Err(format!(
            "a transaction's id has 1 to {MAX_ID_BYTES} bytes and no NUL"
        )),
    }
}
