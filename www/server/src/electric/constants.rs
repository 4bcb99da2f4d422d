//! Every name and fixed text of the protocol, once (protocol sections 2, 3, 5, 6 and 13).

/// The service and version whose behaviour is modelled, as `electric-server` tells it.
pub const SERVER_VERSION: &str = "ElectricSQL/1.7.12";

/// Schema of every modelled table.
pub const DEFAULT_SCHEMA: &str = "public";

/// Response headers.
pub mod header {
    /// Names the log.
    pub const HANDLE: &str = "electric-handle";
    /// The next offset to ask for.
    pub const OFFSET: &str = "electric-offset";
    /// The columns, JSON.
    pub const SCHEMA: &str = "electric-schema";
    /// Present when the body ends at the head of the log.
    pub const UP_TO_DATE: &str = "electric-up-to-date";
    /// To be sent back by the next live request.
    pub const CURSOR: &str = "electric-cursor";
    /// `false` only for a held poll that timed out and for `offset=now`.
    pub const HAS_DATA: &str = "electric-has-data";
    /// The service and its version.
    pub const SERVER: &str = "electric-server";
    /// `true` on failures the service expects, such as a 503.
    pub const KNOWN_ERROR: &str = "electric-internal-known-error";
    /// `true` on subset snapshots.
    pub const SNAPSHOT: &str = "electric-snapshot";
    /// Entity tag.
    pub const ETAG: &str = "etag";
    /// Cache rule for clients and shared caches.
    pub const CACHE_CONTROL: &str = "cache-control";
    /// Cache rule for surrogates, on errors.
    pub const SURROGATE_CONTROL: &str = "surrogate-control";
    /// Media type.
    pub const CONTENT_TYPE: &str = "content-type";
    /// What a cached answer depends on.
    pub const VARY: &str = "vary";
    /// Seconds to wait before the next try.
    pub const RETRY_AFTER: &str = "retry-after";
    /// CORS: who may read.
    pub const ALLOW_ORIGIN: &str = "access-control-allow-origin";
    /// CORS: which headers may be read.
    pub const EXPOSE_HEADERS: &str = "access-control-expose-headers";
    /// CORS: which methods may be used.
    pub const ALLOW_METHODS: &str = "access-control-allow-methods";
    /// CORS: how long a preflight holds.
    pub const MAX_AGE: &str = "access-control-max-age";
}

/// Query parameters; any other is ignored.
pub mod param {
    /// The root table.
    pub const TABLE: &str = "table";
    /// Position in the log.
    pub const OFFSET: &str = "offset";
    /// The log's name.
    pub const HANDLE: &str = "handle";
    /// Hold the request until there is news.
    pub const LIVE: &str = "live";
    /// Server-sent events; not modelled.
    pub const LIVE_SSE: &str = "live_sse";
    /// Old name of `live_sse`.
    pub const EXPERIMENTAL_LIVE_SSE: &str = "experimental_live_sse";
    /// Cursor of the last live response.
    pub const CURSOR: &str = "cursor";
    /// Row filter.
    pub const WHERE: &str = "where";
    /// Parameters of the filter, as `params[1]`.
    pub const PARAMS: &str = "params";
    /// Selected columns.
    pub const COLUMNS: &str = "columns";
    /// What `columns` and subsets may name.
    pub const QUERYABLE_COLUMNS: &str = "queryable_columns";
    /// `default` or `full`.
    pub const REPLICA: &str = "replica";
    /// `full` or `changes_only`.
    pub const LOG: &str = "log";
    /// What the parameters of a subset snapshot begin with in a query, and their object in a body.
    pub const SUBSET_PREFIX: &str = "subset__";
    /// The object of a body that holds a subset's parameters.
    pub const SUBSET: &str = "subset";
}

/// Parameters of a subset snapshot, as a body names them (section 10).
pub mod subset {
    /// Row filter, added to the shape's.
    pub const WHERE: &str = "where";
    /// Parameters of that filter, an object.
    pub const PARAMS: &str = "params";
    /// Most rows.
    pub const LIMIT: &str = "limit";
    /// Rows left out before the first.
    pub const OFFSET: &str = "offset";
    /// Columns to sort by.
    pub const ORDER_BY: &str = "order_by";
    /// All of them; the last two are for proxies and change nothing.
    pub const ALL: [&str; 7] = [
        WHERE,
        PARAMS,
        LIMIT,
        OFFSET,
        ORDER_BY,
        "where_expr",
        "order_by_expr",
    ];
}

/// Values of `cache-control` (section 13).
pub mod cache {
    /// `offset=-1`.
    pub const INITIAL: &str =
        "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746";
    /// Non-live, any other offset.
    pub const CATCH_UP: &str = "public, max-age=60, stale-while-revalidate=300";
    /// Live long-poll.
    pub const LIVE: &str = "public, max-age=5, stale-while-revalidate=5";
    /// 409 that names the new handle.
    pub const MUST_REFETCH: &str = "public, max-age=60, must-revalidate";
    /// 409 without a handle.
    pub const MUST_REFETCH_NO_HANDLE: &str = "public, max-age=1, must-revalidate";
    /// Other errors, and answers to writes.
    pub const NO_STORE: &str = "no-store";
    /// Methods that are not cached, and subset snapshots.
    pub const NOT_GET: &str = "no-cache";
    /// Health checks.
    pub const HEALTH: &str = "no-cache, no-store, must-revalidate";
}

/// Seconds in `retry-after` of expected failures (section 6).
pub mod retry_after {
    /// The service is starting.
    pub const NOT_READY: u32 = 5;
    /// A snapshot failed.
    pub const SNAPSHOT: u32 = 10;
    /// Postgres cannot be reached.
    pub const DATABASE: u32 = 10;
    /// A shape cannot be created here.
    pub const READ_ONLY: u32 = 1;
    /// The least on overload.
    pub const OVERLOAD: u32 = 6;
    /// How many values it can have on overload.
    pub const OVERLOAD_SPREAD: u64 = 5;
}

/// Media type of every body.
pub const JSON: &str = "application/json; charset=utf-8";
/// Methods of `/v1/shape`.
pub const SHAPE_METHODS: &str = "GET, POST, HEAD, DELETE, OPTIONS";
/// Methods of `/v1/health`.
pub const HEALTH_METHODS: &str = "GET, HEAD";
/// Headers that CORS lets a script read.
pub const EXPOSED_HEADERS: &str = "electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,electric-up-to-date,electric-internal-known-error,retry-after";
/// Seconds that a preflight answer holds.
pub const PREFLIGHT_MAX_AGE: &str = "86400";

/// Body of every 409.
pub const MUST_REFETCH_BODY: &str = r#"[{"headers":{"control":"must-refetch"}}]"#;
/// `message` of every 400.
pub const INVALID_REQUEST: &str = "Invalid request";
/// Most bytes of a POST body.
pub const MAX_BODY_BYTES: usize = 8_000_000;
/// Most bytes of a query string.
pub const MAX_QUERY_BYTES: usize = 10_000;
/// Most bytes of a condition.
pub const MAX_CLAUSE_BYTES: usize = 65_535;
/// Why a position past the end of the log is refused.
pub const OUT_OF_BOUNDS: &str = "out of bounds for this shape";
/// Changes that the service processes as one fragment of a transaction (section 7.1, `last`).
pub const FRAGMENT_CHANGES: usize = 100;
