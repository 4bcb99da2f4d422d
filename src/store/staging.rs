//! The log that loads beside the rows readers see, and the moment it replaces them.
//!
//! It has no indexes but its key: they are built once, when it takes the place of a table that was empty.

use rusqlite::Connection;

use super::membership::{self, same_key};
use super::statement::{execute, exists};
use super::{rows, tables};
use crate::error::Result;
use crate::ids::{Lsn, ShapeId};
use crate::schema::{TableSchema, ddl, identifier, names};
use crate::value::Value;

/// An empty place for a log to load into. Wants a transaction.
pub fn begin(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<()> {
    clear(conn, table, shape)?;
    conn.execute_batch(&ddl::create_rows(table, &names::staged(shape)))?;
    Ok(())
}

/// Whether there is one.
pub fn has_begun(conn: &Connection, shape: ShapeId) -> Result<bool> {
    tables::exists(conn, &names::staged(shape))
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
