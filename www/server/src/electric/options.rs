//! How the model is set up.

use serde::Deserialize;

/// How the model is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Size at which a chunk ends: 10 MiB.
    pub chunk_bytes: usize,
    /// How long a live request is held: 20 s.
    pub long_poll_ms: u64,
    /// Where the WAL begins.
    pub first_lsn: u64,
    /// The first transaction id, 64 bits wide; the log carries its lower 32.
    pub first_xid: u64,
    /// How many shapes there may be; one more ends the least recently used. No limit by default.
    pub max_shapes: Option<usize>,
    /// Whether DELETE ends shapes; otherwise it is a 405.
    pub allow_delete: bool,
    /// How many transactions a shape may buffer during a move-in before it ends.
    pub subquery_buffer_transactions: usize,
    /// Requests without a known handle that may be in progress: 300.
    pub max_initial_requests: usize,
    /// Requests with a known handle that may be in progress: 10 000.
    pub max_existing_requests: usize,
    /// Whether a snapshot's end promises one more chunk, which turns out empty: a `[]` that is not up to date, as when
    /// the snapshot is read while it is being produced (section 4).
    pub empty_last_chunk: bool,
    /// What the service is behind with from the start, until a restart.
    pub lag: Lag,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chunk_bytes: 10 * 1024 * 1024,
            long_poll_ms: 20_000,
            first_lsn: 0x0180_0000,
            first_xid: 740,
            max_shapes: None,
            allow_delete: false,
            subquery_buffer_transactions: 1_000,
            max_initial_requests: 300,
            max_existing_requests: 10_000,
            empty_last_chunk: false,
            lag: Lag::default(),
        }
    }
}

/// What the service is behind with until the flag is taken back (section 7.4, holes 1 and 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Lag {
    /// Transactions of more than 100 changes, and what follows them, move `global_last_seen_lsn` and are not readable.
    pub fragments: bool,
    /// Move-ins wait for their query; the shapes concerned buffer transactions meanwhile.
    pub moves: bool,
}
