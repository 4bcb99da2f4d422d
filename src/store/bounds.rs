//! What a connection is held to: how durable its commits are, how long a statement of the app may run.

use std::sync::{Arc, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::session::Session;
use crate::error::{Error, Result};
use crate::ids::Millis;

/// How much of a commit waits for the disk: `PRAGMA synchronous`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// Checkpoints wait, commits do not.
    Normal,
    /// Every commit waits.
    #[default]
    Full,
}

impl Level {
    /// The statement that sets it.
    pub fn pragma(self) -> &'static str {
        match self {
            Self::Normal => "PRAGMA synchronous = NORMAL",
            Self::Full => "PRAGMA synchronous = FULL",
        }
    }
}

/// One a connection.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    /// `None`: there is no write-ahead log, and the level stays as it was set.
    level: Option<Level>,
    app_level: Level,
    commits: u64,
    clock: Option<fn() -> Millis>,
    limit_ms: u64,
    deadline: Option<Millis>,
}

impl Session {
    fn bounds(&self) -> MutexGuard<'_, Bounds> {
        self.bounds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on commits of the app are durable to this level; the connection is at [`Level::Full`].
    pub fn choose_levels(&self, app: Level) {
        let mut bounds = self.bounds();
        bounds.level = Some(Level::Full);
        bounds.app_level = app;
    }

    /// The level of the app's own writes.
    pub fn app_level(&self) -> Level {
        self.bounds().app_level
    }

    /// Whether nothing has to be set for it.
    pub fn is_at(&self, level: Level) -> bool {
        self.bounds().level.is_none_or(|current| current == level)
    }

    /// The connection was set to it.
    pub fn set_level(&self, level: Level) {
        self.bounds().level = Some(level);
    }

    /// From now on a statement of the app is interrupted after so many milliseconds; 0: never.
    pub fn set_limit(&self, ms: u64) {
        self.bounds().limit_ms = ms;
    }

    /// The app's statement begins.
    pub(super) fn start_limit(&self) {
        let mut bounds = self.bounds();
        let limit = bounds.limit_ms;
        let clock = bounds.clock.filter(|_| limit > 0);
        bounds.deadline = clock.map(|clock| clock().after(limit));
    }

    /// It is over.
    pub(super) fn end_limit(&self) {
        self.bounds().deadline = None;
    }

    fn is_over_time(&self) -> bool {
        let bounds = self.bounds();
        let reached = |clock: fn() -> Millis| bounds.deadline.is_some_and(|due| clock() >= due);
        bounds.clock.is_some_and(reached)
    }

    /// What the app is told of it.
    pub(super) fn timed_out(&self) -> Error {
        let limit = self.bounds().limit_ms;
        Error::Timeout(format!(
            "the statement was interrupted: it had run for {limit} ms, which is as long as it may"
        ))
    }

    /// Counts a commit.
    pub fn committed(&self) {
        self.bounds().commits += 1;
    }

    /// Commits so far.
    pub fn commits(&self) -> u64 {
        self.bounds().commits
    }
}

/// Looks at the clock after so many instructions of SQLite's: in a browser some tenths of a millisecond.
const INSTRUCTIONS: i32 = 10_000;

/// Lets statements of the app be interrupted; those of sync never are.
///
/// A statement that reads leaves all as it was. Of one that writes SQLite takes back the whole transaction, the interactive one that
/// it was in with it (<https://sqlite.org/c3ref/interrupt.html>).
pub fn limit_statements(
    conn: &mut Connection,
    session: Arc<Session>,
    clock: fn() -> Millis,
) -> Result<()> {
    session.bounds().clock = Some(clock);
    Ok(conn.progress_handler(INSTRUCTIONS, Some(move || session.is_over_time()))?)
}
