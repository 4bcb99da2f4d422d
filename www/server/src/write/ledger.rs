//! The ledger: a table with one row for each client transaction, written in the transaction it tells of.
//!
//! It makes writes idempotent, and a client that syncs its own rows of it (`client_id = $1`) has its writes confirmed
//! whatever became of the rows they changed: a change that hit no row, a row outside every shape, one that someone else
//! has changed again. Only rows that say `accepted` confirm.

use crate::electric::{Column, ColumnDefault, PgType, Row, Table, row};

use super::verdict::{Status, Verdict};

/// The table.
pub const LEDGER: &str = "throughline_ledger";

/// What a client that syncs the ledger sends as `where`, with its client id as the parameter.
pub const OWN_ROWS: &str = "client_id = $1";

/// Its columns.
pub mod column {
    /// The transaction's idempotency key, `<client id>:<n>`.
    pub const ID: &str = "id";
    /// The part of it before the last colon.
    pub const CLIENT_ID: &str = "client_id";
    /// `accepted` or `rejected`.
    pub const STATUS: &str = "status";
    /// Why it was rejected: a stable code.
    pub const CODE: &str = "code";
    /// Why it was rejected: a sentence.
    pub const MESSAGE: &str = "message";
    /// Whether it changed no row of the application's.
    pub const NOOP: &str = "noop";
    /// The database's transaction, 64 bits in decimal; NULL for one that was rejected.
    pub const TXID: &str = "txid";
    /// When the row was written.
    pub const CREATED_AT: &str = "created_at";
}

/// The ledger as the embedded database has it; the same columns as in Postgres.
pub fn table() -> Table {
    Table::new(
        LEDGER,
        &[column::ID],
        [
            Column::new(column::ID, PgType::Text),
            Column::new(column::CLIENT_ID, PgType::Text).not_null(),
            Column::new(column::STATUS, PgType::Text).not_null(),
            Column::new(column::CODE, PgType::Text),
            Column::new(column::MESSAGE, PgType::Text),
            Column::new(column::NOOP, PgType::Bool)
                .not_null()
                .default(ColumnDefault::Text("f".into())),
            Column::new(column::TXID, PgType::Text),
            Column::new(column::CREATED_AT, PgType::Timestamptz)
                .not_null()
                .default(ColumnDefault::Now),
        ],
    )
}

/// The client that a transaction's id names: what stands before the last colon, or all of it.
pub fn client_id(id: &str) -> &str {
    id.rsplit_once(':').map_or(id, |(client, _)| client)
}

/// The row that tells of a verdict.
pub(crate) fn row_of(verdict: &Verdict) -> Row {
    let error = verdict.error.as_ref();
    row([
        (column::ID, Some(verdict.id.as_str())),
        (column::CLIENT_ID, Some(client_id(&verdict.id))),
        (column::STATUS, Some(verdict.status.name())),
        (column::CODE, error.map(|error| error.code.as_str())),
        (column::MESSAGE, error.map(|error| error.message.as_str())),
        (column::NOOP, Some(if verdict.noop { "t" } else { "f" })),
        (column::TXID, verdict.txid.as_deref()),
    ])
}

/// Whether clients may never write to the table, whoever they are.
pub(crate) fn is_reserved(table: &str) -> bool {
    table == LEDGER
}

impl Status {
    /// As answers and the ledger spell it.
    pub fn name(self) -> &'static str {
        match self {
            Status::Accepted => "accepted",
            Status::Rejected => "rejected",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_what_stands_before_the_last_colon() {
        assert_eq!(client_id("0197:3"), "0197");
        assert_eq!(client_id("tenant:0197:3"), "tenant:0197");
        assert_eq!(client_id("alone"), "alone");
    }
}
