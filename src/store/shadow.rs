//! Keeping the shadow table what it is: the fold of pending intents over synced rows.

use rusqlite::{Connection, params, params_from_iter};
use serde_json::value::RawValue;

use super::changes::{column_value, members, operation};
use super::error::corrupt;
use super::functions::{columns_json, key_json, parse_columns};
use super::rows;
use crate::error::{Error, Result};
use crate::ids::WriteId;
use crate::optimistic::{Intent, ShadowRow, fold};
use crate::schema::names::{self, ShadowColumns};
use crate::schema::{TableSchema, identifier};
use crate::value::{Value, read_wire};

/// A row's primary key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// In key order.
    pub values: Vec<Value>,
    /// The same as the change log spells it.
    pub json: String,
}

impl Key {
    /// From typed values.
    pub fn of(table: &TableSchema, values: Vec<Value>) -> Self {
        Self {
            json: key_json(table, &values),
            values,
        }
    }

    /// From the change log.
    ///
    /// # Errors
    /// [`Error::Constraint`] for one that the table cannot have, after its key has changed.
    pub fn parse(table: &TableSchema, json: &str) -> Result<Self> {
        let parts: Vec<&RawValue> = crate::json::from_str(json)
            .map_err(|error| corrupt(format!("key {json} of {}: {error}", table.name)))?;
        let foreign = || Error::Constraint(format!("{json} is no key of {}", table.name));
        if parts.len() != table.key.len() {
            return Err(foreign());
        }
        let values = table
            .key_columns()
            .zip(parts)
            .map(|(column, part)| read_wire(&column.ty, part))
            .collect::<Result<Vec<_>>>()?;
        let key = Self::of(table, values);
        if key.json != json {
            return Err(foreign());
        }
        Ok(key)
    }

    /// From the app: checked, and spelled as the table spells it.
    ///
    /// # Errors
    /// [`Error::Argument`] for another number of values, [`Error::Constraint`] for a value that is none of the column.
    pub fn given(table: &TableSchema, json: &str) -> Result<Self> {
        let parts: Vec<&RawValue> = crate::json::from_str(json)
            .map_err(|error| Error::Argument(format!("key of {}: {error}", table.name)))?;
        if parts.len() != table.key.len() {
            return Err(Error::Argument(format!(
                "key of {}: it has {} columns, {} values were given",
                table.name,
                table.key.len(),
                parts.len()
            )));
        }
        let mut values = Vec::new();
        for (column, part) in table.key_columns().zip(parts) {
            match column_value(table, column, part)? {
                Value::Null => {
                    return Err(Error::Constraint(format!(
                        "NOT NULL constraint failed: {}.{}",
                        table.name, column.name
                    )));
                }
                value => values.push(value),
            }
        }
        Ok(Self::of(table, values))
    }
}

/// Makes the shadow row of `key` what the fold says. Wants a transaction.
pub fn refold(conn: &Connection, table: &TableSchema, key: &Key) -> Result<()> {
    match folded(conn, table, key)? {
        Some(shadow) => write(conn, table, &shadow),
        None => {
            rows::remove(conn, table, &names::local(&table.name), &key.values)?;
            Ok(())
        }
    }
}

/// What the shadow row of `key` has to be.
pub(super) fn folded(
    conn: &Connection,
    table: &TableSchema,
    key: &Key,
) -> Result<Option<ShadowRow>> {
    let intents = intents(conn, table, key)?;
    if intents.is_empty() {
        return Ok(None);
    }
    let synced = rows::find(conn, table, &names::synced(&table.name), &key.values)?;
    Ok(fold(table, &key.values, synced.as_deref(), &intents))
}

fn intents(conn: &Connection, table: &TableSchema, key: &Key) -> Result<Vec<Intent>> {
    let mut statement = conn.prepare_cached(
        "SELECT write_id, operation, value FROM _throughline_changes
         WHERE table_name = ?1 AND key = ?2 ORDER BY id",
    )?;
    let mut found = statement.query(params![table.name, key.json])?;
    let mut intents = Vec::new();
    while let Some(row) = found.next()? {
        let value: String = row.get(2)?;
        intents.push(Intent {
            write_id: WriteId(row.get(0)?),
            operation: operation(row.get(1)?)?,
            value: parse_value(table, &value)?,
        });
    }
    Ok(intents)
}

/// An intent's columns; what the table can no longer hold is passed over. So is what is of the key now: the row would be another one.
fn parse_value(table: &TableSchema, json: &str) -> Result<Vec<(usize, Value)>> {
    Ok(members(table, json)?
        .iter()
        .filter_map(|(name, value)| {
            let at = table.position(name).filter(|at| !table.is_key(*at))?;
            let value = read_wire(&table.columns[at].ty, value).ok()?;
            Some((at, value))
        })
        .collect())
}

fn write(conn: &Connection, table: &TableSchema, shadow: &ShadowRow) -> Result<()> {
    let names = ShadowColumns::of(table);
    let own_write_id = table.write_id().is_none();
    let mut columns = rows::columns(table);
    for column in own_write_id
        .then_some(&names.write_id)
        .into_iter()
        .chain([&names.changed_columns, &names.is_deleted])
    {
        columns.push_str(", ");
        columns.push_str(&identifier(column));
    }
    let mut values = shadow.row.clone();
    if own_write_id {
        values.push(Value::Text(shadow.write_id.0.clone()));
    }
    values.push(Value::Text(columns_json(table, &shadow.changed)));
    values.push(Value::Integer(shadow.is_deleted.into()));
    let sql = format!(
        "INSERT OR REPLACE INTO {} ({columns}) VALUES ({})",
        identifier(&names::local(&table.name)),
        rows::placeholders(values.len())
    );
    conn.prepare_cached(&sql)?
        .execute(params_from_iter(&values))?;
    Ok(())
}

/// The shadow rows as they stand, for `verify`.
pub(super) fn stored(conn: &Connection, table: &TableSchema) -> Result<Vec<(Key, ShadowRow)>> {
    let names = ShadowColumns::of(table);
    let sql = format!(
        "SELECT {}, {}, {}, {} FROM {}",
        rows::columns(table),
        identifier(&names.write_id),
        identifier(&names.changed_columns),
        identifier(&names.is_deleted),
        identifier(&names::local(&table.name))
    );
    let width = table.columns.len();
    let mut statement = conn.prepare(&sql)?;
    let mut found = statement.query([])?;
    let mut shadows = Vec::new();
    while let Some(stored) = found.next()? {
        let row: Vec<Value> = (0..width)
            .map(|at| stored.get(at))
            .collect::<rusqlite::Result<_>>()?;
        let changed: String = stored.get(width + 1)?;
        let key = table.key.iter().map(|at| row[*at].clone()).collect();
        shadows.push((
            Key::of(table, key),
            ShadowRow {
                row,
                changed: parse_columns(table, &changed),
                is_deleted: stored.get(width + 2)?,
                write_id: WriteId(stored.get(width)?),
            },
        ));
    }
    Ok(shadows)
}
