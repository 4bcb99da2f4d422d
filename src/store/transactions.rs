//! Local transactions: numbered, accepted or rejected; gone once confirmed.

use rusqlite::{Connection, ToSql};

use super::bookkeeping::{all, first, run};
use super::changes::{self, Log, OF_TRANSACTION, parse_json};
use super::error::corrupt;
use super::session::{Session, Writing};
use super::shadow::Key;
use crate::change::TransactionState;
use crate::error::{Error, ErrorReport, Result};
use crate::ids::{ClientId, Lsn, Millis, TransactionId, Xid};
use crate::shape::snapshot::Contents;
use crate::tabs::TransactionRecord;

/// The newest row of a table.
fn last(conn: &Connection, sql: &str) -> Result<i64> {
    let last: Option<Option<i64>> = first(conn, sql, &[], |row| Ok(row.get(0)?))?;
    Ok(last.flatten().unwrap_or_default())
}

/// The number that was given last, whatever became of that transaction; 0 if there was none.
pub(super) fn last_number(conn: &Connection) -> Result<i64> {
    last(conn, "SELECT max(id) FROM _throughline_transactions")
}

fn last_change(conn: &Connection) -> Result<i64> {
    last(conn, "SELECT max(id) FROM _throughline_changes")
}

/// No number up to this one is given any more.
pub(super) fn skip_numbers(conn: &Connection, last: i64) -> Result<()> {
    run(
        conn,
        "INSERT OR IGNORE INTO _throughline_transactions (id, state, created_at) VALUES (?1, 'confirmed', 0)",
        &[&last],
    )?;
    forget_confirmed(conn)
}

/// The one with the last number stays: the next one is told by it.
fn forget_confirmed(conn: &Connection) -> Result<()> {
    run(
        conn,
        "DELETE FROM _throughline_transactions
         WHERE state = 'confirmed' AND id < (SELECT max(id) FROM _throughline_transactions)",
        &[],
    )?;
    Ok(())
}

/// A local transaction that has written nothing yet. Wants the transaction in which it will.
pub fn begin_local(conn: &Connection, now: Millis, rng: fastrand::Rng) -> Result<Writing> {
    Ok(Writing {
        transaction: TransactionId(last_number(conn)? + 1),
        after: last_change(conn)?,
        now,
        rng,
        intents: 0,
    })
}

/// Queues what a local transaction wrote; false if it wrote nothing that syncs. Wants the same transaction.
pub fn finish_local(conn: &Connection, writing: &Writing, meta: Option<&str>) -> Result<bool> {
    let last = last_change(conn)?;
    let logged = last > writing.after;
    if logged {
        run(
            conn,
            "INSERT INTO _throughline_transactions (id, state, meta, created_at, first_change, last_change)
             VALUES (?1, 'queued', ?2, ?3, ?4, ?5)",
            &[
                &writing.transaction.0,
                &meta,
                &writing.now.0,
                &(writing.after + 1),
                &last,
            ],
        )?;
    }
    Ok(logged)
}

/// The accepted transactions that a loaded log contains.
pub fn contained(conn: &Connection, loaded: &Contents) -> Result<Vec<TransactionId>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, txid FROM _throughline_transactions WHERE state = 'accepted' AND txid BETWEEN 0 AND 4294967295",
    )?;
    let mut found = statement.query([])?;
    let mut contained = Vec::new();
    while let Some(row) = found.next()? {
        if loaded.contains(Xid(row.get(1)?)) {
            contained.push(TransactionId(row.get(0)?));
        }
    }
    Ok(contained)
}

/// What the server knows a transaction by.
pub fn idempotency_key(client: &ClientId, id: TransactionId) -> String {
    format!("{client}:{id}")
}

/// The inverse of [`idempotency_key`]; `None` for another client's.
pub fn parse_idempotency_key(client: &ClientId, key: &str) -> Option<TransactionId> {
    let number = key.strip_prefix(client.as_str())?.strip_prefix(':')?;
    number.parse().ok().map(TransactionId)
}

/// The server has it, and perhaps its rows are already here. Wants a transaction.
pub fn accept(
    conn: &Connection,
    id: TransactionId,
    txid: Option<Xid>,
    lsn: Option<Lsn>,
    now: Millis,
) -> Result<()> {
    run(
        conn,
        "UPDATE _throughline_transactions
         SET state = 'accepted', txid = ?2, lsn = ?3, changed_at = ?4, error = NULL WHERE id = ?1",
        &[
            &id.0,
            &txid.map(|txid| txid.0),
            &lsn.map(|lsn| lsn.to_string()),
            &now.0,
        ],
    )?;
    for (table, key) in rows_of(conn, id)? {
        changes::mark_heard(conn, &table, &key)?;
    }
    Ok(())
}

/// Whether the server is known to have it already, or it is not pending any more.
pub fn is_accepted(conn: &Connection, id: TransactionId) -> Result<bool> {
    let open = first(
        conn,
        "SELECT 1 FROM _throughline_transactions WHERE id = ?1 AND state IN ('queued', 'sending')",
        &[&id.0],
        |_| Ok(()),
    )?;
    Ok(open.is_none())
}

/// The server's ledger has it, committed at that position, whether or not an answer said so; whether that is news.
/// `None` if it is not pending any more, or was never sent. Wants a transaction.
pub fn witness(
    conn: &Connection,
    id: TransactionId,
    txid: Option<Xid>,
    lsn: Lsn,
    now: Millis,
) -> Result<Option<bool>> {
    let accepted = is_accepted(conn, id)?;
    let known = run(
        conn,
        "UPDATE _throughline_transactions SET lsn = ?3, txid = ifnull(?2, txid),
           changed_at = iif(state = 'accepted', changed_at, ?4), state = 'accepted', error = NULL
         WHERE id = ?1 AND state IN ('queued', 'sending', 'accepted') AND attempts > 0",
        &[&id.0, &txid.map(|txid| txid.0), &lsn.to_string(), &now.0],
    )?;
    if known == 0 {
        return Ok(None);
    }
    for (table, key) in rows_of(conn, id)? {
        changes::mark_heard(conn, &table, &key)?;
    }
    Ok(Some(!accepted))
}

/// Accepted transactions whose position in the server's log is known.
pub fn accepted_positions(conn: &Connection) -> Result<Vec<(TransactionId, Lsn)>> {
    all(
        conn,
        "SELECT id, lsn FROM _throughline_transactions WHERE state = 'accepted' AND lsn IS NOT NULL",
        &[],
        |row| {
            let lsn: String = row.get(1)?;
            // One that a broken page made of it is never passed: something else has to confirm.
            let lsn = Lsn::parse(&lsn).unwrap_or(Lsn(u64::MAX));
            Ok((TransactionId(row.get(0)?), lsn))
        },
    )
}

/// Local and server state agree on it: its intents go. Returns the rows to fold again. Wants a transaction.
pub fn confirm(conn: &Connection, session: &Session, id: TransactionId) -> Result<Touched> {
    let keys = keys_of(conn, session, id)?;
    forget_intents(conn, id)?;
    run(
        conn,
        "UPDATE _throughline_transactions SET state = 'confirmed', meta = NULL, error = NULL, first_change = NULL,
           last_change = NULL, replaced_by = NULL WHERE id = ?1 OR replaced_by = ?1",
        &[&id.0],
    )?;
    forget_confirmed(conn)?;
    Ok(keys)
}

/// As it is kept beside a transaction.
pub(super) fn error_json(error: &ErrorReport) -> Result<String> {
    serde_json::to_string(error)
        .map_err(|error| Error::Internal(format!("cannot write a reason: {error}")))
}

pub(super) fn forget_intents(conn: &Connection, id: TransactionId) -> Result<()> {
    let sql = format!("DELETE FROM _throughline_changes WHERE {OF_TRANSACTION}");
    run(conn, &sql, &[&id.0])?;
    Ok(())
}

/// Rows by table.
pub type Touched = Vec<(std::sync::Arc<crate::schema::TableSchema>, Key)>;

pub(super) fn keys_of(conn: &Connection, session: &Session, id: TransactionId) -> Result<Touched> {
    let mut keys = Vec::new();
    for (table, key) in rows_of(conn, id)? {
        if let Some(table) = session.table(&table) {
            // A key that the table can no longer hold has no row.
            if let Ok(key) = Key::parse(&table, &key) {
                keys.push((table, key));
            }
        }
    }
    Ok(keys)
}

/// Table and key of each row that a pending transaction wrote.
fn rows_of(conn: &Connection, id: TransactionId) -> Result<Vec<(String, String)>> {
    let sql =
        format!("SELECT DISTINCT table_name, key FROM _throughline_changes WHERE {OF_TRANSACTION}");
    all(conn, &sql, &[&id.0], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// How many are pending and how many rejected.
pub fn count(conn: &Connection) -> Result<(u32, u32)> {
    let counted = first(
        conn,
        "SELECT count(*) FILTER (WHERE state IN ('queued', 'sending', 'accepted')),
           count(*) FILTER (WHERE state = 'rejected') FROM _throughline_transactions",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(counted.unwrap_or_default())
}

/// The transactions that are not yet confirmed, oldest first.
pub fn pending(conn: &Connection, client: &ClientId) -> Result<Vec<TransactionRecord>> {
    list(
        conn,
        client,
        "state IN ('queued', 'sending', 'accepted')",
        &[],
    )
}

/// The rejected ones, oldest first.
pub fn rejected(conn: &Connection, client: &ClientId) -> Result<Vec<TransactionRecord>> {
    list(conn, client, "state = 'rejected'", &[])
}

/// One transaction as the app sees it.
pub fn record(
    conn: &Connection,
    client: &ClientId,
    id: TransactionId,
) -> Result<Option<TransactionRecord>> {
    Ok(list(conn, client, "id = ?1", &[&id.0])?.pop())
}

/// What became of the transaction of an idempotency key: its own record, or that of the one which speaks for it now.
/// None for a key that this database never gave.
pub fn fate(conn: &Connection, client: &ClientId, key: &str) -> Result<Option<TransactionRecord>> {
    let Some(mut id) = parse_idempotency_key(client, key) else {
        return Ok(None);
    };
    if id.0 < 1 || id.0 > last_number(conn)? {
        return Ok(None);
    }
    let sql = "SELECT replaced_by FROM _throughline_transactions WHERE id = ?1 AND state = 'replaced' AND replaced_by > id";
    while let Some(next) = first(conn, sql, &[&id.0], |row| Ok(row.get(0)?))? {
        id = TransactionId(next);
    }
    // One that is not there any more is confirmed.
    let confirmed = || TransactionRecord {
        id: idempotency_key(client, id),
        number: id,
        state: TransactionState::Confirmed,
        meta: None,
        attempts: 0,
        created_at: Millis::default(),
        error: None,
        caused_by: None,
        changes: Vec::new(),
    };
    Ok(Some(record(conn, client, id)?.unwrap_or_else(confirmed)))
}

fn list(
    conn: &Connection,
    client: &ClientId,
    condition: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<TransactionRecord>> {
    let sql = format!(
        "SELECT id, state, meta, max(0, CAST(attempts AS INTEGER)), CAST(created_at AS INTEGER), error,
           CAST(caused_by AS INTEGER)
         FROM _throughline_transactions WHERE {condition} ORDER BY id"
    );
    all(conn, &sql, values, |row| {
        let id = TransactionId(row.get(0)?);
        let state: String = row.get(1)?;
        let state = TransactionState::parse(&state)
            .ok_or_else(|| corrupt(format!("transaction state {state:?}")))?;
        let meta: Option<String> = row.get(2)?;
        let error: Option<String> = row.get(5)?;
        let log = match state {
            TransactionState::Rejected => Log::Journal,
            _ => Log::Changes,
        };
        Ok(TransactionRecord {
            id: idempotency_key(client, id),
            number: id,
            state,
            // What cannot be read of these keeps nobody from the rest.
            meta: meta.and_then(|meta| parse_json(&meta).ok()),
            attempts: row.get(3)?,
            created_at: Millis(row.get(4)?),
            error: error.and_then(|error| crate::json::from_str(&error).ok()),
            caused_by: row.get::<_, Option<i64>>(6)?.map(TransactionId),
            changes: changes::records(conn, log, id)?,
        })
    })
}
