//! Rejected transactions: kept until the app says what becomes of them.

use rusqlite::Connection;

use super::bookkeeping::{all, first, run};
use super::error::corrupt;
use super::session::{Session, Writing, new_write_id};
use super::shadow::{Key, refold};
use super::transactions::{Touched, finish_local, forget_intents, keys_of};
use crate::error::{Error, ErrorReport, Result};
use crate::ids::{Millis, TransactionId};

/// It is refused, by the server or because of another one: its intents move to the journal. Returns the rows to fold again. Wants a transaction.
pub fn reject(
    conn: &Connection,
    session: &Session,
    id: TransactionId,
    error: &ErrorReport,
    caused_by: Option<TransactionId>,
    now: Millis,
) -> Result<Touched> {
    let keys = keys_of(conn, session, id)?;
    let error = serde_json::to_string(error)
        .map_err(|error| Error::Internal(format!("cannot write a reason: {error}")))?;
    run(
        conn,
        "INSERT INTO _throughline_journal (id, transaction_id, write_id, table_name, operation, key, value, base)
         SELECT id, transaction_id, write_id, table_name, operation, key, value, base
         FROM _throughline_changes WHERE transaction_id = ?1",
        &[&id.0],
    )?;
    forget_intents(conn, id)?;
    run(
        conn,
        "UPDATE _throughline_transactions
         SET state = 'rejected', error = ?2, changed_at = ?3, caused_by = ?4 WHERE id = ?1",
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
    Ok(())
}

/// Queues a rejected transaction again, as the new transaction of `writing`: the server has a final answer
/// under the old idempotency key. Returns the rows it wrote. Wants a transaction.
///
/// # Errors
/// [`Error::Argument`] if there is no such rejected transaction.
pub fn retry(
    conn: &Connection,
    session: &Session,
    id: TransactionId,
    writing: &mut Writing,
) -> Result<Touched> {
    let meta: Option<String> = first(
        conn,
        "SELECT meta FROM _throughline_transactions WHERE id = ?1 AND state = 'rejected'",
        &[&id.0],
        |row| Ok(row.get(0)?),
    )?
    .ok_or_else(|| not_rejected(id))?;
    let intents: Vec<(String, String, i64)> = all(
        conn,
        "SELECT table_name, key, id FROM _throughline_journal WHERE transaction_id = ?1 ORDER BY id",
        &[&id.0],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let mut touched = Touched::new();
    for (table, key, intent) in intents {
        let schema = session
            .table(&table)
            .ok_or_else(|| corrupt(format!("intents of the unknown table {table:?}")))?;
        let write_id = new_write_id(writing.now, &mut writing.rng);
        run(
            conn,
            "INSERT INTO _throughline_changes (transaction_id, write_id, table_name, operation, key, value, base)
             SELECT ?2, ?3, table_name, operation, key, value, base FROM _throughline_journal WHERE id = ?1",
            &[&intent, &writing.transaction.0, &write_id.0],
        )?;
        let key = Key::parse(&schema, &key)?;
        refold(conn, &schema, &key)?;
        touched.push((schema, key));
    }
    finish_local(conn, writing, meta.as_deref())?;
    settle(conn, id, "replaced", Some(writing.transaction))?;
    Ok(touched)
}

fn not_rejected(id: TransactionId) -> Error {
    Error::Argument(format!("there is no rejected transaction {id}"))
}
