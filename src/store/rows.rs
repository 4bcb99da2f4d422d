//! Reading and writing rows of a synced or staged table by key.

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::error::Result;
use crate::schema::{TableSchema, identifier, list};
use crate::value::Value;

/// `"a" = ?1 AND "b" = ?2` over the key columns.
pub(super) fn by_key(table: &TableSchema, first: usize) -> String {
    table
        .key_columns()
        .enumerate()
        .map(|(n, column)| format!("{} = ?{}", identifier(&column.name), first + n))
        .collect::<Vec<_>>()
        .join(" AND ")
}

/// The column names, quoted, in table order.
pub(super) fn columns(table: &TableSchema) -> String {
    list(table.columns.iter().map(|column| identifier(&column.name)))
}

/// `?1, ?2, …`
pub(super) fn placeholders(count: usize) -> String {
    list((1..=count).map(|n| format!("?{n}")))
}

/// Inserts a whole row; does nothing for a key that is here.
pub(super) fn insert_sql(table: &TableSchema, base: &str) -> String {
    format!(
        "{} ON CONFLICT ({}) DO NOTHING",
        append_sql(table, base),
        list(table.key_columns().map(|column| identifier(&column.name))),
    )
}

/// Inserts a whole row into a table that knows no key.
pub(super) fn append_sql(table: &TableSchema, base: &str) -> String {
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        identifier(base),
        columns(table),
        placeholders(table.columns.len()),
    )
}

/// `ON CONFLICT` that takes over all columns.
pub(super) fn on_conflict_update(table: &TableSchema) -> String {
    let key = list(table.key_columns().map(|column| identifier(&column.name)));
    let others: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .filter(|(at, _)| !table.is_key(*at))
        .map(|(_, column)| identifier(&column.name))
        .collect();
    if others.is_empty() {
        return format!("ON CONFLICT ({key}) DO NOTHING");
    }
    let set = list(
        others
            .iter()
            .map(|column| format!("{column} = excluded.{column}")),
    );
    let differs = others
        .iter()
        .map(|column| format!("{column} IS NOT excluded.{column}"))
        .collect::<Vec<_>>()
        .join(" OR ");
    format!("ON CONFLICT ({key}) DO UPDATE SET {set} WHERE {differs}")
}

/// The row with that key.
pub(super) fn find(
    conn: &Connection,
    table: &TableSchema,
    base: &str,
    key: &[Value],
) -> Result<Option<Vec<Value>>> {
    let sql = format!(
        "SELECT {} FROM {} WHERE {}",
        columns(table),
        identifier(base),
        by_key(table, 1)
    );
    let found = conn
        .prepare_cached(&sql)?
        .query_row(params_from_iter(key), |row| {
            (0..table.columns.len()).map(|at| row.get(at)).collect()
        })
        .optional()?;
    Ok(found)
}

/// Deletes the row with that key; true if there was one.
pub(super) fn remove(
    conn: &Connection,
    table: &TableSchema,
    base: &str,
    key: &[Value],
) -> Result<bool> {
    let mut statement = conn.prepare_cached(&remove_sql(table, base))?;
    Ok(statement.execute(params_from_iter(key))? > 0)
}

/// Deletes the row with the key that is bound.
pub(super) fn remove_sql(table: &TableSchema, base: &str) -> String {
    format!(
        "DELETE FROM {} WHERE {}",
        identifier(base),
        by_key(table, 1)
    )
}

/// Writes columns, by their positions, of the row with the key that is bound after them.
pub(super) fn patch_sql(table: &TableSchema, base: &str, columns: &[usize]) -> String {
    let set = list(
        columns
            .iter()
            .enumerate()
            .map(|(n, at)| format!("{} = ?{}", identifier(&table.columns[*at].name), n + 1)),
    );
    format!(
        "UPDATE {} SET {set} WHERE {}",
        identifier(base),
        by_key(table, columns.len() + 1)
    )
}
