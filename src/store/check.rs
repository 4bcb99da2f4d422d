//! Whether the file is whole, table by table: all at once would keep everyone waiting.

use rusqlite::Connection;

use super::bookkeeping::{all, first, visit};
use super::error::corrupt;
use super::tables::exists;
use crate::error::Result;
use crate::schema::{literal, names};

/// Everything with pages of its own; indexes are looked at with their tables.
pub fn tables(conn: &Connection) -> Result<Vec<String>> {
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name DESC";
    all(conn, sql, &[], |row| Ok(row.get(0)?))
}

/// What is wrong with a table's pages, if anything is and it is still there.
pub fn quick_check(conn: &Connection, table: &str) -> Result<Option<String>> {
    if !exists(conn, table)? {
        return Ok(None);
    }
    let found = problems(conn, &literal(table))?;
    Ok(found.into_iter().find(|problem| is_of_pages(problem)))
}

/// Writes are told apart by their numbers, and the next one goes by the last: an opening looks whether that can be the last. (A
/// `quick_check` would find more, by code of SQLite's that a first use has no need of.)
///
/// # Errors
/// [`crate::error::Error::Corrupt`] if rows are out of their order, or the change log knows a later one.
pub fn numbers(conn: &Connection) -> Result<()> {
    let (mut last, mut are_sound) = (None, true);
    let sql = "SELECT id FROM _throughline_transactions ORDER BY id";
    visit(conn, sql, &[], &mut |row| {
        let number = Some(row.get::<_, i64>(0)?);
        are_sound = last < number;
        last = number;
        Ok(are_sound)
    })?;
    let sql = "SELECT transaction_id FROM _throughline_changes ORDER BY id DESC LIMIT 1";
    let logged = first(conn, sql, &[], |row| Ok(row.get::<_, i64>(0)?))?;
    if are_sound && logged <= last {
        return Ok(());
    }
    Err(corrupt("transactions out of order"))
}

/// What SQLite finds in a table, or, given a number, in all of them up to so many.
pub(super) fn problems(conn: &Connection, of: &str) -> Result<Vec<String>> {
    // A pragma takes no parameter.
    let sql = format!("PRAGMA quick_check({of})");
    let mut found = all(conn, &sql, &[], |row| Ok(row.get::<_, String>(0)?))?;
    found.retain(|problem| problem != "ok");
    Ok(found)
}

/// A value that the table's declaration does not allow is not a broken page.
pub(super) fn is_of_pages(problem: &str) -> bool {
    let rules = [
        "CHECK constraint",
        "NULL value",
        "non-",
        "NUMERIC value",
        "TEXT value",
    ];
    !rules.iter().any(|words| problem.starts_with(words))
}

/// Whether the bookkeeping tables are there: their first transaction made all of them.
pub fn is_complete(conn: &Connection) -> Result<bool> {
    let version = first(conn, "PRAGMA user_version", &[], |row| {
        Ok(row.get::<_, u32>(0)?)
    })?;
    // One broken header among whole tables says that there is no version.
    Ok(version.is_some_and(|version| version > 0) || exists(conn, names::TRANSACTIONS)?)
}
