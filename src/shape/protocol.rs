//! Every name and number of the shape protocol, once.
//!
//! Source of the values: Electric's HTTP API (query parameters, response headers, control messages) and the timing
//! that its own TypeScript client uses.

/// Query parameters.
pub mod param {
    /// `t` or `schema.t`, parts quoted as needed.
    pub const TABLE: &str = "table";
    /// Comma-separated identifiers, quoted as needed.
    pub const COLUMNS: &str = "columns";
    /// A SQL boolean expression.
    pub const WHERE: &str = "where";
    /// The deep-object prefix of `params[1]`, `params[2]`, …
    pub const PARAMS: &str = "params";
    /// `default` or `full`.
    pub const REPLICA: &str = "replica";
    /// `full` or `changes_only`; always sent.
    pub const LOG: &str = "log";
    /// `-1`, `now`, `N_M` or `N_inf`.
    pub const OFFSET: &str = "offset";
    /// Names the log that `offset` belongs to.
    pub const HANDLE: &str = "handle";
    /// Present with the value `true` on a long poll, absent otherwise.
    pub const LIVE: &str = "live";
    /// The other live mode; never sent, reserved.
    pub const LIVE_SSE: &str = "live_sse";
    /// The last `electric-cursor`; live requests only.
    pub const CURSOR: &str = "cursor";
    /// The handle a 409 ended; ignored by the server, keeps caches apart.
    pub const EXPIRED_HANDLE: &str = "expired_handle";
    /// A random value; ignored by the server, reaches past a cache.
    pub const CACHE_BUSTER: &str = "cache-buster";

    /// What only a request may set: never part of a definition, never taken over from its URL.
    pub const OF_THE_REQUEST: [&str; 7] = [
        OFFSET,
        HANDLE,
        LIVE,
        LIVE_SSE,
        CURSOR,
        EXPIRED_HANDLE,
        CACHE_BUSTER,
    ];
    /// The part of a shape's identity that a definition has a field for.
    pub const OF_THE_DEFINITION: [&str; 6] = [TABLE, COLUMNS, WHERE, PARAMS, REPLICA, LOG];
}

/// Response headers, in lower case.
pub mod header {
    /// Names the log of the body.
    pub const HANDLE: &str = "electric-handle";
    /// Where the next request continues.
    pub const OFFSET: &str = "electric-offset";
    /// Column types as JSON; non-live answers only.
    pub const SCHEMA: &str = "electric-schema";
    /// Present, and empty, when the body ends at the head of the log.
    pub const UP_TO_DATE: &str = "electric-up-to-date";
    /// To be sent back on the next live request.
    pub const CURSOR: &str = "electric-cursor";
    /// Seconds, or an HTTP date.
    pub const RETRY_AFTER: &str = "retry-after";
    /// Tells a login page from a shape log.
    pub const CONTENT_TYPE: &str = "content-type";
}

/// Values of `headers.control`.
pub mod control {
    /// The body ends at the head of the log.
    pub const UP_TO_DATE: &str = "up-to-date";
    /// The only message of a 409.
    pub const MUST_REFETCH: &str = "must-refetch";
    /// Ends the rows of a snapshot and says which transactions they contain.
    pub const SNAPSHOT_END: &str = "snapshot-end";
}

/// Values of `headers.event`.
pub mod event {
    /// A tag became true for the rows that carry it.
    pub const MOVE_IN: &str = "move-in";
    /// A tag became false for the rows that carry it.
    pub const MOVE_OUT: &str = "move-out";
}

/// `offset`: before everything.
pub const OFFSET_BEFORE_ALL: &str = "-1";
/// `offset`: only the position of the head, no rows.
pub const OFFSET_NOW: &str = "now";
/// The operation number that is larger than all others.
pub const OFFSET_INFINITY: &str = "inf";
/// The words by which a 400 says that the log is shorter than the offset.
pub const OUT_OF_BOUNDS: &str = "out of bounds for this shape";

/// How long a live request may stay silent: well above the 20 s that the server holds it.
pub const LIVE_TIMEOUT_MS: u64 = 45_000;
/// How long any other request may stay silent: an offset out of bounds is held for 10 s, a first snapshot for longer.
pub const CATCH_UP_TIMEOUT_MS: u64 = 120_000;

/// The most transactions that a snapshot can have been taken in the middle of.
pub const MAX_IN_PROGRESS: usize = 100_000;
/// The longest handle or cursor that is sent back, in bytes.
pub const MAX_GOING_BACK: usize = 1_024;
/// The longest `retry-after` that is honoured.
pub const RETRY_AFTER_CAP_MS: u64 = 3_600_000;

/// This many requests for the same position …
pub const FAST_LOOP_REQUESTS: usize = 5;
/// … within this time are a loop.
pub const FAST_LOOP_WINDOW_MS: u64 = 500;
/// First delay of a loop, doubled each time.
pub const FAST_LOOP_START_MS: u64 = 100;
/// Largest delay of a loop.
pub const FAST_LOOP_CAP_MS: u64 = 5_000;

/// Refetches that start at once; further ones are delayed like a loop.
pub const REFETCHES_AT_ONCE: u32 = 2;
/// A refetch after this much quiet counts as the first again.
pub const REFETCH_MEMORY_MS: u64 = 30_000;

/// Retries with a new cache-buster when a cache answers with a log known to be dead.
pub const STALE_RETRIES: u32 = 3;
/// How often a subset is asked for again because the log ended meanwhile.
pub const SUBSET_RETRIES: u32 = 5;
/// How long shapes that show their changes together are left to their own answers before all are asked.
pub const GROUP_ROUND_START_MS: u64 = 50;
/// The longest wait before they are asked again.
pub const GROUP_ROUND_CAP_MS: u64 = 5_000;
/// How many ended handles a shape remembers.
pub const EXPIRED_HANDLES: usize = 16;
/// Server errors in a row after which the message says that waiting may not help.
pub const PERSISTENT_FAILURES: u32 = 5;
