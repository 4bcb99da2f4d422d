//! Whether the file is whole, table by table: all at once would keep everyone waiting.

use rusqlite::Connection;

use super::bookkeeping::{all, first};
use crate::error::Result;
use crate::schema::literal;

/// Everything with pages of its own; indexes are looked at with their tables.
pub fn tables(conn: &Connection) -> Result<Vec<String>> {
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name DESC";
    all(conn, sql, &[], |row| Ok(row.get(0)?))
}

/// What is wrong with a table's pages, if anything is; a value that the table's declaration does not allow is not a broken page.
pub fn quick_check(conn: &Connection, table: &str) -> Result<Option<String>> {
    // A pragma takes no parameter.
    let sql = format!("PRAGMA quick_check({})", literal(table));
    let found = all(conn, &sql, &[], |row| Ok(row.get::<_, String>(0)?))?;
    Ok(found.into_iter().find(|problem| {
        let is_rule = [
            "CHECK constraint",
            "NULL value",
            "non-",
            "NUMERIC value",
            "TEXT value",
        ];
        problem != "ok" && !is_rule.iter().any(|words| problem.starts_with(words))
    }))
}

/// Whether the bookkeeping tables are there: their first transaction made all of them.
pub fn is_complete(conn: &Connection) -> Result<bool> {
    let version = first(conn, "PRAGMA user_version", &[], |row| {
        Ok(row.get::<_, u32>(0)?)
    })?;
    Ok(version.is_some_and(|version| version > 0))
}
