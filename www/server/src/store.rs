//! The journal on disk: one SQLite file, one row an event, each committed durably before anyone sees its effect.
//!
//! The model in memory is rebuilt from it at start, so that handles, offsets and verdicts survive a graceful stop and
//! a kill alike. The file is locked while it is open.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use crate::backend::Backend;
use crate::journal::{Event, Journal, JournalError};

/// Marks the file as ours: "Thrl".
const APPLICATION_ID: i32 = 0x5468_726c;
/// Version of the events' form.
const VERSION: i32 = 1;

/// Why a file cannot be used as the store.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StoreError {
    #[error("another server has this file open")]
    InUse,
    #[error("the file is not a store of this server")]
    NotAStore,
    #[error(
        "the file has version {0}, this server reads version {VERSION}; remove it to start anew"
    )]
    OtherVersion(i32),
    #[error("event {0} cannot be read: {1}")]
    BadEvent(i64, String),
    #[error(transparent)]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse,
            Some(ErrorCode::NotADatabase) => StoreError::NotAStore,
            _ => StoreError::Sqlite(error),
        }
    }
}

/// An open store.
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// It is in use, something else, of another version, or SQLite fails.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        // Whoever has the file open keeps it until it ends; waiting is of no use.
        connection.busy_timeout(std::time::Duration::ZERO)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let application: i32 =
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match (application, version, tables) {
            (0, 0, 0) | (APPLICATION_ID, VERSION, _) => {}
            (APPLICATION_ID, version, _) => return Err(StoreError::OtherVersion(version)),
            _ => return Err(StoreError::NotAStore),
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS journal(seq INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT;
             PRAGMA application_id = {APPLICATION_ID};
             PRAGMA user_version = {VERSION};
             COMMIT;"
        ))?;
        Ok(Self { connection })
    }

    /// Brings the backend to where the journal ends. Returns whether there was anything.
    ///
    /// # Errors
    /// An event cannot be read.
    pub fn replay_into(&self, backend: &mut Backend) -> Result<bool, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT seq, event FROM journal ORDER BY seq")?;
        let mut rows = statement.query([])?;
        let mut any = false;
        while let Some(row) = rows.next()? {
            let (seq, json): (i64, String) = (row.get(0)?, row.get(1)?);
            let event: Event = serde_json::from_str(&json)
                .map_err(|error| StoreError::BadEvent(seq, error.to_string()))?;
            backend.replay(event);
            any = true;
        }
        backend.resume();
        Ok(any)
    }
}

impl Journal for Store {
    fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        let json = serde_json::to_string(event).map_err(|error| JournalError(error.to_string()))?;
        self.connection
            .prepare("INSERT INTO journal(event) VALUES (?1)")
            .and_then(|mut statement| statement.execute([json]))
            .map_err(|error| JournalError(error.to_string()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::demo;
    use crate::electric::{Answer, Electric, Micros, Options, ShapeRequest, WaitState};

    const NOW: Micros = Micros(1_795_342_140_000_000);

    fn empty() -> Backend {
        Backend::new(Electric::new(Options::default()), demo::rules())
    }

    #[test]
    fn rows_logs_and_handles_survive() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("demo.db");
        let ask = |backend: &mut Backend, journal: &mut Store, url: &str| {
            let request = ShapeRequest::get(url);
            match backend.respond(journal, NOW, 0, &request, WaitState::Arrived) {
                Answer::Respond(response) => response,
                hold => panic!("{hold:?}"),
            }
        };
        let first = "table=todos&offset=-1";
        let (before, log_url, log_before) = {
            let mut store = Store::open(&path).unwrap();
            let mut backend = empty();
            assert!(!store.replay_into(&mut backend).unwrap());
            backend.create_table(&mut store, demo::todos()).unwrap();
            let before = ask(&mut backend, &mut store, first);
            demo::seed(&mut backend, &mut store, NOW).unwrap();
            let handle = before.header("electric-handle").unwrap();
            let log_url = format!("table=todos&offset=0_0&handle={handle}");
            let log = ask(&mut backend, &mut store, &log_url);
            (before, log_url, log)
            // Dropped without any goodbye, as by a kill.
        };
        let mut store = Store::open(&path).unwrap();
        let mut backend = empty();
        assert!(store.replay_into(&mut backend).unwrap());
        assert_eq!(ask(&mut backend, &mut store, first), before);
        assert_eq!(ask(&mut backend, &mut store, &log_url), log_before);
    }

    #[test]
    fn a_file_has_one_server_and_is_ours() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("demo.db");
        let open = Store::open(&path).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::InUse)));
        drop(open);
        assert!(Store::open(&path).is_ok());
        let other = directory.path().join("other.db");
        Connection::open(&other)
            .unwrap()
            .execute_batch("CREATE TABLE t(a)")
            .unwrap();
        assert!(matches!(Store::open(&other), Err(StoreError::NotAStore)));
        let text = directory.path().join("text");
        std::fs::write(
            &text,
            "nothing like a database, but long enough to be looked at ".repeat(50),
        )
        .unwrap();
        assert!(matches!(Store::open(&text), Err(StoreError::NotAStore)));
    }
}
