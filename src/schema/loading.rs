//! The SQL of a table that loads out of sight, and gets its key when its rows are there.

use super::ddl::{create_rows, key_identifiers, row_columns};
use super::sql::{identifier, list};
use super::table::TableSchema;

/// `CREATE TABLE` of the log that is loading beside the synced rows: the same columns, and the same key if it is the place of the row
/// itself. Any other key is made by [`create_key`].
pub fn create_staged(table: &TableSchema, name: &str) -> String {
    if table.is_ordered_by_key() {
        return create_rows(table, name);
    }
    format!("CREATE TABLE {} ({})", identifier(name), row_columns(table))
}

/// The primary key of a table that was made without one.
pub fn create_key(table: &TableSchema, name: &str, index: &str) -> String {
    format!(
        "CREATE UNIQUE INDEX {} ON {} ({})",
        identifier(index),
        identifier(name),
        list(key_identifiers(table))
    )
}
