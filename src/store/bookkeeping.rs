//! Statements on the bookkeeping tables, cached by their text.
//!
//! Whatever is bound and read, the work is done in one body: there are dozens of these, and each copy of it would be
//! downloaded.

use rusqlite::{Connection, Row, ToSql};

use crate::error::Result;

/// Runs a statement that returns no rows; how many it changed.
pub(super) fn run(conn: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<usize> {
    Ok(conn.prepare_cached(sql)?.execute(values)?)
}

/// The first row of a query, if there is one.
pub(super) fn first<T>(
    conn: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut found = None;
    visit(conn, sql, values, &mut |row| {
        found = Some(read(row)?);
        Ok(false)
    })?;
    Ok(found)
}

/// All rows of a query.
pub(super) fn all<T>(
    conn: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    visit(conn, sql, values, &mut |row| {
        found.push(read(row)?);
        Ok(true)
    })?;
    Ok(found)
}

/// Shows the rows one by one, as long as `next` says true.
pub(super) fn visit(
    conn: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    next: &mut dyn FnMut(&Row<'_>) -> Result<bool>,
) -> Result<()> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        if !next(row)? {
            break;
        }
    }
    Ok(())
}
