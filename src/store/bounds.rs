//! What a connection is held to: how durable its commits are, how long a statement of the app may run.

use std::sync::{MutexGuard, PoisonError};

use super::session::Session;

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

    /// Counts a commit.
    pub fn committed(&self) {
        self.bounds().commits += 1;
    }

    /// Commits so far.
    pub fn commits(&self) -> u64 {
        self.bounds().commits
    }
}
