//! The whole database out as a file, and in from one.

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::bookkeeping::first;
use super::connection::PAGE_SIZE;
use super::{migrations, settings, transactions};
use crate::error::{Error, Result};
use crate::schema::literal;

/// By how much the numbers of transactions go up at an import, at least: more than the device that wrote the file will ever
/// write, which goes on counting from there.
const LEAST_GAP: i64 = 1 << 32;

/// At most: two devices that import the same file are that far apart by chance, and some hundred imports find room below the largest
/// number that JavaScript can count with.
const LARGEST_GAP: i64 = 1 << 44;

/// See [`LARGEST_GAP`].
const LARGEST_NUMBER: i64 = (1 << 53) - 1;

/// Writes a copy without gaps; there must be no such file.
pub fn copy_to(conn: &Connection, path: &str) -> Result<()> {
    Ok(conn.execute_batch(&format!("VACUUM INTO {}", literal(path)))?)
}

/// What the first bytes of a file say against it.
///
/// # Errors
/// [`Error::Argument`] for what is no database, or not all of one.
pub fn check_bytes(file: &[u8]) -> Result<()> {
    let refuse = |what: &str| Err(Error::Argument(format!("import: {what}")));
    let (Some(header), true) = (file.get(..100), file.starts_with(b"SQLite format 3\0")) else {
        return refuse("this is no SQLite database");
    };
    let page_size = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size,
    };
    let pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
    if page_size * u64::from(pages) > file.len() as u64 {
        return refuse("the file is cut off");
    }
    Ok(())
}

/// Makes the database of such a file one that can take the place of ours. `chance`: random bits.
///
/// Its transactions keep their numbers: they go out under the idempotency keys that the device which wrote the file gave them, so the server
/// takes each once, whoever sends it first. Those to come must never meet that device's, nor those of another one that imports the
/// same file.
///
/// # Errors
/// [`Error::Argument`] for what is no database of ours, or broken; [`Error::SchemaAhead`] for a newer one.
pub fn prepare(conn: &Connection, chance: u64) -> Result<()> {
    conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    let done = check(conn).and_then(|()| fit(conn, chance));
    done.map_err(|error| match error {
        Error::Corrupt(what) | Error::Sql(what) => {
            Error::Argument(format!("import: the file is broken: {what}"))
        }
        error => error,
    })
}

fn check(conn: &Connection) -> Result<()> {
    let version = pragma(conn, "user_version")?;
    let is_ours = first(
        conn,
        "SELECT 1 FROM sqlite_schema WHERE name = '_throughline_settings'",
        &[],
        |_| Ok(()),
    )?;
    if is_ours.is_none() || version < 1 {
        return Err(Error::Argument(
            "import: this database was not written by throughline".into(),
        ));
    }
    if version > i64::from(migrations::VERSION) {
        return Err(Error::SchemaAhead {
            found: version as u32,
            known: migrations::VERSION,
        });
    }
    let whole: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match whole.as_str() {
        "ok" => Ok(()),
        _ => Err(Error::Corrupt(whole)),
    }
}

fn fit(conn: &Connection, chance: u64) -> Result<()> {
    conn.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    if pragma(conn, "page_size")? != PAGE_SIZE {
        // A copy into a write-ahead log goes page by page.
        conn.execute_batch(&format!("PRAGMA page_size = {PAGE_SIZE}; VACUUM"))?;
    }
    settings::mark_closed(conn)?;
    // The device that wrote the file may have sent them since.
    conn.execute_batch(
        "UPDATE _throughline_transactions SET attempts = max(attempts, 1), unanswered = max(unanswered, 1)
         WHERE state IN ('queued', 'sending')",
    )?;
    let gap = LEAST_GAP + (chance % (LARGEST_GAP - LEAST_GAP) as u64) as i64;
    let next = transactions::last_number(conn)?.saturating_add(gap);
    if next > LARGEST_NUMBER {
        return Err(Error::Argument(
            "import: the file has been imported so often that it has no numbers left".into(),
        ));
    }
    transactions::skip_numbers(conn, next)
}

fn pragma(conn: &Connection, name: &str) -> Result<i64> {
    Ok(conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?)
}

/// Copies a prepared database over ours, in one transaction: a crash leaves the one or the other.
pub fn replace(conn: &mut Connection, with: &Connection) -> Result<()> {
    conn.flush_prepared_statement_cache();
    match Backup::new(with, conn)?.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(Error::Storage("the database is in use".into())),
    }
}
