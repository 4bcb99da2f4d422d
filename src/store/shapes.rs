//! What is stored of tables and shapes: schemas, and how far each log is read.

use rusqlite::{Connection, ToSql};

use super::bookkeeping::{all, first, run};
use super::error::corrupt;
use super::membership::position;
use crate::error::{Error, Result};
use crate::ids::{Lsn, ShapeId};
use crate::schema::TableSchema;
use crate::shape::Stored;

/// What is stored of a shape.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredShape {
    /// Rows are held in its name.
    pub id: ShapeId,
    /// The table it fills.
    pub table: String,
    /// Its name among the table's shapes.
    pub name: String,
    /// Whether the options of `open` declared it.
    pub declared: bool,
    /// What the shape's machine goes on with.
    pub progress: Option<Stored>,
    /// The schema of the log that loads beside the rows.
    pub loading: Option<TableSchema>,
    /// That log is up to date and waits to replace the rows.
    pub complete: bool,
}

/// The schemas of all tables.
pub fn load_tables(conn: &Connection) -> Result<Vec<TableSchema>> {
    let sql = "SELECT schema FROM _throughline_tables ORDER BY table_name";
    all(conn, sql, &[], |row| read(&row.get::<_, String>(0)?))
}

/// All shapes, oldest first.
pub fn load(conn: &Connection) -> Result<Vec<StoredShape>> {
    let sql = "SELECT id, table_name, name, declared, progress, loading, complete
               FROM _throughline_shapes ORDER BY id";
    all(conn, sql, &[], |row| {
        let progress: Option<String> = row.get(4)?;
        let loading: Option<String> = row.get(5)?;
        Ok(StoredShape {
            id: ShapeId(row.get(0)?),
            table: row.get(1)?,
            name: row.get(2)?,
            declared: row.get(3)?,
            progress: progress.as_deref().map(read).transpose()?,
            loading: loading.as_deref().map(read).transpose()?,
            complete: row.get(6)?,
        })
    })
}

/// The id of a shape, a new one if it is unknown. Wants a transaction.
pub fn register(conn: &Connection, table: &str, name: &str, declared: bool) -> Result<ShapeId> {
    // An upsert that changes nothing writes its page all the same.
    let known =
        "SELECT id FROM _throughline_shapes WHERE table_name = ?1 AND name = ?2 AND declared >= ?3";
    let params: [&dyn ToSql; 3] = [&table, &name, &declared];
    if let Some(id) = first(conn, known, &params, |row| Ok(row.get(0)?))? {
        return Ok(ShapeId(id));
    }
    let sql = "INSERT INTO _throughline_shapes (table_name, name, declared) VALUES (?1, ?2, ?3)
               ON CONFLICT (table_name, name) DO UPDATE SET declared = max(declared, excluded.declared)
               RETURNING id";
    first(conn, sql, &params, |row| Ok(row.get(0)?))?
        .map(ShapeId)
        .ok_or_else(|| corrupt("a shape without an id"))
}

/// Forgets a shape, its position included. Wants a transaction.
pub fn forget(conn: &Connection, shape: ShapeId) -> Result<()> {
    run(
        conn,
        "DELETE FROM _throughline_shapes WHERE id = ?1",
        &[&shape.0],
    )?;
    Ok(())
}

/// The ids of a table's shapes, oldest first.
pub fn of_table(conn: &Connection, table: &str) -> Result<Vec<ShapeId>> {
    let sql = "SELECT id FROM _throughline_shapes WHERE table_name = ?1 ORDER BY id";
    all(conn, sql, &[&table], |row| Ok(ShapeId(row.get(0)?)))
}

/// Writes a schema down. Wants the transaction that makes the tables.
pub fn save_schema(conn: &Connection, schema: &TableSchema) -> Result<()> {
    let sql = "INSERT INTO _throughline_tables (table_name, schema) VALUES (?1, ?2)
               ON CONFLICT (table_name) DO UPDATE SET schema = excluded.schema";
    run(conn, sql, &[&schema.name, &json(schema)?])?;
    Ok(())
}

/// Writes the position down. Wants the transaction that writes the rows it covers.
pub fn save_progress(conn: &Connection, shape: ShapeId, progress: &Stored) -> Result<()> {
    let sql = "UPDATE _throughline_shapes SET progress = ?2 WHERE id = ?1";
    run(conn, sql, &[&shape.0, &json(progress)?])?;
    Ok(())
}

/// The log that loads beside the rows: its schema, and whether it is complete. Wants a transaction.
pub fn save_loading(
    conn: &Connection,
    shape: ShapeId,
    schema: Option<&TableSchema>,
    complete: bool,
) -> Result<()> {
    let sql = "UPDATE _throughline_shapes SET loading = ?2, complete = ?3 WHERE id = ?1";
    run(
        conn,
        sql,
        &[&shape.0, &schema.map(json).transpose()?, &complete],
    )?;
    Ok(())
}

/// The rows of a shape of a group are shown up to there. A moment that is earlier changes nothing.
pub fn show(conn: &Connection, shape: ShapeId, upto: Lsn) -> Result<()> {
    run(
        conn,
        "UPDATE _throughline_shapes SET shown = ?2 WHERE id = ?1 AND shown < ?2",
        &[&shape.0, &position(upto)],
    )?;
    Ok(())
}

/// The last moment of [`show`].
pub fn shown(conn: &Connection, shape: ShapeId) -> Result<Lsn> {
    let sql = "SELECT shown FROM _throughline_shapes WHERE id = ?1";
    let shown: Option<i64> = first(conn, sql, &[&shape.0], |row| Ok(row.get(0)?))?;
    Ok(Lsn(shown.unwrap_or_default().unsigned_abs()))
}

/// What [`save_loading`] wrote.
pub fn loading(conn: &Connection, shape: ShapeId) -> Result<Option<(TableSchema, bool)>> {
    let sql = "SELECT loading, complete FROM _throughline_shapes WHERE id = ?1";
    let found = first(conn, sql, &[&shape.0], |row| {
        let schema: Option<String> = row.get(0)?;
        Ok((schema, row.get(1)?))
    })?;
    let Some((Some(schema), complete)) = found else {
        return Ok(None);
    };
    Ok(Some((read(&schema)?, complete)))
}

fn read<T: for<'de> serde::Deserialize<'de>>(json: &str) -> Result<T> {
    crate::json::from_str(json).map_err(corrupt)
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::Internal(format!("cannot write it down: {error}")))
}
