//! Messages of a shape log → rows of the synced table.
//!
//! Insert is an upsert, since resumed bodies and move-ins deliver rows again; update writes the columns that are
//! present, NULL included; delete goes by the typed key, never by the message's `key` (traps 7, 9, 10, 13).

use rusqlite::{Connection, params_from_iter};

use super::changes::{
    Evidence, has_intents, hear, keys_with_intents, mark_seen, table_has_intents,
};
use super::rows;
use super::shadow::{Key, refold};
use crate::error::{Error, Result};
use crate::ids::WriteId;
use crate::schema::{TableSchema, names};
use crate::shape::message::{Change, Message, Operation, Row};
use crate::value::{Value, decode_owned};

/// Which rows a body goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The rows that readers see.
    Synced,
    /// The log that loads beside them.
    Staged,
}

/// What a body did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Rows that were not here.
    pub inserted: u64,
    /// Rows that were here.
    pub updated: u64,
    /// Rows that are gone.
    pub deleted: u64,
    /// Updates of rows that are not here: something was lost (protocol section 18).
    pub unknown_updates: u64,
}

/// Applies a body's changes in order and folds pending intents over the rows it touched. Wants a transaction.
pub fn apply(
    conn: &Connection,
    table: &TableSchema,
    target: Target,
    messages: Vec<Message<'_>>,
) -> Result<Applied> {
    let base = match target {
        Target::Synced => names::synced(&table.name),
        Target::Staged => names::staged(&table.name),
    };
    let insert = rows::insert_sql(table, &base);
    let watch = target == Target::Synced && table_has_intents(conn, &table.name)?;
    let mut touched: Vec<Key> = Vec::new();
    let mut applied = Applied::default();
    for message in messages {
        let Message::Change(change) = message else {
            continue;
        };
        let txids = if watch {
            change.txids.clone()
        } else {
            Vec::new()
        };
        let (key, evidence) = apply_change(conn, table, &base, &insert, change, &mut applied)?;
        if watch {
            let key = Key::of(table, key);
            if has_intents(conn, &table.name, &key.json)? {
                if let Some(evidence) = evidence {
                    mark_seen(conn, &table.name, &key.json, &evidence)?;
                }
                hear(conn, &table.name, &key.json, &txids)?;
                touched.push(key);
            }
        }
    }
    for key in &touched {
        refold(conn, table, key)?;
    }
    Ok(applied)
}

/// Looks for pending intents in rows that were not applied one by one, and folds them. Wants a transaction.
pub fn observe_all(conn: &Connection, table: &TableSchema) -> Result<()> {
    let base = names::synced(&table.name);
    for json in keys_with_intents(conn, &table.name)? {
        let key = Key::parse(table, &json)?;
        let evidence = match rows::find(conn, table, &base, &key.values)? {
            Some(row) => table
                .write_id_position()
                .and_then(|at| evidence_of(row.get(at)?)),
            None => Some(Evidence::Deleted),
        };
        if let Some(evidence) = evidence {
            mark_seen(conn, &table.name, &json, &evidence)?;
        }
        refold(conn, table, &key)?;
    }
    Ok(())
}

/// Writes one change; returns its key and what it tells about pending intents on the row.
fn apply_change(
    conn: &Connection,
    table: &TableSchema,
    base: &str,
    insert: &str,
    change: Change<'_>,
    applied: &mut Applied,
) -> Result<(Vec<Value>, Option<Evidence>)> {
    let mut columns = decode_row(table, change.value)?;
    let key = key_of(table, &columns)?;
    let write_id = table.write_id_position().and_then(|wanted| {
        let (_, value) = columns.iter().find(|(at, _)| *at == wanted)?;
        evidence_of(value)
    });
    let evidence = match change.operation {
        Operation::Insert => {
            let mut row = vec![Value::Null; table.columns.len()];
            for (at, value) in columns {
                row[at] = value;
            }
            let is_new = conn
                .prepare_cached(insert)?
                .execute(params_from_iter(&row))?
                > 0;
            if is_new {
                applied.inserted += 1;
            } else {
                let columns: Vec<(usize, Value)> = row
                    .into_iter()
                    .enumerate()
                    .filter(|(at, _)| !table.is_key(*at))
                    .collect();
                rows::patch(conn, table, base, &key, &columns)?;
                applied.updated += 1;
            }
            write_id
        }
        Operation::Update => {
            columns.retain(|(at, _)| !table.is_key(*at));
            if rows::patch(conn, table, base, &key, &columns)? {
                applied.updated += 1;
            } else {
                applied.unknown_updates += 1;
            }
            write_id
        }
        Operation::Delete => {
            applied.deleted += u64::from(rows::remove(conn, table, base, &key)?);
            Some(Evidence::Deleted)
        }
    };
    Ok((key, evidence))
}

fn evidence_of(write_id: &Value) -> Option<Evidence> {
    match write_id {
        Value::Text(id) => Some(Evidence::WriteId(WriteId(id.clone()))),
        _ => None,
    }
}

fn decode_row(table: &TableSchema, row: Row<'_>) -> Result<Vec<(usize, Value)>> {
    row.0
        .into_iter()
        .map(|(name, text)| {
            let at = table.position(&name).ok_or_else(|| {
                Error::Protocol(format!(
                    "a row of {} has the column {name:?}, which its schema has not",
                    table.name
                ))
            })?;
            let value = match text {
                Some(text) => decode_owned(&table.columns[at].ty, text)?,
                None => Value::Null,
            };
            Ok((at, value))
        })
        .collect()
}

fn key_of(table: &TableSchema, columns: &[(usize, Value)]) -> Result<Vec<Value>> {
    table
        .key
        .iter()
        .map(|wanted| {
            columns
                .iter()
                .find_map(|(at, value)| (at == wanted).then(|| value.clone()))
                .filter(|value| *value != Value::Null)
                .ok_or_else(|| {
                    Error::Protocol(format!(
                        "a row of {} came without its key column {:?}",
                        table.name, table.columns[*wanted].name
                    ))
                })
        })
        .collect()
}
