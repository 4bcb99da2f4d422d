//! Running our own cached statements over [`Value`]s. One body each, whatever is bound: these are the hot paths.

use rusqlite::{CachedStatement, Connection};

use crate::error::Result;
use crate::value::Value;

/// Runs a statement that returns no rows; how many it changed.
pub(super) fn execute(conn: &Connection, sql: &str, values: &[&Value]) -> Result<usize> {
    let mut statement = bound(conn, sql, values)?;
    Ok(statement.raw_execute()?)
}

/// Whether the query has a row.
pub(super) fn exists(conn: &Connection, sql: &str, values: &[&Value]) -> Result<bool> {
    let mut statement = bound(conn, sql, values)?;
    Ok(statement.raw_query().next()?.is_some())
}

/// All rows of `width` columns.
pub(super) fn rows(
    conn: &Connection,
    sql: &str,
    values: &[&Value],
    width: usize,
) -> Result<Vec<Vec<Value>>> {
    let mut statement = bound(conn, sql, values)?;
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(
            (0..width)
                .map(|at| row.get(at))
                .collect::<rusqlite::Result<_>>()?,
        );
    }
    Ok(rows)
}

/// Prepares and binds.
pub(super) fn bound<'c>(
    conn: &'c Connection,
    sql: &str,
    values: &[&Value],
) -> Result<CachedStatement<'c>> {
    let mut statement = conn.prepare_cached(sql)?;
    for (at, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(at + 1, *value)?;
    }
    Ok(statement)
}
