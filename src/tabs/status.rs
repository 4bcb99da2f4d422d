//! [`Status`]: everything the app can see of storage and sync, in one value.

use serde::{Deserialize, Serialize};

use crate::error::ErrorReport;
use crate::ids::Millis;

/// The database's state in one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Where the data is and how safe it is.
    pub storage: StorageStatus,
    /// False after `disconnect()`.
    pub connected: bool,
    /// Every shape that is synced, in the order of the declaration.
    pub shapes: Vec<ShapeStatus>,
    /// The write path.
    pub upload: UploadStatus,
    /// Transactions that are not yet confirmed.
    pub pending: u32,
    /// Rejected transactions that the app has not dealt with.
    pub rejected: u32,
}

/// Where the data is, as read back from SQLite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StorageStatus {
    /// `opfs`, or `memory`: then nothing outlives the worker.
    pub persistence: Persistence,
    /// Why it is in memory.
    pub reason: Option<String>,
    /// `PRAGMA journal_mode`.
    pub journal_mode: String,
    /// `PRAGMA locking_mode`.
    pub locking_mode: String,
    /// `PRAGMA synchronous` by name, as it is for the app's own writes.
    pub synchronous: String,
    /// Whether the browser keeps the data until the user deletes it. Null: it was not asked yet, or does not say.
    pub persisted: Option<bool>,
    /// How many bytes this origin may keep, as the browser estimates it.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub quota: Option<u64>,
    /// How many of them it uses, the app's other storage included.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub usage: Option<u64>,
    /// The last failure of the storage; gone after the next successful write. Reading goes on meanwhile.
    pub error: Option<Box<ErrorReport>>,
    /// The file was built anew when this session began.
    pub recovered: Option<Box<Recovery>>,
    /// The storage was empty when this session began, and the page remembers writes that were pending in it.
    pub evicted: Option<Seen>,
}

impl StorageStatus {
    /// Before anything is read from it.
    pub fn unknown(persistence: Persistence, reason: Option<String>) -> Self {
        Self {
            persistence,
            reason,
            journal_mode: String::new(),
            locking_mode: String::new(),
            synchronous: String::new(),
            persisted: None,
            quota: None,
            usage: None,
            error: None,
            recovered: None,
            evicted: None,
        }
    }
}

/// A broken database file was set aside, and what could be read of it taken over into a new one. Its rows are loaded again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    /// When.
    #[cfg_attr(test, ts(type = "number"))]
    pub at: Millis,
    /// What was wrong with the file.
    pub reason: String,
    /// Transactions taken over: pending ones, and rejected ones that the app has not dealt with.
    pub transactions: u32,
    /// What could not be read of the app's writes and own tables: rows, and ends of tables. 0: nothing is missing.
    pub lost: u32,
}

/// What a page outside of this storage last knew of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Transactions that were not yet confirmed, or rejected and not dealt with.
    pub pending: u32,
    /// When that was.
    #[cfg_attr(test, ts(type = "number"))]
    pub at: Millis,
}

/// See [`StorageStatus::persistence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Persistence {
    /// The origin private file system.
    Opfs,
    /// A file of the operating system (native tests).
    File,
    /// Gone when the worker ends.
    Memory,
}

/// One shape's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ShapeStatus {
    /// The table it fills.
    pub table: String,
    /// Its name among the table's shapes; the only one is called `default`.
    pub name: String,
    /// What it is doing.
    pub phase: ShapePhase,
    /// Rows of the table that it holds, or loaded so far while a log is loading.
    #[cfg_attr(test, ts(type = "number"))]
    pub rows: u64,
    /// What has come of the log that is loading, or else of the last one, in bytes of text, in this session.
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
    /// The same in answers.
    pub chunks: u32,
    /// When the last up-to-date arrived, in milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub last_synced_at: Option<Millis>,
    /// When the next attempt is due, while `phase` is `waiting`.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub retry_at: Option<Millis>,
    /// The last failure; gone after the next success.
    pub error: Option<ErrorReport>,
}

/// See [`ShapeStatus::phase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum ShapePhase {
    /// Reading a log from its start.
    Loading,
    /// Reading what was missed since the stored position.
    CatchingUp,
    /// Up to date, waiting for changes.
    Live,
    /// A request failed; the next attempt is timed.
    Waiting,
    /// Stopped until the app acts: see the error.
    Failed,
    /// Stopped by `disconnect()`, or no shape URL is set.
    Paused,
}

/// The write path's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UploadStatus {
    /// What it is doing.
    pub phase: UploadPhase,
    /// When the next attempt is due, while `phase` is `waiting`.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub retry_at: Option<Millis>,
    /// Failed attempts in a row.
    pub attempts: u32,
    /// The last failure; gone after the next success.
    pub error: Option<ErrorReport>,
}

/// See [`UploadStatus::phase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum UploadPhase {
    /// Nothing is queued.
    Idle,
    /// A POST is on its way.
    Sending,
    /// The last POST failed, or a transaction that failed alone is to go again; the next attempt is timed.
    Waiting,
    /// Stopped until the app acts: see the error.
    Failed,
    /// Stopped by `disconnect()`, or no write URL is set.
    Paused,
}
