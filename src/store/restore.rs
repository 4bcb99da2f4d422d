//! Taking over what was read of a broken file into a fresh one.

use rusqlite::Connection;

use super::bookkeeping::{first, run};
use super::salvage::{SEQUENCE, Salvage, Saved, columns};
use super::{Session, changes, journal, misfits, query, shapes, tables, transactions};
use crate::error::{Error, ErrorReport, Result};
use crate::ids::{Millis, TransactionId};
use crate::schema::{TableSchema, identifier, list, names};
use crate::tabs::Statement;
use crate::value::Value;

/// Added to a last number that could not be read: more than any app has written since the last one that could.
const GAP: i64 = 1 << 32;

/// The largest number that JavaScript can count with.
const LARGEST: i64 = (1 << 53) - 1;

/// Puts the rows into the bookkeeping tables, and makes the synced tables and the app's own. How much is missing. Wants the
/// transaction that made the bookkeeping tables. What is generated for the tables in `declared` is fetched, even where the salvage took
/// it for the app's own.
///
/// # Errors
/// Only those of the storage: what the fresh file cannot hold is counted.
pub fn restore(
    conn: &Connection,
    session: &Session,
    salvage: &Salvage,
    declared: &[&str],
    now: Millis,
) -> Result<u32> {
    let is_generated = generated(declared);
    let mut lost = salvage.lost;
    for table in &salvage.tables {
        match &table.sql {
            Some(_) if is_generated(&table.name) => {}
            _ if table.name == SEQUENCE => {}
            Some(sql) => {
                lost += create(conn, session, &table.name, sql)?;
                lost += insert(conn, table)?;
            }
            None if table.name == names::TABLES => restore_schemas(conn, table)?,
            None => lost += insert(conn, table)?,
        }
    }
    lost += skip_numbers(conn, salvage)?;
    lost += make_consistent(conn, now)?;
    set_torn_aside(conn, salvage, now)?;
    restore_sequence(conn, salvage)?;
    while let Some(id) = changes::first_stranger(conn, declared)? {
        let what = "it writes to a table that is not declared";
        journal::reject(conn, session, id, &aside(what), None, now)?;
    }
    for table in shapes::load_tables(conn)? {
        tables::create(conn, &table)?;
    }
    Ok(lost)
}

/// Why a transaction is among the rejected ones, for the app to decide.
fn aside(what: &str) -> ErrorReport {
    ErrorReport {
        code: "CORRUPT".into(),
        message: format!("the database file was broken: {what}"),
        retryable: false,
    }
}

/// The app's own indexes, views and triggers, which may name any table. How many could not be made.
pub fn restore_objects(
    conn: &Connection,
    session: &Session,
    salvage: &Salvage,
    declared: &[&str],
) -> Result<u32> {
    let is_generated = generated(declared);
    let mut lost = 0;
    for object in &salvage.objects {
        if !is_generated(&object.name) && !is_generated(&object.table) {
            lost += counted(make(conn, session, &object.sql))?;
        }
    }
    Ok(lost)
}

/// Whether a name is that of an object which one of these tables generates.
fn generated(declared: &[&str]) -> impl Fn(&str) -> bool {
    let names: Vec<String> = declared
        .iter()
        .flat_map(|name| names::of_table(name))
        .collect();
    move |name| names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Makes an object of the app's own, as the app would: a broken page, or whoever wrote the file, may have put anything there.
fn make(conn: &Connection, session: &Session, sql: &str) -> Result<()> {
    query::analyze(conn, session, sql)?;
    let statement = Statement {
        sql: sql.into(),
        params: Vec::new(),
        typed: false,
    };
    query::run(conn, session, &statement).map(drop)
}

/// The same of a table, unless its definition makes something else.
fn create(conn: &Connection, session: &Session, name: &str, sql: &str) -> Result<u32> {
    conn.execute_batch("SAVEPOINT own")?;
    let failed = counted(make(conn, session, sql))?;
    let is_there = failed == 0 && tables::exists(conn, name)?;
    let end = if is_there {
        "RELEASE own"
    } else {
        "ROLLBACK TO own; RELEASE own"
    };
    conn.execute_batch(end)?;
    Ok(u32::from(!is_there))
}

/// A failure of the storage, or 1 for one of the content.
fn counted(done: Result<()>) -> Result<u32> {
    match done {
        Ok(()) => Ok(0),
        Err(error @ (Error::Quota(_) | Error::Storage(_) | Error::Corrupt(_))) => Err(error),
        Err(_) => Ok(1),
    }
}

/// How many rows have no place.
fn insert(conn: &Connection, table: &Saved) -> Result<u32> {
    let known = columns(conn, &table.name)?;
    // Intents are counted anew: a broken page can name any number, and those to come must be higher.
    let is_log = [names::CHANGES, names::JOURNAL].contains(&&table.name[..]);
    let kept: Vec<usize> = (0..table.columns.len())
        .filter(|at| known.contains(&table.columns[*at]))
        .filter(|at| !(is_log && table.columns[*at] == "id"))
        .collect();
    if kept.is_empty() {
        return Ok(table.rows.len() as u32);
    }
    let names = list(kept.iter().map(|at| identifier(&table.columns[*at])));
    let sql = format!(
        "INSERT OR IGNORE INTO {} ({names}) VALUES ({})",
        identifier(&table.name),
        list(kept.iter().map(|_| "?"))
    );
    let mut lost = 0;
    let mut statement = conn.prepare(&sql)?;
    for row in &table.rows {
        for (place, at) in kept.iter().enumerate() {
            statement.raw_bind_parameter(place + 1, row.get(*at).unwrap_or(&Value::Null))?;
        }
        match statement.raw_execute().map_err(Error::from) {
            Ok(1) => {}
            Ok(_) => lost += 1,
            Err(error) => lost += counted(Err(error))?,
        }
    }
    Ok(lost)
}

/// A schema that cannot be read comes again with the rows.
fn restore_schemas(conn: &Connection, table: &Saved) -> Result<()> {
    for row in &table.rows {
        let [Value::Text(name), Value::Text(json)] = &row[..] else {
            continue;
        };
        let schema = crate::json::from_str::<TableSchema>(json);
        let is_usable = |schema: &TableSchema| schema.name == *name && schema.is_possible();
        if let Some(schema) = schema.ok().filter(is_usable) {
            shapes::save_schema(conn, &schema)?;
        }
    }
    Ok(())
}

/// What was read of one table is made to fit what was read of another. How much does not.
fn make_consistent(conn: &Connection, now: Millis) -> Result<u32> {
    // A key of the settings that says how the last session of that file ended says nothing of this one.
    super::settings::mark_closed(conn)?;
    let mut lost = misfits::mend(conn, now)?;
    // Intents without their transaction: the log holds pending ones only, the journal those of rejected ones. It may have been sent, so it must
    // go again as it is.
    run(
        conn,
        "INSERT OR IGNORE INTO _throughline_transactions (id, state, attempts, unanswered, created_at)
         SELECT DISTINCT transaction_id, 'queued', 1, 1, ?1 FROM _throughline_changes",
        &[&now.0],
    )?;
    run(
        conn,
        "INSERT OR IGNORE INTO _throughline_transactions (id, state, created_at)
         SELECT DISTINCT transaction_id, 'rejected', ?1 FROM _throughline_journal",
        &[&now.0],
    )?;
    lost += run(
        conn,
        "DELETE FROM _throughline_transactions WHERE state IN ('queued', 'sending', 'accepted')
         AND id NOT IN (SELECT transaction_id FROM _throughline_changes)",
        &[],
    )?;
    run(
        conn,
        "UPDATE _throughline_transactions SET first_change = stands.first, last_change = stands.last
         FROM (SELECT transaction_id, min(id) AS first, max(id) AS last FROM _throughline_changes GROUP BY 1) AS stands
         WHERE id = stands.transaction_id",
        &[],
    )?;
    Ok(lost as u32)
}

/// No transaction's number is given twice, whether or not it could be read. How many had one that is none.
fn skip_numbers(conn: &Connection, salvage: &Salvage) -> Result<u32> {
    let (mut lost, mut last) = (0, 0);
    for (table, number) in [
        (names::TRANSACTIONS, "id"),
        (names::CHANGES, "transaction_id"),
        (names::JOURNAL, "transaction_id"),
    ] {
        let sql = format!("DELETE FROM {table} WHERE {number} NOT BETWEEN 1 AND ?1");
        lost += run(conn, &sql, &[&(LARGEST - GAP)])?;
        let sql = format!("SELECT ifnull(max({number}), 0) FROM {table}");
        let named: Option<i64> = first(conn, &sql, &[], |row| Ok(row.get(0)?))?;
        last = last.max(named.unwrap_or_default());
    }
    let whole = salvage
        .table(names::TRANSACTIONS)
        .is_some_and(|table| table.whole);
    // One more than the last, which may have to go.
    transactions::skip_numbers(conn, last + if whole { 1 } else { GAP })?;
    Ok(lost as u32)
}

/// The transactions beside a gap in the change log may have intents in it. Half of one must not be sent, so the app decides: it finds them among
/// the rejected ones.
fn set_torn_aside(conn: &Connection, salvage: &Salvage, now: Millis) -> Result<()> {
    let Some(log) = salvage.table(names::CHANGES).filter(|log| !log.whole) else {
        return Ok(());
    };
    let at = |name: &str| log.columns.iter().position(|column| column == name);
    let Some(column) = at("transaction_id") else {
        return Ok(());
    };
    let error = aside("a part of this transaction may be missing");
    for row in [log.gap.wrapping_sub(1), log.gap] {
        let Some(Value::Integer(id)) = log.rows.get(row).and_then(|row| row.get(column)) else {
            continue;
        };
        let id = TransactionId(*id);
        // What the server has, it has whole.
        if !transactions::is_accepted(conn, id)? {
            journal::reject(conn, &Session::default(), id, &error, None, now)?;
        }
    }
    Ok(())
}

/// No number is given twice.
fn restore_sequence(conn: &Connection, salvage: &Salvage) -> Result<()> {
    let rows = salvage.table(SEQUENCE).map_or(&[][..], |table| &table.rows);
    for row in rows {
        if let [Value::Text(name), Value::Integer(last)] = &row[..]
            && (0..=LARGEST).contains(last)
        {
            raise(conn, name, *last)?;
        }
    }
    Ok(())
}

fn raise(conn: &Connection, table: &str, last: i64) -> Result<()> {
    let raised = run(
        conn,
        "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
        &[&table, &last],
    )?;
    let exists = "SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)";
    if raised == 0 && last > 0 {
        let sql = format!("INSERT INTO sqlite_sequence (name, seq) {exists}");
        run(conn, &sql, &[&table, &last])?;
    }
    Ok(())
}
