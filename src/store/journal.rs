//! Rejected transactions: kept until the app says what becomes of them.

use rusqlite::Connection;
use serde_json::value::RawValue;

use super::bookkeeping::{all, first, run};
use super::changes::{OF_TRANSACTION, members, parse_json, spelled};
use super::functions::{Object, sent_columns};
use super::rows;
use super::session::{Session, Writing, new_write_id};
use super::shadow::{Key, refold};
use super::transactions::{Touched, error_json, finish_local, forget_intents, keys_of};
use crate::change::{Operation, TransactionState};
use crate::error::{Error, ErrorReport, Result};
use crate::ids::{Millis, TransactionId};
use crate::schema::{Ordered, TableSchema, names};
use crate::tabs::TransactionRecord;

/// It is refused, by the server or because of another one: its intents move to the journal. Returns the rows to fold
/// again. Wants a transaction.
pub fn reject(
    conn: &Connection,
    session: &Session,
    id: TransactionId,
    error: &ErrorReport,
    caused_by: Option<TransactionId>,
    now: Millis,
) -> Result<Touched> {
    let keys = keys_of(conn, session, id)?;
    let error = error_json(error)?;
    let sql = format!(
        "INSERT INTO _throughline_journal (transaction_id, write_id, table_name, operation, key, value, base)
         SELECT transaction_id, write_id, table_name, operation, key, value, base
         FROM _throughline_changes WHERE {OF_TRANSACTION} ORDER BY id"
    );
    run(conn, &sql, &[&id.0])?;
    forget_intents(conn, id)?;
    run(
        conn,
        "UPDATE _throughline_transactions
         SET state = 'rejected', error = ?2, changed_at = ?3, caused_by = ?4, first_change = NULL, last_change = NULL
         WHERE id = ?1",
        &[&id.0, &error, &now.0, &caused_by.map(|id| id.0)],
    )?;
    Ok(keys)
}

/// Drops the intents of a rejected transaction; that it was rejected stays known. Wants a transaction.
///
/// # Errors
/// [`Error::Argument`] if there is no such rejected transaction.
pub fn discard(conn: &Connection, id: TransactionId) -> Result<()> {
    settle(conn, id, "discarded", None)
}

/// The app has dealt with a rejected transaction.
fn settle(
    conn: &Connection,
    id: TransactionId,
    state: &str,
    replaced_by: Option<TransactionId>,
) -> Result<()> {
    run(
        conn,
        "DELETE FROM _throughline_journal WHERE transaction_id = ?1",
        &[&id.0],
    )?;
    let settled = run(
        conn,
        "UPDATE _throughline_transactions SET state = ?2, replaced_by = ?3, meta = NULL
         WHERE id = ?1 AND state = 'rejected'",
        &[&id.0, &state, &replaced_by.map(|id| id.0)],
    )?;
    if settled == 0 {
        return Err(not_rejected(id));
    }
    if let Some(next) = replaced_by {
        // Those that were merged into it go with it, to the end.
        run(
            conn,
            "UPDATE _throughline_transactions SET replaced_by = ?2 WHERE replaced_by = ?1",
            &[&id.0, &next.0],
        )?;
    }
    Ok(())
}

/// The rejected transaction, and with `dependents` those that were rolled back with it, in order.
pub fn with_dependents(
    conn: &Connection,
    id: TransactionId,
    dependents: bool,
) -> Result<Vec<TransactionId>> {
    all(
        conn,
        "SELECT ?1 UNION SELECT id FROM _throughline_transactions
         WHERE caused_by = ?1 AND state = 'rejected' AND ?2 ORDER BY 1",
        &[&id.0, &dependents],
        |row| Ok(TransactionId(row.get(0)?)),
    )
}

/// What the app has changed before a rejected transaction goes into the queue again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Edit<'e> {
    /// JSON in the form of [`crate::tabs::ChangeRecord`]s, of which table, operation, key and value count; `None`: as it was.
    pub changes: Option<&'e str>,
    /// JSON; `None`: as it was.
    pub meta: Option<&'e str>,
}

/// Queues a rejected transaction again, as the new transaction of `writing`: the server has a final answer
/// under the old idempotency key. Returns the rows it wrote. Wants a transaction.
///
/// Each value is checked and spelled as a write through the view is. Whether the rows are there is not: an insert of one
/// that is, or an update of one that is not, is folded as any other intent is. `base` is what is seen now.
///
/// # Errors
/// [`Error::Argument`] if there is no such rejected transaction, for changes of the wrong form, and for what the tables do
/// not have; [`Error::Constraint`] for a value that a column cannot hold.
pub fn requeue(
    conn: &Connection,
    session: &Session,
    id: TransactionId,
    edit: Edit<'_>,
    writing: &mut Writing,
) -> Result<Touched> {
    let meta: Option<String> = first(
        conn,
        "SELECT meta FROM _throughline_transactions WHERE id = ?1 AND state = 'rejected'",
        &[&id.0],
        |row| Ok(row.get(0)?),
    )?
    .ok_or_else(|| not_rejected(id))?;
    let refused: Vec<Intent> = all(
        conn,
        "SELECT table_name, operation, key, value FROM _throughline_journal WHERE transaction_id = ?1 ORDER BY id",
        &[&id.0],
        |row| {
            Ok(Intent {
                table: row.get(0)?,
                operation: row.get(1)?,
                key: row.get(2)?,
                value: row.get(3)?,
            })
        },
    )?;
    let edited = edit.changes.map(read_changes).transpose()?;
    let mut touched = Touched::new();
    for intent in edited.as_ref().unwrap_or(&refused) {
        let wrong =
            |what: &str, is: &str| Error::Argument(format!("changes: there is no {what} {is:?}"));
        let table = session
            .table(&intent.table)
            .ok_or_else(|| wrong("synced table", &intent.table))?;
        let operation = Operation::parse(&intent.operation)
            .ok_or_else(|| wrong("operation", &intent.operation))?;
        let key = Key::given(&table, &intent.key)?;
        let was = refused.iter().find(|was| {
            (&was.table, &was.operation, &was.key) == (&intent.table, &intent.operation, &key.json)
        });
        let value = match operation {
            Operation::Delete => "{}".to_owned(),
            _ => spelled(
                &table,
                operation,
                &intent.value,
                was.map(|was| &was.value[..]),
            )?,
        };
        if operation == Operation::Update && value == "{}" {
            let reason = "changes: an update writes no column";
            return Err(Error::Argument(reason.into()));
        }
        let base = match operation {
            Operation::Insert => None,
            _ => columns_of(conn, &table, &table.name, &key, operation, &value)?,
        };
        let write_id = new_write_id(writing.now, &mut writing.rng);
        run(
            conn,
            "INSERT INTO _throughline_changes (transaction_id, write_id, table_name, operation, key, value, base)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &[
                &writing.transaction.0,
                &write_id.0,
                &table.name,
                &intent.operation,
                &key.json,
                &value,
                &base,
            ],
        )?;
        refold(conn, &table, &key)?;
        touched.push((table, key));
    }
    finish_local(conn, writing, edit.meta.or(meta.as_deref()))?;
    settle(conn, id, "replaced", Some(writing.transaction))?;
    // What named the old one names the new one.
    run(
        conn,
        "UPDATE _throughline_transactions SET caused_by = iif(caused_by = ?1, ?2, caused_by),
           replaced_by = iif(replaced_by = ?1, ?2, replaced_by) WHERE ?1 IN (caused_by, replaced_by)",
        &[&id.0, &writing.transaction.0],
    )?;
    Ok(touched)
}

/// An intent as text.
struct Intent {
    table: String,
    operation: String,
    key: String,
    value: String,
}

fn read_changes(json: &str) -> Result<Vec<Intent>> {
    let wrong = |reason: String| Error::Argument(format!("changes: {reason}"));
    let changes: Vec<Ordered<Box<RawValue>>> =
        crate::json::from_str(json).map_err(|error| wrong(error.to_string()))?;
    if changes.is_empty() {
        return Err(wrong(
            "there are none; discard() drops a transaction".into(),
        ));
    }
    let mut intents = Vec::new();
    for change in &changes {
        let member = |name: &str| {
            let member = change.get(name).map(|member| member.get());
            member.ok_or_else(|| wrong(format!("one has no {name}")))
        };
        let text = |name: &str| {
            crate::json::from_str(member(name)?).map_err(|error| wrong(format!("{name}: {error}")))
        };
        intents.push(Intent {
            table: text("table")?,
            operation: text("operation")?,
            key: member("key")?.to_owned(),
            value: member("value")?.to_owned(),
        });
    }
    Ok(intents)
}

/// Adds to rejected transactions what the synced rows hold now in the columns they wrote.
pub fn tell_synced(
    conn: &Connection,
    session: &Session,
    records: &mut [TransactionRecord],
) -> Result<()> {
    let rejected = records
        .iter_mut()
        .filter(|record| record.state == TransactionState::Rejected);
    for change in rejected.flat_map(|record| &mut record.changes) {
        // What the table can no longer hold has no row.
        if let Some(table) = session.table(&change.table)
            && let Ok(key) = Key::given(&table, &change.key.to_string())
        {
            let (synced, value) = (names::synced(&table.name), change.value.to_string());
            let held = columns_of(conn, &table, &synced, &key, change.operation, &value)?;
            change.synced = held.as_deref().map(parse_json).transpose()?;
        }
    }
    Ok(())
}

/// What the row holds in the columns that an intent writes; all that it has, for a delete. `None` without a row.
fn columns_of(
    conn: &Connection,
    table: &TableSchema,
    base: &str,
    key: &Key,
    operation: Operation,
    value: &str,
) -> Result<Option<String>> {
    let Some(row) = rows::find(conn, table, base, &key.values)? else {
        return Ok(None);
    };
    let written = members(table, value)?;
    let mut held = Object::new();
    for at in sent_columns(table) {
        let column = &table.columns[at];
        if operation == Operation::Delete || written.get(&column.name).is_some() {
            held.member(&column.name, &column.ty, &row[at]);
        }
    }
    Ok(Some(held.end()))
}

fn not_rejected(id: TransactionId) -> Error {
    Error::Argument(format!("there is no rejected transaction {id}"))
}
