//! Who holds which row, where a table has several shapes or a shape with a subquery.
//!
//! A row is here while at least one shape holds it. Without these tables the one shape holds every row.

use rusqlite::Connection;

use super::statement::{execute, rows};
use super::{shapes, tables};
use crate::error::Result;
use crate::ids::{Lsn, ShapeId};
use crate::schema::names::{self, member};
use crate::schema::{TableSchema, identifier, list, membership};
use crate::value::Value;

/// In the place of a holder: what shapes had shown of a row when they let go of it and others did not.
pub(super) const LEFT: i64 = 0;

/// Makes the tables where several shapes fill one table, and gives what is there to the oldest. Wants a transaction.
pub fn bring_up(conn: &Connection, table: &TableSchema) -> Result<()> {
    let shapes = shapes::of_table(conn, &table.name)?;
    match shapes[..] {
        [first, _, ..] => keep(conn, table, first),
        _ => Ok(()),
    }
}

/// Makes the tables if they are not there; all rows so far are the one shape's. Wants a transaction.
pub fn keep(conn: &Connection, table: &TableSchema, first: ShapeId) -> Result<()> {
    if are_kept(conn, table)? {
        return Ok(());
    }
    conn.execute_batch(&membership::create_members(table))?;
    conn.execute_batch(&membership::create_slots(table))?;
    let key = key(table);
    execute(
        conn,
        &format!(
            "INSERT INTO {} ({key}, {}, {}) SELECT {key}, ?1, 0 FROM {}",
            identifier(&names::members(&table.name)),
            member::HOLDER,
            member::LSN,
            identifier(&names::synced(&table.name)),
        ),
        &[&Value::Integer(first.0)],
    )?;
    Ok(())
}

/// Whether the tables are there.
pub fn are_kept(conn: &Connection, table: &TableSchema) -> Result<bool> {
    tables::exists(conn, &names::members(&table.name))
}

/// Takes the tables away, with all they hold. Wants a transaction.
pub(super) fn drop_tables(conn: &Connection, table: &str) -> Result<()> {
    for name in [names::members(table), names::slots(table)] {
        conn.execute_batch(&format!("DROP TABLE IF EXISTS {}", identifier(&name)))?;
    }
    Ok(())
}

/// Deletes the visible rows that only `shape` holds, but for those in `kept_by`. Wants a transaction.
pub(super) fn release_rows(
    conn: &Connection,
    table: &TableSchema,
    shape: ShapeId,
    kept_by: Option<i64>,
) -> Result<usize> {
    let sql = format!(
        "DELETE FROM {synced} AS o
         WHERE EXISTS (SELECT 1 FROM {members} AS m WHERE {same} AND m.{holder} = ?1)
           AND NOT EXISTS (SELECT 1 FROM {members} AS m WHERE {same}
                           AND (m.{holder} = ?2 OR m.{holder} > 0 AND m.{holder} <> ?1))",
        synced = identifier(&names::synced(&table.name)),
        members = identifier(&names::members(&table.name)),
        same = same_key(table, "m", "o"),
        holder = member::HOLDER,
    );
    let kept_by = kept_by.map_or(Value::Null, Value::Integer);
    execute(conn, &sql, &[&Value::Integer(shape.0), &kept_by])
}

/// Forgets all that a holder holds. Wants a transaction.
pub(super) fn clear(conn: &Connection, table: &TableSchema, holder: i64) -> Result<()> {
    each_table(
        conn,
        table,
        |name| format!("DELETE FROM {name} WHERE {} = ?1", member::HOLDER),
        &[&Value::Integer(holder)],
    )
}

/// What the loading log holds is from now on what the shape holds. Wants a transaction.
pub(super) fn adopt_staged(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<()> {
    leave(conn, table, shape)?;
    clear(conn, table, shape.0)?;
    each_table(
        conn,
        table,
        |name| format!("UPDATE {name} SET {0} = ?1 WHERE {0} = -?1", member::HOLDER),
        &[&Value::Integer(shape.0)],
    )
}

/// The shape lets go of all its rows: what it showed of those that others hold stays true. Wants a transaction.
pub(super) fn leave(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<()> {
    let members = identifier(&names::members(&table.name));
    let (key, holder, lsn) = (key(table), member::HOLDER, member::LSN);
    execute(
        conn,
        &format!(
            "INSERT INTO {members} ({key}, {holder}, {lsn}) SELECT {key}, {LEFT}, {lsn} FROM {members} WHERE {holder} = ?1
             ON CONFLICT DO UPDATE SET {lsn} = max({lsn}, excluded.{lsn})"
        ),
        &[&Value::Integer(shape.0)],
    )?;
    execute(
        conn,
        &format!(
            "DELETE FROM {members} AS o WHERE {holder} = {LEFT} AND NOT EXISTS (
               SELECT 1 FROM {members} AS m WHERE {} AND m.{holder} > 0 AND m.{holder} <> ?1)",
            same_key(table, "m", "o")
        ),
        &[&Value::Integer(shape.0)],
    )?;
    Ok(())
}

/// The rows of the loading log are held by it, as of `head`. Wants a transaction.
pub(super) fn hold_staged(
    conn: &Connection,
    table: &TableSchema,
    shape: ShapeId,
    head: &Value,
) -> Result<()> {
    let sql = format!(
        "INSERT INTO {members} ({key}, {holder}, {lsn}) SELECT {key}, -?1, ?2 FROM {staged} WHERE true
         ON CONFLICT DO UPDATE SET {lsn} = excluded.{lsn}",
        members = identifier(&names::members(&table.name)),
        staged = identifier(&names::staged(shape)),
        key = key(table),
        holder = member::HOLDER,
        lsn = member::LSN,
    );
    execute(conn, &sql, &[&Value::Integer(shape.0), head])?;
    Ok(())
}

/// SQL: the row `row` is known to contain all that happened up to `?2`, by another shape than `?1`.
pub(super) fn is_contained(table: &TableSchema, row: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM {} AS m WHERE {} AND m.{holder} >= 0 AND m.{holder} <> ?1 AND m.{lsn} > 0
                 AND m.{lsn} >= ?2)",
        identifier(&names::members(&table.name)),
        same_key(table, "m", row),
        lsn = member::LSN,
        holder = member::HOLDER,
    )
}

fn each_table(
    conn: &Connection,
    table: &TableSchema,
    sql: impl Fn(&str) -> String,
    values: &[&Value],
) -> Result<()> {
    for name in [names::members(&table.name), names::slots(&table.name)] {
        execute(conn, &sql(&identifier(&name)), values)?;
    }
    Ok(())
}

/// `a` and `b` are the same row.
pub(super) fn same_key(table: &TableSchema, a: &str, b: &str) -> String {
    table
        .key_columns()
        .map(|column| format!("{a}.{0} = {b}.{0}", identifier(&column.name)))
        .collect::<Vec<_>>()
        .join(" AND ")
}

/// Rows that a shape holds.
pub(super) fn count(conn: &Connection, table: &TableSchema, holder: i64) -> Result<u64> {
    let sql = format!(
        "SELECT count(*) FROM {} WHERE {} = ?1",
        identifier(&names::members(&table.name)),
        member::HOLDER
    );
    let found = rows(conn, &sql, &[&Value::Integer(holder)], 1)?;
    Ok(match found.first().map(Vec::as_slice) {
        Some([Value::Integer(count)]) => count.unsigned_abs(),
        _ => 0,
    })
}

/// A position as SQLite keeps it.
pub(super) fn position(lsn: Lsn) -> Value {
    Value::Integer(i64::try_from(lsn.0).unwrap_or(i64::MAX))
}

/// The key's columns, quoted.
pub(super) fn key(table: &TableSchema) -> String {
    list(table.key_columns().map(|column| identifier(&column.name)))
}
