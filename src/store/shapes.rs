//! One row a synced table: its schema and how far its shape's log is read.

use rusqlite::{Connection, params};

use super::error::corrupt;
use crate::error::{Error, Result};
use crate::schema::TableSchema;
use crate::shape::Stored;

/// What is stored of a table and its shape.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredShape {
    /// The table's name.
    pub table: String,
    /// Unknown until the first response, unless declared.
    pub schema: Option<TableSchema>,
    /// What the shape's machine goes on with.
    pub progress: Option<Stored>,
}

/// All of them.
pub fn load(conn: &Connection) -> Result<Vec<StoredShape>> {
    let mut statement =
        conn.prepare("SELECT table_name, schema, progress FROM _throughline_shapes")?;
    let mut found = statement.query([])?;
    let mut shapes = Vec::new();
    while let Some(row) = found.next()? {
        let schema: Option<String> = row.get(1)?;
        let progress: Option<String> = row.get(2)?;
        shapes.push(StoredShape {
            table: row.get(0)?,
            schema: schema
                .map(|json| crate::json::from_str(&json).map_err(corrupt))
                .transpose()?,
            progress: progress
                .map(|json| crate::json::from_str(&json).map_err(corrupt))
                .transpose()?,
        });
    }
    Ok(shapes)
}

/// Writes the schema down. Wants the transaction that makes the tables.
pub fn save_schema(conn: &Connection, schema: &TableSchema) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO _throughline_shapes (table_name, schema) VALUES (?1, ?2)
         ON CONFLICT (table_name) DO UPDATE SET schema = excluded.schema",
    )?
    .execute(params![schema.name, json(schema)?])?;
    Ok(())
}

/// Writes the position down. Wants the transaction that writes the rows it covers.
pub fn save_progress(conn: &Connection, table: &str, progress: &Stored) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO _throughline_shapes (table_name, progress) VALUES (?1, ?2)
         ON CONFLICT (table_name) DO UPDATE SET progress = excluded.progress",
    )?
    .execute(params![table, json(progress)?])?;
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::Internal(format!("cannot write it down: {error}")))
}
