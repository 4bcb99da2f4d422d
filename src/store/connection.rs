//! Opening a connection and setting it up.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::{authorizer, functions, session::Session};
use crate::error::{Error, Result};
use crate::tabs::StorageStatus;

/// App statements and our own share the statement cache.
const CACHED_STATEMENTS: usize = 128;

/// Of a new file, in bytes.
pub(super) const PAGE_SIZE: i64 = 16_384;

/// Opens a file of the operating system or of the default VFS.
pub fn open_file(path: impl AsRef<Path>) -> Result<Connection> {
    Ok(Connection::open(path)?)
}

/// Opens a file of a VFS that is not the default.
pub fn open_on_vfs(path: &str, vfs: &str) -> Result<Connection> {
    Ok(Connection::open_with_flags_and_vfs(
        path,
        OpenFlags::default(),
        vfs,
    )?)
}

/// Opens a database that ends with the connection.
pub fn open_memory() -> Result<Connection> {
    Ok(Connection::open_in_memory()?)
}

/// Sets pragmas, functions and the authorizer. The first thing that happens to a connection.
///
/// WAL needs no shared memory only under `locking_mode=EXCLUSIVE`, which therefore comes first
/// (<https://sqlite.org/wal.html>, section 8); without it the mode silently stays `delete`. `FULL` makes a
/// commit durable before it returns; the engine says which ones may be less.
///
/// The page size is that of a new file. In a browser calls cost more than bytes: with pages of 8192 bytes they took
/// nearly half of a first load, with these a third. What building an index or replacing many rows needs besides goes to
/// files once it is large: a module cannot give memory back (<https://sqlite.org/tempfiles.html>, section 3).
///
/// The write-ahead log is moved into the database file once it has 4 MiB: about what an answer of a shape brings, so that a first load
/// writes each page twice and seldom more often, and a quarter of what SQLite's own 1000 pages would be. A large transaction makes it
/// longer; the next one after the checkpoint begins at its start again and cuts it to that size.
pub fn configure(conn: &mut Connection, session: Arc<Session>) -> Result<()> {
    conn.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    conn.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_SIZE};
         PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 256;
         PRAGMA journal_size_limit = 4194304;
         PRAGMA foreign_keys = OFF;
         PRAGMA temp_store = FILE;
         PRAGMA trusted_schema = ON;"
    ))?;
    functions::install(conn, &session)?;
    authorizer::install(conn, session)
}

/// What the pragmas really came to.
pub fn read_back(conn: &Connection, storage: &mut StorageStatus) -> Result<()> {
    let text = |pragma: &str| -> Result<String> {
        Ok(conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?)
    };
    let synchronous: i64 = conn.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    storage.journal_mode = text("journal_mode")?;
    storage.locking_mode = text("locking_mode")?;
    storage.synchronous = match synchronous {
        0 => "off",
        1 => "normal",
        2 => "full",
        3 => "extra",
        other => return Err(Error::Internal(format!("PRAGMA synchronous is {other}"))),
    }
    .into();
    Ok(())
}

/// Moves the write-ahead log into the database file and empties it.
pub fn checkpoint(conn: &Connection) -> Result<()> {
    Ok(conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}
