//! The change log: pending intents and what is known of their way back.

use rusqlite::{Connection, params};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::bookkeeping::first;
use super::error::corrupt;
use super::functions::{Object, sent_columns};
use super::shadow::Key;
use crate::change::{Operation, TransactionState};
use crate::error::{Error, Result};
use crate::ids::{TransactionId, WriteId, Xid};
use crate::optimistic::PendingTransaction;
use crate::schema::{Column, Ordered, TableSchema};
use crate::tabs::ChangeRecord;
use crate::value::{Value, canonical, read_wire};

/// Where the change log has the intents of transaction `?1`. They were logged one after the other, so no index is kept of them.
pub(super) const OF_TRANSACTION: &str =
    "id BETWEEN (SELECT first_change FROM _throughline_transactions WHERE id = ?1)
       AND (SELECT last_change FROM _throughline_transactions WHERE id = ?1) AND transaction_id = ?1";

/// A row: its table and its key as the change log spells it.
pub type RowName = (String, String);

/// How the synced rows show that they hold an intent.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// The row came with this write id: that intent is in it, and what was written to the row before.
    WriteId(WriteId),
    /// The row was deleted on the server.
    Deleted,
}

/// Marks the intents on a row that the evidence covers. Wants a transaction.
pub fn mark_seen(conn: &Connection, table: &str, key: &str, evidence: &Evidence) -> Result<()> {
    match evidence {
        Evidence::WriteId(write_id) => conn
            .prepare_cached(
                "UPDATE _throughline_changes SET seen = 1
                 WHERE table_name = ?1 AND key = ?2 AND seen = 0 AND id <= (
                   SELECT id FROM _throughline_changes
                   WHERE table_name = ?1 AND key = ?2 AND write_id = ?3)",
            )?
            .execute(params![table, key, write_id.0])?,
        // Only a delete that has left this device can be the one that came back.
        Evidence::Deleted => conn
            .prepare_cached(
                "UPDATE _throughline_changes SET seen = 1
                 WHERE table_name = ?1 AND key = ?2 AND seen = 0 AND id <= (
                   SELECT max(c.id) FROM _throughline_changes AS c
                   JOIN _throughline_transactions AS t ON t.id = c.transaction_id
                   WHERE c.table_name = ?1 AND c.key = ?2 AND c.operation = 'delete'
                     AND t.state IN ('sending', 'accepted'))",
            )?
            .execute(params![table, key])?,
    };
    Ok(())
}

/// Notes the server transactions behind a change of a row with intents that have left this device, and marks what
/// they cover. The answer that names our transaction may come before or after its rows. Wants a transaction.
pub fn hear(conn: &Connection, table: &str, key: &str, txids: &[Xid]) -> Result<()> {
    let mut statement = conn.prepare_cached(
        "UPDATE _throughline_changes SET heard_txids = json_insert(heard_txids, '$[#]', ?3)
         WHERE table_name = ?1 AND key = ?2 AND seen = 0 AND transaction_id IN (
           SELECT id FROM _throughline_transactions WHERE attempts > 0)",
    )?;
    for txid in txids {
        statement.execute(params![table, key, txid.0])?;
    }
    mark_heard(conn, table, key)
}

/// Marks the intents on a row up to the last one whose transaction is known to have come back. Wants a transaction.
pub fn mark_heard(conn: &Connection, table: &str, key: &str) -> Result<()> {
    conn.prepare_cached(
        "UPDATE _throughline_changes SET seen = 1
         WHERE table_name = ?1 AND key = ?2 AND seen = 0 AND id <= (
           SELECT max(c.id) FROM _throughline_changes AS c
           JOIN _throughline_transactions AS t ON t.id = c.transaction_id
           WHERE c.table_name = ?1 AND c.key = ?2 AND t.state = 'accepted'
             AND t.txid IN (SELECT value FROM json_each(c.heard_txids)))",
    )?
    .execute(params![table, key])?;
    Ok(())
}

/// Marks all intents that a transaction has on one table.
pub fn mark_transaction_seen(
    conn: &Connection,
    transaction: TransactionId,
    table: &str,
) -> Result<()> {
    conn.prepare_cached(&format!(
        "UPDATE _throughline_changes SET seen = 1 WHERE {OF_TRANSACTION} AND table_name = ?2"
    ))?
    .execute(params![transaction.0, table])?;
    Ok(())
}

/// Whether the transaction has intents in the table that were not seen in its rows.
pub fn has_unseen(conn: &Connection, transaction: TransactionId, table: &str) -> Result<bool> {
    conn.prepare_cached(&format!(
        "SELECT 1 FROM _throughline_changes WHERE {OF_TRANSACTION} AND table_name = ?2 AND NOT seen"
    ))?
    .exists(params![transaction.0, table])
    .map_err(Into::into)
}

/// The keys of a table that have pending intents.
pub fn keys_with_intents(conn: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT key FROM _throughline_changes WHERE table_name = ?1 ORDER BY key",
    )?;
    let keys = statement
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(keys)
}

/// Spells intents as the new columns of a table that was `known` otherwise want it, queued ones whole and of others the key; returns
/// the queued transactions with an intent that it can no longer hold, and why. Wants a transaction.
pub fn spell_anew(
    conn: &Connection,
    known: &TableSchema,
    table: &TableSchema,
) -> Result<Vec<(TransactionId, String)>> {
    let key_names = |table: &TableSchema| -> Vec<String> {
        table
            .key_columns()
            .map(|column| column.name.clone())
            .collect()
    };
    // A key is written by position: under other columns it would be that of some other row.
    let has_other_key = key_names(known) != key_names(table);
    let sql = "SELECT c.id, c.transaction_id, c.key, c.value, c.operation, t.state = 'queued'
         FROM _throughline_changes AS c JOIN _throughline_transactions AS t ON t.id = c.transaction_id
         WHERE c.table_name = ?1 ORDER BY c.id";
    let mut statement = conn.prepare(sql)?;
    let mut found = statement.query([&table.name])?;
    let mut misfits: Vec<(TransactionId, String)> = Vec::new();
    while let Some(row) = found.next()? {
        let (id, transaction): (i64, _) = (row.get(0)?, TransactionId(row.get(1)?));
        let (key, value): (String, String) = (row.get(2)?, row.get(3)?);
        let operation = operation(row.get(4)?)?;
        let is_queued: bool = row.get(5)?;
        let fits = Key::given(table, &key).and_then(|given| match is_queued {
            false => Ok((given.json, value.clone())),
            true if has_other_key => Err(Error::Argument(format!(
                "{} has another primary key now",
                table.name
            ))),
            true => Ok((given.json, spelled(table, operation, &value, None)?)),
        });
        match fits {
            Ok(same) if same == (key, value) => {}
            Ok((key, value)) => {
                conn.prepare_cached(
                    "UPDATE _throughline_changes SET key = ?2, value = ?3 WHERE id = ?1",
                )?
                .execute(params![id, key, value])?;
            }
            Err(_) if !is_queued => {}
            Err(_) if misfits.last().is_some_and(|(last, _)| *last == transaction) => {}
            Err(error) => misfits.push((transaction, error.to_string())),
        }
    }
    Ok(misfits)
}

/// What an intent does, from its word in the log.
pub(super) fn operation(text: String) -> Result<Operation> {
    Operation::parse(&text).ok_or_else(|| corrupt(format!("operation {text:?}")))
}

/// The columns of an intent of the log.
pub(super) fn members(table: &TableSchema, json: &str) -> Result<Ordered<Box<RawValue>>> {
    crate::json::from_str(json)
        .map_err(|error| corrupt(format!("value of {}: {error}", table.name)))
}

/// An intent's columns as the table spells them. A text that is what it `was` keeps its spelling, which may be the one of a JSON
/// null: an app is not shown the difference.
///
/// # Errors
/// [`Error::Argument`] for a column that no intent can write, [`Error::Constraint`] for a value that the column cannot hold.
pub(super) fn spelled(
    table: &TableSchema,
    operation: Operation,
    json: &str,
    was: Option<&str>,
) -> Result<String> {
    let was = was
        .map(|json| members(table, json))
        .transpose()?
        .unwrap_or_default();
    let mut spelled = Object::new();
    let given: Ordered<Box<RawValue>> = crate::json::from_str(json)
        .map_err(|error| Error::Argument(format!("value of {}: {error}", table.name)))?;
    for (name, value) in given.iter() {
        let Some(at) = table.position(name) else {
            let reason = format!("{} has no column {name:?}", table.name);
            return Err(Error::Argument(reason));
        };
        if !sent_columns(table).any(|sent| sent == at) {
            let reason = format!(
                "{}.{name} cannot be written: it is of the key, or the write id",
                table.name
            );
            return Err(Error::Argument(reason));
        }
        let value = match was.get(name) {
            Some(was) if text(was).is_some_and(|was| text(value) == Some(was)) => was,
            _ => value,
        };
        let column = &table.columns[at];
        let value = column_value(table, column, value)?;
        // As an INSERT through the view: the server's default applies.
        let left_out = operation == Operation::Insert && column.not_null && value == Value::Null;
        if !left_out {
            spelled.member(name, &column.ty, &value);
        }
    }
    Ok(spelled.end())
}

fn text(json: &RawValue) -> Option<String> {
    crate::json::from_str(json.get()).ok()
}

/// A value for a column, in the column's spelling.
///
/// # Errors
/// [`Error::Constraint`] if the column cannot hold it.
pub(super) fn column_value(table: &TableSchema, column: &Column, json: &RawValue) -> Result<Value> {
    read_wire(&column.ty, json)
        .map_err(|error| error.to_string())
        // An app's text may be a looser spelling than the change log's.
        .or_else(|reason| text(json).map(Value::Text).ok_or(reason))
        .and_then(|value| canonical(&column.ty, value))
        .map_err(|reason| Error::Constraint(format!("{}.{}: {reason}", table.name, column.name)))
}

/// Whether the row has pending intents.
pub fn has_intents(conn: &Connection, table: &str, key: &str) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM _throughline_changes WHERE table_name = ?1 AND key = ?2)",
        )?
        .query_row(params![table, key], |row| row.get(0))?)
}

/// Whether any row of the table has pending intents.
pub fn table_has_intents(conn: &Connection, table: &str) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM _throughline_changes WHERE table_name = ?1)")?
        .query_row([table], |row| row.get(0))?)
}

/// The tables with intents that the server accepted and no shape has brought back.
pub fn tables_with_accepted(conn: &Connection) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT c.table_name FROM _throughline_transactions AS t
         JOIN _throughline_changes AS c ON c.id BETWEEN t.first_change AND t.last_change WHERE t.state = 'accepted'",
    )?;
    let tables = statement
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(tables)
}

/// The transactions with pending intents up to the last accepted one, in order, with their rows.
pub fn pending_transactions(conn: &Connection) -> Result<Vec<PendingTransaction<RowName>>> {
    let mut statement = conn.prepare_cached(
        "SELECT c.transaction_id, t.state, c.table_name, c.key, c.seen
         FROM _throughline_changes AS c JOIN _throughline_transactions AS t ON t.id = c.transaction_id
         WHERE c.id <= (SELECT max(last_change) FROM _throughline_transactions WHERE state = 'accepted')
         ORDER BY c.id",
    )?;
    let mut found = statement.query([])?;
    let mut pending: Vec<PendingTransaction<RowName>> = Vec::new();
    while let Some(row) = found.next()? {
        let id = TransactionId(row.get(0)?);
        let state: String = row.get(1)?;
        let intent = ((row.get(2)?, row.get(3)?), row.get(4)?);
        match pending.last_mut() {
            Some(last) if last.id == id => last.intents.push(intent),
            _ => pending.push(PendingTransaction {
                id,
                accepted: state == TransactionState::Accepted.as_str(),
                intents: vec![intent],
            }),
        }
    }
    Ok(pending)
}

/// A transaction that writes to a table which is neither here nor `declared`: nobody could say how to send it.
pub fn first_stranger(conn: &Connection, declared: &[&str]) -> Result<Option<TransactionId>> {
    let declared: Json = declared.iter().copied().collect();
    let sql = "SELECT transaction_id FROM _throughline_changes WHERE table_name NOT IN (
               SELECT table_name FROM _throughline_tables UNION SELECT value FROM json_each(?1))";
    first(conn, sql, &[&declared.to_string()], |row| {
        Ok(TransactionId(row.get(0)?))
    })
}

/// Where the intents of a transaction stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Log {
    Changes,
    Journal,
}

impl Log {
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Changes => "_throughline_changes",
            Self::Journal => "_throughline_journal",
        }
    }

    fn of_transaction(self) -> &'static str {
        match self {
            Self::Changes => OF_TRANSACTION,
            Self::Journal => "transaction_id = ?1",
        }
    }
}

/// A transaction's intents as the app sees them.
pub(super) fn records(
    conn: &Connection,
    log: Log,
    transaction: TransactionId,
) -> Result<Vec<ChangeRecord>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT table_name, operation, key, value, base FROM {} WHERE {} ORDER BY id",
        log.table(),
        log.of_transaction()
    ))?;
    let mut found = statement.query([transaction.0])?;
    let mut records = Vec::new();
    while let Some(row) = found.next()? {
        let base: Option<String> = row.get(4)?;
        records.push(ChangeRecord {
            table: row.get(0)?,
            operation: operation(row.get(1)?)?,
            key: parse_json(&row.get::<_, String>(2)?)?,
            value: parse_json(&row.get::<_, String>(3)?)?,
            base: base.as_deref().map(parse_json).transpose()?,
            synced: None,
        });
    }
    Ok(records)
}

/// JSON as the app sees it. A part of it with a number that no double holds, or with more levels than a reader takes, is its text.
pub(super) fn parse_json(text: &str) -> Result<Json> {
    let part = |part: &RawValue| {
        let value = crate::json::from_str(part.get());
        value.unwrap_or_else(|_| Json::String(part.get().to_owned()))
    };
    if let Ok(value) = crate::json::from_str(text) {
        return Ok(value);
    }
    if let Ok(members) = crate::json::from_str::<Ordered<Box<RawValue>>>(text) {
        let members = members.iter();
        let members = members.map(|(name, value)| (name.to_owned(), part(value)));
        return Ok(Json::Object(members.collect()));
    }
    if let Ok(elements) = crate::json::from_str::<Vec<&RawValue>>(text) {
        return Ok(Json::Array(elements.into_iter().map(part).collect()));
    }
    let value: &RawValue =
        crate::json::from_str(text).map_err(|error| corrupt(format!("{text}: {error}")))?;
    Ok(part(value))
}

pub(super) fn raw_json(text: String) -> Result<Box<RawValue>> {
    RawValue::from_string(text).map_err(|error| corrupt(format!("JSON text: {error}")))
}
