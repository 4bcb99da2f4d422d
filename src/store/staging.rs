//! The log that loads beside the rows readers see, and the moment it replaces them.
//!
//! It has no indexes: they are built once, from all rows in order, when it is complete. Kept row by row, an index of random keys is
//! read and written again all over for each body: 28 times the bytes in a table of a million rows. What looks rows up by their key
//! before ([`seal`]) builds that one earlier.

use rusqlite::{Connection, ErrorCode};

use super::membership::{self, same_key};
use super::statement::{execute, exists};
use super::{rows, tables};
use crate::error::Result;
use crate::ids::{Lsn, ShapeId};
use crate::schema::{TableSchema, ddl, identifier, loading, names};
use crate::value::Value;

/// An empty place for a log to load into. Wants a transaction.
pub fn begin(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<()> {
    clear(conn, table, shape)?;
    conn.execute_batch(&loading::create_staged(table, &names::staged(shape)))?;
    Ok(())
}

/// Whether there is one.
pub fn has_begun(conn: &Connection, shape: ShapeId) -> Result<bool> {
    tables::exists(conn, &names::staged(shape))
}

/// Whether its rows can be found by their key.
pub(super) fn is_sealed(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<bool> {
    let sql = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1";
    let staged = Value::Text(names::staged(shape));
    Ok(table.is_ordered_by_key() || exists(conn, sql, &[&staged])?)
}

/// Gives the rows loaded so far their key; of those that came twice the last one stays, and the number of the others is returned. Wants
/// a transaction.
pub fn seal(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<u64> {
    if is_sealed(conn, table, shape)? {
        return Ok(0);
    }
    let staged = names::staged(shape);
    // The table that it is to replace may have the first one.
    let taken = tables::exists(conn, &names::key_index(shape, false))?;
    let sql = loading::create_key(table, &staged, &names::key_index(shape, taken));
    match conn.execute_batch(&sql) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {}
        other => return Ok(other.map(|()| 0)?),
    }
    let before = tables::count_rows(conn, &staged)?;
    let unique = names::outdated(&table.name);
    conn.execute_batch(&format!(
        "{create}; INSERT INTO {unique} ({columns}) SELECT {columns} FROM {staged} WHERE true {upsert};
         DROP TABLE {staged}; ALTER TABLE {unique} RENAME TO {staged}",
        create = ddl::create_rows(table, &unique),
        columns = rows::columns(table),
        unique = identifier(&unique),
        staged = identifier(&staged),
        upsert = rows::on_conflict_update(table),
    ))?;
    Ok(before - tables::count_rows(conn, &staged)?)
}

/// Rows loaded so far.
pub fn count(conn: &Connection, shape: ShapeId) -> Result<u64> {
    if !has_begun(conn, shape)? {
        return Ok(0);
    }
    tables::count_rows(conn, &names::staged(shape))
}

/// Drops a half-loaded log. Wants a transaction.
pub fn clear(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<()> {
    drop_rows(conn, shape)?;
    if membership::are_kept(conn, table)? {
        membership::clear(conn, table, -shape.0)?;
    }
    Ok(())
}

/// Drops its rows. Wants a transaction.
pub fn drop_rows(conn: &Connection, shape: ShapeId) -> Result<()> {
    conn.execute_batch(&format!(
        "DROP TABLE IF EXISTS {}",
        identifier(&names::staged(shape))
    ))?;
    Ok(())
}

/// Makes the loaded log, complete as of `head`, the rows that readers see; true if that changes any. Touches only
/// rows that differ. Wants a transaction.
pub fn swap(conn: &Connection, table: &TableSchema, shape: ShapeId, head: Lsn) -> Result<bool> {
    if membership::are_kept(conn, table)? {
        return swap_held(conn, table, shape, head);
    }
    seal(conn, table, shape)?;
    let synced = identifier(&names::synced(&table.name));
    let staged = identifier(&names::staged(shape));
    if !exists(conn, &format!("SELECT 1 FROM {synced}"), &[])? {
        return take_place(conn, table, shape);
    }
    let gone = execute(
        conn,
        &format!(
            "DELETE FROM {synced} AS o WHERE NOT EXISTS (SELECT 1 FROM {staged} AS n WHERE {})",
            same_key(table, "n", "o")
        ),
        &[],
    )?;
    let new = execute(
        conn,
        &format!(
            "INSERT INTO {synced} ({columns}) SELECT {columns} FROM {staged} WHERE true {upsert}",
            columns = rows::columns(table),
            upsert = rows::on_conflict_update(table)
        ),
        &[],
    )?;
    drop_rows(conn, shape)?;
    Ok(gone + new > 0)
}

/// The loaded table becomes the synced one; indexes, view and triggers are made over it.
fn take_place(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<bool> {
    let synced = identifier(&names::synced(&table.name));
    let staged = identifier(&names::staged(shape));
    let changes = exists(conn, &format!("SELECT 1 FROM {staged}"), &[])?;
    tables::drop_dependents(conn, table)?;
    conn.execute_batch(&format!(
        "DROP TABLE {synced}; ALTER TABLE {staged} RENAME TO {synced}"
    ))?;
    tables::create_dependents(conn, table)?;
    Ok(changes)
}

/// The same beside other shapes: what only this one held and no longer holds goes, and a row that another shape has
/// shown in a newer state stays as it is.
fn swap_held(conn: &Connection, table: &TableSchema, shape: ShapeId, head: Lsn) -> Result<bool> {
    let staged = identifier(&names::staged(shape));
    let holder = Value::Integer(shape.0);
    let head = membership::position(head);
    membership::hold_staged(conn, table, shape, &head)?;
    let gone = membership::release_rows(conn, table, shape, Some(-shape.0))?;
    let new = execute(
        conn,
        &format!(
            "INSERT INTO {synced} ({columns}) SELECT {columns} FROM {staged} AS n WHERE NOT {contained} {upsert}",
            synced = identifier(&names::synced(&table.name)),
            columns = rows::columns(table),
            contained = membership::is_contained(table, "n"),
            upsert = rows::on_conflict_update(table)
        ),
        &[&holder, &head],
    )?;
    membership::adopt_staged(conn, table, shape)?;
    drop_rows(conn, shape)?;
    Ok(gone + new > 0)
}
