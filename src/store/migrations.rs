//! The bookkeeping tables, versioned by `user_version`.

use rusqlite::Connection;

use crate::error::{Error, Result};

/// What makes the bookkeeping tables as they are now.
pub(super) const BOOKKEEPING: &str = include_str!("bookkeeping.sql");

/// One step a version, oldest first. A released step never changes.
const STEPS: &[&str] = &[BOOKKEEPING];

/// The newest version this build knows.
pub const VERSION: u32 = STEPS.len() as u32;

/// Brings the bookkeeping tables up to [`VERSION`]; whether there were none. Wants a transaction.
///
/// # Errors
/// [`Error::SchemaAhead`] for a database that a newer build wrote: it is left as it is.
pub fn migrate(conn: &Connection) -> Result<bool> {
    let found: u32 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSION {
        return Err(Error::SchemaAhead {
            found,
            known: VERSION,
        });
    }
    for step in STEPS.iter().skip(found as usize) {
        conn.execute_batch(step)?;
    }
    if found != VERSION {
        conn.execute_batch(&format!("PRAGMA user_version = {VERSION}"))?;
    }
    Ok(found == 0)
}
