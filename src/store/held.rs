//! Answers that are here and not yet shown: their shapes show changes together.

use rusqlite::{Connection, params};

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
    conn.prepare_cached("INSERT INTO _throughline_held (shape, body) VALUES (?1, ?2)")?
        .execute(params![shape.0, body])?;
    Ok(())
}

/// The answers of a shape, in order.
pub fn of_shape(conn: &Connection, shape: ShapeId) -> Result<Vec<Held>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, body, shown FROM _throughline_held WHERE shape = ?1 ORDER BY id",
    )?;
    let mut found = statement.query([shape.0])?;
    let mut held = Vec::new();
    while let Some(row) = found.next()? {
        let shown: Option<i64> = row.get(2)?;
        held.push(Held {
            id: row.get(0)?,
            body: row.get(1)?,
            shown: shown.map(|lsn| Lsn(lsn.unsigned_abs())),
        });
    }
    Ok(held)
}

/// Whether there is any.
pub fn has_any(conn: &Connection, shape: ShapeId) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM _throughline_held WHERE shape = ?1)")?
        .query_row([shape.0], |row| row.get(0))?)
}

/// An answer's changes up to `lsn` are in the rows. Wants their transaction.
pub fn show(conn: &Connection, id: i64, lsn: Lsn) -> Result<()> {
    conn.prepare_cached("UPDATE _throughline_held SET shown = ?2 WHERE id = ?1")?
        .execute(params![id, position(lsn)])?;
    Ok(())
}

/// All of an answer is in the rows. Wants their transaction.
pub fn forget(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached("DELETE FROM _throughline_held WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// The log of the shape is void. Wants a transaction.
pub fn clear(conn: &Connection, shape: ShapeId) -> Result<()> {
    conn.prepare_cached("DELETE FROM _throughline_held WHERE shape = ?1")?
        .execute([shape.0])?;
    Ok(())
}
