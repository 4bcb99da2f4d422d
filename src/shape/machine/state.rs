//! What a machine remembers: its state, and what it knows only while it runs.

use super::guard::{RefetchGuard, RepeatGuard};
use super::interface::{Attempt, Position, RefetchReason, Stored};
use crate::backoff::{Backoff, Span};
use crate::error::Error;
use crate::ids::{Cursor, Handle, Millis};

/// Exactly one of these; each carries what only it needs.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Created, not started.
    Idle,
    /// A request is out.
    Requesting {
        current: Flight,
        /// The next chunk, asked for as soon as the headers of `current` were in.
        ahead: Option<Ahead>,
        /// A refresh came too late for `current` to count: one more non-live request before going live.
        again: bool,
    },
    /// The engine is storing something.
    Applying {
        pending: Pending,
        ahead: Option<Ahead>,
    },
    /// A timer is set.
    Waiting(Span),
    /// The app has to act.
    Failed,
    /// Stopped; the engine may still be storing something.
    Paused { pending: Option<Pending> },
}

/// A request that is out.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) attempt: Attempt,
    pub(super) position: Option<Position>,
    pub(super) live: bool,
    pub(super) begun: Millis,
}

/// A request for the chunk after the current one.
#[derive(Debug, Clone)]
pub(super) struct Ahead {
    pub(super) flight: Flight,
    /// Its answer came first; the engine keeps it.
    pub(super) held: bool,
}

/// What becomes true when the engine has committed.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) stored: Stored,
    pub(super) change: Change,
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    Rows {
        cursor: Option<Cursor>,
        up_to_date: bool,
        live: bool,
        again: bool,
    },
    NewLog(Due),
}

/// A refetch, decided and not yet stored.
#[derive(Debug, Clone)]
pub(super) struct Due {
    pub(super) reason: RefetchReason,
    pub(super) expired: Option<Handle>,
    pub(super) suggested: Option<Handle>,
    /// Before the new log is asked for.
    pub(super) delay_ms: Option<u64>,
}

impl From<RefetchReason> for Due {
    fn from(reason: RefetchReason) -> Self {
        Self {
            reason,
            expired: None,
            suggested: None,
            delay_ms: None,
        }
    }
}

impl Pending {
    /// A refresh came while this was being stored.
    pub(super) fn ask_again(&mut self) {
        match &mut self.change {
            Change::Rows { again, .. } => *again = true,
            Change::NewLog(_) => {}
        }
    }
}

/// Known while the machine runs, forgotten with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    pub(super) last_attempt: Attempt,
    /// The last batch stored was up to date, so the next request may be live.
    pub(super) at_head: bool,
    pub(super) cursor: Option<Cursor>,
    /// The log that a 409 named.
    pub(super) suggested: Option<Handle>,
    pub(super) cache_buster: Option<String>,
    /// To be done in place of the next request.
    pub(super) refetch: Option<Due>,
    pub(super) backoff: Backoff,
    /// The last failure was of a live request, so a catch-up that succeeds proves nothing.
    pub(super) live_failed: bool,
    /// No request before its end, whatever happens: the server's wish, or a loop's delay.
    pub(super) hold: Option<Span>,
    /// Answers in a row that only a cache can have given.
    pub(super) stale: u32,
    /// An expired handle was already forgiven.
    pub(super) healed: bool,
    /// 401 and 403 in a row.
    pub(super) refused: u32,
    pub(super) catch_ups: RepeatGuard,
    pub(super) polls: RepeatGuard,
    pub(super) refetches: RefetchGuard,
    pub(super) last_error: Option<Error>,
}
