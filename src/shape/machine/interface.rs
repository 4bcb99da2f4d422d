//! What the engine says to a [`Machine`](super::Machine) and hears from it.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ids::{Handle, Lsn, Millis};
use crate::shape::definition::Fingerprint;
use crate::shape::headers::ResponseHeaders;
use crate::shape::message::Message;
use crate::shape::offset::Offset;
use crate::shape::protocol::EXPIRED_HANDLES;

/// A place in one log: what the next request continues from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The log.
    pub handle: Handle,
    /// The `electric-offset` of the last answer whose rows are stored, never one taken from a message (trap 2).
    pub offset: Offset,
}

/// Which rows a position speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Generation {
    /// The rows that readers see.
    #[default]
    Current,
    /// Rows loading beside them, invisible until their log is up to date. So do the first ones.
    Next,
}

/// All of a machine that outlives it. The store keeps it as it comes, in the transaction of the rows it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// The definition that the rows belong to; another one's position is void (trap 50).
    pub definition: Fingerprint,
    /// Absent before the first rows of a log.
    pub position: Option<Position>,
    /// The rows that `position` covers. `Next` means that a first load or a refetch is under way.
    #[serde(default)]
    pub generation: Generation,
    /// Logs known to be dead, the latest last: an answer that names one comes from a cache.
    #[serde(default)]
    pub expired: Vec<Handle>,
    /// When the rows were last up to date.
    #[serde(default)]
    pub synced_at: Option<Millis>,
}

impl Stored {
    pub(super) fn new(definition: Fingerprint) -> Self {
        Self {
            definition,
            position: None,
            // The first log too: readers never see a part of it.
            generation: Generation::Next,
            expired: Vec::new(),
            synced_at: None,
        }
    }

    pub(super) fn expire(&mut self, handle: Handle) {
        self.expired.retain(|known| *known != handle);
        self.expired.push(handle);
        let excess = self.expired.len().saturating_sub(EXPIRED_HANDLES);
        self.expired.drain(..excess);
    }
}

/// Numbers the requests of one machine, from 1; the answer comes back with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Attempt(pub u64);

/// What happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// The app wants the shape synced: after opening, or again after a failure.
    Start,
    /// The headers of an answer are in, its body is not. Optional: it lets the next chunk load meanwhile.
    ResponseHead {
        /// Of the request.
        attempt: Attempt,
        /// The HTTP status.
        status: u16,
        /// The headers.
        headers: &'a ResponseHeaders,
    },
    /// An answer is complete. Status 0 stands for a redirect that the browser does not show.
    Response {
        /// Of the request.
        attempt: Attempt,
        /// The HTTP status.
        status: u16,
        /// The headers.
        headers: &'a ResponseHeaders,
        /// The body; the batch borrows from it.
        body: &'a str,
    },
    /// A request ended without an answer.
    Failed {
        /// Of the request.
        attempt: Attempt,
        /// Why.
        failure: FetchFailure,
    },
    /// The transaction of the last [`Step::Apply`] or [`Step::Refetch`] committed.
    Committed,
    /// It did not. An error that a retry can cure is retried, any other stops the machine.
    CommitFailed(Error),
    /// The moment of the last [`Step::Wait`] came. Early and superseded timers do no harm.
    Timer,
    /// Look now: the computer woke, the network or the tab came back, a write was accepted.
    Refresh,
    /// Read everything again: the app asked, or the store found rows missing. In place of `Committed` too.
    Refetch,
    /// Stop asking.
    Pause,
    /// The last reason to pause is gone.
    Resume,
    /// The request headers are fresh, after an [`Error::Auth`].
    HeadersChanged,
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchFailure {
    /// No connection, or it broke.
    Network,
    /// Silent for longer than [`ShapeRequest::timeout_ms`].
    Timeout,
    /// Cancelled, but not by us.
    Aborted,
    /// Not sent: what the app adds to a request could not be had, or is nothing that may be added. Or not to be sent again as it is: its
    /// answer was given up.
    Unsent(Error),
}

/// What to do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<'a> {
    /// Send a GET with `cache: "no-store"`, report its end under the same attempt.
    Fetch(ShapeRequest),
    /// Cancel the request and forget it, its held answer included. Whatever it still reports is ignored.
    Abort(Attempt),
    /// Report [`Event::Timer`] at this moment; replaces the timer before.
    Wait {
        /// When.
        until: Millis,
    },
    /// Store these rows and [`Batch::stored`] in one transaction, then report [`Event::Committed`].
    Apply(Batch<'a>),
    /// Discard a half-built next generation, begin an empty one, store [`Refetch::stored`], report
    /// [`Event::Committed`]. Rows that readers see, and pending writes, stay.
    Refetch(Refetch),
    /// Keep this answer, its turn comes later: [`Step::Release`] or [`Step::Abort`] follows.
    Hold(Attempt),
    /// Report the held answer again.
    Release(Attempt),
    /// Tell the app. The machine rests until it hears one of `Start`, `Refresh`, `Refetch`, `HeadersChanged`.
    Fail(Error),
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeRequest {
    /// Its number.
    pub attempt: Attempt,
    /// Complete, with its query.
    pub url: String,
    /// Whether the server holds it until something happens.
    pub live: bool,
    /// Abort and report [`FetchFailure::Timeout`] when nothing arrives (headers, then bytes) for so many milliseconds.
    pub timeout_ms: u64,
}

/// The rows of one answer, and the position that covers them.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<'a> {
    /// The request. One greater than [`Machine::last_attempt`](super::Machine::last_attempt) at some moment began
    /// after that moment.
    pub attempt: Attempt,
    /// To be applied in order. An `up-to-date` among them that is not the last has no meaning.
    pub messages: Vec<Message<'a>>,
    /// What `messages` was read from.
    pub body: &'a str,
    /// The columns as JSON, of non-live answers. May change under the same handle (trap 25).
    pub schema: Option<&'a str>,
    /// Where the rows go. The swap is due when this is `Next` and the batch is up to date: see [`Batch::swaps`].
    pub generation: Generation,
    /// Present when the body ended at the head: publish.
    pub up_to_date: Option<UpToDate>,
    /// To be stored with the rows.
    pub stored: Stored,
}

impl Batch<'_> {
    /// Whether the next generation is complete with this batch and replaces the rows that readers see, as a diff.
    pub fn swaps(&self) -> bool {
        self.generation == Generation::Next && self.stored.generation == Generation::Current
    }
}

/// The body ended at the head of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpToDate {
    /// Everything strictly below is here; a hint with holes (section 7.4). Absent on a 204.
    pub global_last_seen_lsn: Option<Lsn>,
}

/// The log is void; another is read into the next generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refetch {
    /// Why.
    pub reason: RefetchReason,
    /// The log that ended, if the server ended it.
    pub expired: Option<Handle>,
    /// The log to read instead, if the server named it.
    pub suggested: Option<Handle>,
    /// To be stored.
    pub stored: Stored,
}

/// See [`Refetch::reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefetchReason {
    /// A 409.
    MustRefetch,
    /// The log is shorter than our offset: the server lost its storage or is another one (trap 24).
    OutOfBounds,
    /// The answer is of another log than the one asked for.
    HandleChanged,
    /// The stored rows belong to another definition.
    DefinitionChanged,
    /// [`Event::Refetch`].
    Requested,
}

/// What the machine is doing, for a status display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not started.
    Idle,
    /// Reading a log from its start.
    Loading,
    /// Reading what was missed.
    CatchingUp,
    /// Up to date, waiting for changes.
    Live,
    /// Something failed; the next attempt is timed.
    Waiting,
    /// Stopped until the app acts.
    Failed,
    /// Stopped on request.
    Paused,
}
