//! The queue: local transactions on their way into a POST and back.

use rusqlite::Connection;

use super::bookkeeping::{all, first, run, visit};
use super::changes::{OF_TRANSACTION, operation, raw_json};
use super::error::{contradiction, corrupt};
use super::session::Session;
use super::transactions::{error_json, forget_intents, idempotency_key};
use crate::change::Operation;
use crate::error::{ErrorReport, Result};
use crate::ids::{ChangeId, ClientId, Millis, TransactionId};
use crate::upload::{OutgoingChange, OutgoingTransaction, Picked, Picker, Queued, QueuedIntent};

/// Picks the transactions of the next POST; their bytes stand beside them. Reads no further than it has to.
pub fn pick(
    conn: &Connection,
    client: &ClientId,
    mut picker: Picker,
) -> Result<(Vec<Picked>, usize)> {
    let mut next: Option<Queued> = None;
    visit(
        conn,
        "SELECT t.id, t.attempts = 0 AND t.meta IS NULL, c.id, c.table_name, c.key, c.operation, c.value, c.base
         FROM _throughline_transactions AS t JOIN _throughline_changes AS c ON c.id BETWEEN t.first_change AND t.last_change
           AND c.transaction_id = t.id
         WHERE t.state = 'queued' ORDER BY t.id, c.id",
        &[],
        &mut |row| {
            let id = TransactionId(row.get(0)?);
            if let Some(complete) = next.take_if(|next| next.id != id)
                && !picker.offer(complete)?
            {
                return Ok(false);
            }
            let mergeable = row.get(1)?;
            next.get_or_insert_with(|| Queued {
                id,
                key: idempotency_key(client, id),
                mergeable,
                intents: Vec::new(),
            })
            .intents
            .push(QueuedIntent {
                id: ChangeId(row.get(2)?),
                row: (row.get(3)?, row.get(4)?),
                operation: operation(row.get(5)?)?,
                value: row.get(6)?,
                base: row.get(7)?,
            });
            Ok(true)
        },
    )?;
    if let Some(last) = next {
        picker.offer(last)?;
    }
    Ok(picker.picked())
}

/// Writes down what a transaction now contains: those that it replaces are told by it from now on. Wants a transaction.
pub fn replace(conn: &Connection, picked: &Picked) -> Result<()> {
    let Some(intent) = picked.transaction.intents.first() else {
        return Ok(());
    };
    run(
        conn,
        "UPDATE _throughline_changes SET operation = ?2, value = ?3, base = ?4 WHERE id = ?1",
        &[
            &intent.id.0,
            &intent.operation.as_str(),
            &intent.value,
            &intent.base,
        ],
    )?;
    for earlier in &picked.replaces {
        forget_intents(conn, *earlier)?;
        run(
            conn,
            "UPDATE _throughline_transactions SET state = 'replaced', replaced_by = ?2, first_change = NULL, last_change = NULL
             WHERE id = ?1",
            &[&earlier.0, &picked.transaction.id.0],
        )?;
    }
    Ok(())
}

/// The transactions as they go into a POST.
pub fn outgoing(
    conn: &Connection,
    session: &Session,
    client: &ClientId,
    ids: &[TransactionId],
) -> Result<Vec<OutgoingTransaction>> {
    ids.iter()
        .map(|id| {
            let meta: Option<Option<String>> = first(
                conn,
                "SELECT meta FROM _throughline_transactions WHERE id = ?1",
                &[&id.0],
                |row| Ok(row.get(0)?),
            )?;
            let meta = meta.ok_or_else(|| contradiction(format!("no transaction {id}")))?;
            Ok(OutgoingTransaction {
                id: idempotency_key(client, *id),
                meta: meta.and_then(|meta| raw_json(meta).ok()),
                changes: outgoing_changes(conn, session, *id)?,
            })
        })
        .collect()
}

fn outgoing_changes(
    conn: &Connection,
    session: &Session,
    id: TransactionId,
) -> Result<Vec<OutgoingChange>> {
    let sql = format!(
        "SELECT id, table_name, operation, write_id, key, value, base
         FROM _throughline_changes WHERE {OF_TRANSACTION} ORDER BY id"
    );
    all(conn, &sql, &[&id.0], |row| {
        let table: String = row.get(1)?;
        let operation = operation(row.get(2)?)?;
        let schema = session
            .table(&table)
            .ok_or_else(|| contradiction(format!("intents of the unknown table {table:?}")))?;
        let key: String = row.get(4)?;
        let parts: Vec<Box<serde_json::value::RawValue>> =
            crate::json::from_str(&key).map_err(|error| corrupt(format!("key {key}: {error}")))?;
        let base: Option<String> = row.get(6)?;
        Ok(OutgoingChange {
            id: ChangeId(row.get(0)?),
            operation,
            write_id: crate::ids::WriteId(row.get(3)?),
            key: schema
                .key_columns()
                .map(|column| column.name.clone())
                .zip(parts)
                .collect(),
            value: raw_json(row.get(5)?)?,
            base: match operation {
                Operation::Update => base.map(raw_json).transpose()?,
                Operation::Insert | Operation::Delete => None,
            },
            table,
        })
    })
}

/// The transactions are in a POST now.
pub fn begin_sending(conn: &Connection, ids: &[TransactionId], now: Millis) -> Result<()> {
    for id in ids {
        run(
            conn,
            "UPDATE _throughline_transactions
             SET state = 'sending', attempts = attempts + 1, unanswered = unanswered + 1, changed_at = ?2
             WHERE id = ?1",
            &[&id.0, &now.0],
        )?;
    }
    Ok(())
}

/// The transactions of the POST that is on its way.
pub fn sending(conn: &Connection) -> Result<Vec<TransactionId>> {
    all(
        conn,
        "SELECT id FROM _throughline_transactions WHERE state = 'sending' ORDER BY id",
        &[],
        |row| Ok(TransactionId(row.get(0)?)),
    )
}

/// What was sent without an answer goes again, under the same idempotency key; why it had none is kept with it.
pub fn requeue(conn: &Connection, error: Option<&ErrorReport>) -> Result<()> {
    let error = error.map(error_json).transpose()?;
    run(
        conn,
        "UPDATE _throughline_transactions SET state = 'queued', error = ifnull(?1, error) WHERE state = 'sending'",
        &[&error],
    )?;
    Ok(())
}

/// What was sent is queued again: the server refused the whole body, so nothing of it is there.
pub fn withdraw(conn: &Connection) -> Result<()> {
    run(
        conn,
        "UPDATE _throughline_transactions SET state = 'queued', unanswered = unanswered - 1 WHERE state = 'sending'",
        &[],
    )?;
    Ok(())
}
