//! What pending transactions do to which rows, and which rows they refer to.

use rusqlite::Connection;

use super::bookkeeping::all;
use super::changes::{RowName, members, operation};
use super::rows;
use super::session::Session;
use super::shadow::Key;
use crate::change::Operation;
use crate::error::Result;
use crate::ids::TransactionId;
use crate::optimistic::{Standing, Written, WrittenRow};
use crate::schema::{Reference, Tables, names};
use crate::value::{Value, canonical, read_wire};

/// The pending transactions from one on, in order.
pub fn since(
    conn: &Connection,
    session: &Session,
    declared: &Tables,
    first: TransactionId,
) -> Result<Vec<Written<RowName>>> {
    let sql = "SELECT c.transaction_id, t.state = 'accepted', t.unanswered > 0, c.table_name, c.key, c.operation, c.value
         FROM _throughline_changes AS c JOIN _throughline_transactions AS t ON t.id = c.transaction_id
         WHERE c.id >= (SELECT min(first_change) FROM _throughline_transactions WHERE id >= ?1) ORDER BY c.id";
    let mut written: Vec<Written<RowName>> = Vec::new();
    all(conn, sql, &[&first.0], |row| {
        let id = TransactionId(row.get(0)?);
        let operation = operation(row.get(5)?)?;
        let row_name: RowName = (row.get(3)?, row.get(4)?);
        let references = declared.get(&row_name.0).map(|table| &table.references[..]);
        let refers = match references.unwrap_or_default() {
            [] => Vec::new(),
            references => {
                let value: String = row.get(6)?;
                refers(conn, session, references, &row_name, operation, &value)?
            }
        };
        if written.last().is_none_or(|last| last.id != id) {
            written.push(Written {
                id,
                standing: match (row.get(1)?, row.get(2)?) {
                    (true, _) => Standing::Decided,
                    (_, true) => Standing::Unanswered,
                    _ => Standing::Unsent,
                },
                intents: Vec::new(),
            });
        }
        if let Some(last) = written.last_mut() {
            last.intents.push(WrittenRow {
                row: row_name,
                operation,
                refers,
            });
        }
        Ok(())
    })?;
    Ok(written)
}

/// Whether the row is among the synced ones.
pub fn is_synced(conn: &Connection, session: &Session, (table, key): &RowName) -> Result<bool> {
    let Some(table) = session.table(table) else {
        return Ok(false);
    };
    let key = Key::given(&table, key)?.values;
    Ok(rows::find(conn, &table, &names::synced(&table.name), &key)?.is_some())
}

/// The rows that an intent sets references to.
fn refers(
    conn: &Connection,
    session: &Session,
    references: &[Reference],
    (table, key): &RowName,
    operation: Operation,
    value: &str,
) -> Result<Vec<RowName>> {
    let mut refers = Vec::new();
    let Some(table) = session.table(table) else {
        return Ok(refers);
    };
    let value = members(&table, value)?;
    // Of a reference over several columns an intent may write only one.
    let merged = match Key::given(&table, key) {
        Ok(key) => rows::find(conn, &table, &names::local(&table.name), &key.values)?,
        // After a change of the key's type.
        Err(_) => None,
    };
    for Reference { columns, table: to } in references {
        let Some(to) = session.table(to) else {
            continue;
        };
        let sets = match operation {
            Operation::Insert => true,
            Operation::Update => columns.iter().any(|column| value.get(column).is_some()),
            Operation::Delete => false,
        };
        let mut key = Vec::new();
        for (column, part) in columns.iter().zip(to.key_columns()) {
            let at = table.position(column);
            let held = match (value.get(column), at) {
                (Some(written), Some(at)) => read_wire(&table.columns[at].ty, written).ok(),
                (None, Some(at)) if operation == Operation::Update || table.is_key(at) => {
                    merged.as_ref().map(|row| row[at].clone())
                }
                _ => None,
            };
            // Spelled as the other table spells it, or it is no row of that.
            match held.map(|held| canonical(&part.ty, held)) {
                None | Some(Ok(Value::Null) | Err(_)) => {}
                Some(Ok(held)) => key.push(held),
            }
        }
        if sets && key.len() == to.key.len() {
            refers.push((to.name.clone(), Key::of(&to, key).json));
        }
    }
    Ok(refers)
}
