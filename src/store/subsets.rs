//! Subsets that were loaded beside a log: to be loaded again with the next one, and left out of what this one tells.

use rusqlite::{Connection, ToSql};

use super::bookkeeping::{all, first, run};
use super::error::corrupt;
use super::membership::position;
use crate::error::{Error, Result};
use crate::ids::{Lsn, ShapeId};
use crate::schema::Subset;
use crate::shape::Snapshot;

/// Notes a subset and what it contains; returns the mark of its rows. Wants the transaction that writes them.
pub fn save(
    conn: &Connection,
    shape: ShapeId,
    subset: &Subset,
    snapshot: &Snapshot,
    lsn: Lsn,
) -> Result<i64> {
    let mut xids = vec![snapshot.xmin, snapshot.xmax];
    xids.extend(&snapshot.xip);
    let xids = serde_json::Value::from(xids).to_string();
    let sql = "INSERT OR REPLACE INTO _throughline_subsets (shape, request, snapshot, lsn)
               VALUES (?1, ?2, ?3, ?4) RETURNING id";
    let values: [&dyn ToSql; 4] = [&shape.0, &json(subset)?, &xids, &position(lsn)];
    let mark = first(conn, sql, &values, |row| Ok(row.get(0)?))?;
    mark.ok_or_else(|| corrupt("a subset without a mark"))
}

/// All subsets of a shape, in the order they were loaded.
pub fn load(conn: &Connection, shape: ShapeId) -> Result<Vec<Subset>> {
    let sql = "SELECT request FROM _throughline_subsets WHERE shape = ?1 ORDER BY id";
    all(conn, sql, &[&shape.0], |row| {
        let request: String = row.get(0)?;
        crate::json::from_str(&request).map_err(corrupt)
    })
}

/// Forgets one, or all of a shape. Wants a transaction.
pub fn forget(conn: &Connection, shape: ShapeId, subset: Option<&Subset>) -> Result<()> {
    let sql = "DELETE FROM _throughline_subsets WHERE shape = ?1 AND (?2 IS NULL OR request = ?2)";
    run(conn, sql, &[&shape.0, &subset.map(json).transpose()?])?;
    Ok(())
}

/// The log has passed a position: snapshots that the server read before it are of no more use. Wants a transaction.
pub fn pass(conn: &Connection, shape: ShapeId, head: Lsn) -> Result<()> {
    let sql = "UPDATE _throughline_subsets SET snapshot = NULL
               WHERE shape = ?1 AND snapshot IS NOT NULL AND lsn < ?2";
    run(conn, sql, &[&shape.0, &position(head)])?;
    Ok(())
}

/// The snapshots that the log has not passed, by mark.
pub(super) fn snapshots(conn: &Connection, shape: ShapeId) -> Result<Vec<(i64, Snapshot)>> {
    let sql =
        "SELECT id, snapshot FROM _throughline_subsets WHERE shape = ?1 AND snapshot IS NOT NULL";
    all(conn, sql, &[&shape.0], |row| {
        let xids: String = row.get(1)?;
        let xids: Vec<u64> = crate::json::from_str(&xids).map_err(corrupt)?;
        let [xmin, xmax, xip @ ..] = &xids[..] else {
            return Err(corrupt("a snapshot without bounds"));
        };
        let snapshot = Snapshot {
            xmin: *xmin,
            xmax: *xmax,
            xip: xip.to_vec(),
        };
        Ok((row.get(0)?, snapshot))
    })
}

fn json(subset: &Subset) -> Result<String> {
    serde_json::to_string(subset)
        .map_err(|error| Error::Internal(format!("cannot write it down: {error}")))
}
