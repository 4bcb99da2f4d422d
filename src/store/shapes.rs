//! One row a synced table: its schema and how far its shape's log is read.

use rusqlite::{Connection, params};

use super::error::corrupt;
use crate::error::{Error, Result};
use crate::ids::Millis;
use crate::schema::TableSchema;

/// What is stored of a table and its shape.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredShape {
    /// The table's name.
    pub table: String,
    /// Unknown until the first response, unless declared.
    pub schema: Option<TableSchema>,
    /// Fingerprint of the definition that `progress` belongs to.
    pub definition: Option<String>,
    /// The state machine's own JSON: position and expired handles.
    pub progress: Option<String>,
    /// When the last up-to-date arrived.
    pub last_synced_at: Option<Millis>,
}

/// All of them.
pub fn load(conn: &Connection) -> Result<Vec<StoredShape>> {
    let mut statement = conn.prepare(
        "SELECT table_name, schema, definition, progress, last_synced_at FROM _throughline_shapes",
    )?;
    let mut found = statement.query([])?;
    let mut shapes = Vec::new();
    while let Some(row) = found.next()? {
        let schema: Option<String> = row.get(1)?;
        shapes.push(StoredShape {
            table: row.get(0)?,
            schema: schema
                .map(|json| serde_json::from_str(&json).map_err(corrupt))
                .transpose()?,
            definition: row.get(2)?,
            progress: row.get(3)?,
            last_synced_at: row.get::<_, Option<i64>>(4)?.map(Millis),
        });
    }
    Ok(shapes)
}

/// Writes one down. Wants the transaction that writes the rows it covers.
pub fn save(conn: &Connection, shape: &StoredShape) -> Result<()> {
    let schema = shape
        .schema
        .as_ref()
        .map(|schema| {
            serde_json::to_string(schema)
                .map_err(|error| Error::Internal(format!("cannot write a schema: {error}")))
        })
        .transpose()?;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO _throughline_shapes (table_name, schema, definition, progress, last_synced_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        shape.table,
        schema,
        shape.definition,
        shape.progress,
        shape.last_synced_at.map(|at| at.0)
    ])?;
    Ok(())
}
