//! Answers that are here and not yet shown: their shapes show changes together.

use rusqlite::Connection;

use super::bookkeeping::{all, first, run};
use super::membership::position;
use crate::error::Result;
use crate::ids::{Lsn, ShapeId};

/// One answer.
#[derive(Debug)]
pub struct Held {
    /// Its place.
    pub id: i64,
    /// As it came.
    pub body: String,
    /// What is in the rows already: its changes up to this position.
    pub shown: Option<Lsn>,
}

/// Keeps an answer. Wants the transaction that writes its position.
pub fn hold(conn: &Connection, shape: ShapeId, body: &str) -> Result<()> {
    let sql = "INSERT INTO _throughline_held (shape, body) VALUES (?1, ?2)";
    run(conn, sql, &[&shape.0, &body])?;
    Ok(())
}

/// The answers of a shape, in order.
pub fn of_shape(conn: &Connection, shape: ShapeId) -> Result<Vec<Held>> {
    let sql = "SELECT id, body, shown FROM _throughline_held WHERE shape = ?1 ORDER BY id";
    all(conn, sql, &[&shape.0], |row| {
        let shown: Option<i64> = row.get(2)?;
        Ok(Held {
            id: row.get(0)?,
            body: row.get(1)?,
            shown: shown.map(|lsn| Lsn(lsn.unsigned_abs())),
        })
    })
}

/// Whether the shape has any.
pub fn has_any(conn: &Connection, shape: ShapeId) -> Result<bool> {
    let sql = "SELECT 1 FROM _throughline_held WHERE shape = ?1";
    Ok(first(conn, sql, &[&shape.0], |_| Ok(()))?.is_some())
}

/// The newest answer of all.
pub fn last(conn: &Connection) -> Result<i64> {
    let sql = "SELECT ifnull(max(id), 0) FROM _throughline_held";
    Ok(first(conn, sql, &[], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// An answer's changes up to `lsn` are in the rows. Wants their transaction.
pub fn show(conn: &Connection, id: i64, lsn: Lsn) -> Result<()> {
    let sql = "UPDATE _throughline_held SET shown = max(ifnull(shown, 0), ?2) WHERE id = ?1";
    run(conn, sql, &[&id, &position(lsn)])?;
    Ok(())
}

/// All of an answer is in the rows. Wants their transaction.
pub fn forget(conn: &Connection, id: i64) -> Result<()> {
    run(conn, "DELETE FROM _throughline_held WHERE id = ?1", &[&id])?;
    Ok(())
}

/// The log of the shape is void. Wants a transaction.
pub fn clear(conn: &Connection, shape: ShapeId) -> Result<()> {
    let sql = "DELETE FROM _throughline_held WHERE shape = ?1";
    run(conn, sql, &[&shape.0])?;
    Ok(())
}
