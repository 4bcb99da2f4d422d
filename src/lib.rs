//! SQLite in the browser, kept in step with Postgres through Electric, with **through-the-database sync**.
//!
//! The app reads and writes one ordinary table. Underneath, synced rows land in an immutable table, local writes
//! live in a shadow table, a view combines the two, `INSTEAD OF` triggers record each write in a change log, and the
//! log is posted to the app's API until every write is confirmed or rejected.
//!
//! ```text
//!  browser tab                       dedicated worker                                             server
//! ┌────────────┐ request / reply ┌───────────┐  Event   ┌───────────────────────────────┐
//! │ src/js     │ ──────────────► │ web       │ ───────► │ engine                        │
//! │ TypeScript │ ◄────────────── │ the shell │ ◄─────── │ decides; owns order and       │
//! │ no wasm    │  notification   │           │  Effect  │ transactions                  │
//! └────────────┘                 │ fetch     │          │  shape · optimistic · upload  │
//!   GET  <shape url> (Electric) ◄│ timers    │          │               │               │
//!   POST <write url> (your API) ◄│ locks     │          │               ▼               │
//!        workers of other tabs ◄►│ channels  │          │  store  →  rusqlite           │
//!                                │ OPFS      │          │                               │
//!                                └───────────┘          └───────────────────────────────┘
//! ```
//!
//! **The brain does no I/O.** [`engine::Engine::handle`] takes an event, the time and the randomness, and returns
//! effects; the shell performs them and feeds back what comes of it. So all of sync runs in `cargo test`, and one
//! seed replays a whole world.
//!
//! # Modules, in the order data flows
//!
//! | module | holds |
//! |---|---|
//! | [`ids`], [`error`], [`value`], [`change`], [`backoff`] | newtypes; one error enum with stable codes; the spellings of a value; the words of the write path; delays between attempts |
//! | [`schema`] | table declarations → names, quoting, DDL text |
//! | [`shape`] | Electric's read path: request, headers, messages, state machine |
//! | [`optimistic`] | the fold of pending intents over a synced row; what confirms a write, what a rejection takes along |
//! | [`upload`] | the write path: batching, coalescing, wire body, verdicts, retry state |
//! | [`tabs`] | what a page and the worker say to each other; which tab's worker has the database |
//! | [`store`] | SQLite: migrations, apply, change log, queries |
//! | [`engine`] | events in, effects out; the only caller of `store`, alone begins transactions |
//! | `web` | wasm only: the exported class, fetch, timers, locks, channels, OPFS |
//!
//! # Glossary
//!
//! * **synced table** `<t>_synced`: the server's rows; only sync writes there.
//! * **shadow table** `<t>_local`: the whole merged row for every key with pending intents.
//! * **view** `<t>`: synced rows that no shadow row hides, then shadow rows.
//! * **intent**: one row of the **change log** `_throughline_changes`: what a write did to one row.
//! * **local transaction**: the intents that were committed together; sent, accepted and rejected as one.
//! * **write id**: names an intent; comes back in the synced row's `write_id` column.
//! * **accepted**: the server has it. **Confirmed**: it came back through the shape, so shadow and intents are gone.
//!   **Rejected**: the server refused it; its intents are in the journal and its rows are folded without them.
//! * **park**: to set a transaction aside that the server fails at; the rest of the queue flows around it.
//! * **ledger**: a table of the server with a row for each transaction of a client, written in that very transaction.
//! * **staged rows**: a log that loads beside the rows readers see, until it is complete and takes their place.
//! * **member**: a row that a shape holds; kept where a table has several shapes, tags or subsets.
//! * **subset**: rows of a `changes_only` shape, loaded where they are wanted. **Group**: shapes that show their changes at
//!   one moment of the server.
//! * **salvage**: what could be read of a broken file; a **rescue** takes it over into the next one, see [`engine::files`].
//! * **leader**: the tab whose worker has the file and the engine. **Follower**: any other; it asks the leader. **Term**: for one
//!   follower, the time from a leader's welcome to the next one.
//! * **guest**: a tab that opens the database without options of its own, as an inspector's page does; it leads only where nobody else
//!   is.
//! * **trace**: what an engine heard and said, to be played again, see [`engine::Trace`].
//! * **rescue**: what can be read of a broken file, the **salvage**, goes into a fresh one.
//! * **shape**, **handle**, **offset**, **up-to-date**, **must-refetch**: Electric's own terms, see [`shape`].
//!
//! # Invariants
//!
//! 1. `shadow(k) = fold(synced(k), pending intents of k in order)`, and there is a shadow row exactly for keys with
//!    pending intents. `verify()` recomputes it.
//! 2. Rows and the offset that covers them commit in one transaction.
//! 3. A local write, its shadow row and its intents commit in one transaction.
//! 4. Only a confirmation, a rejection or a later edit that contains it ([`upload::coalesced`]) removes an intent from the
//!    log; only the app removes it from the journal.
//! 5. The visible rows of a shape are the server's at one moment, and so are those of a group of shapes.
//! 6. A transaction keeps its idempotency key for life, and a number is never used twice.
//! 7. A write that may be asked for again commits together with the reply to it ([`store::requests`]): whoever leads next knows that it
//!    happened.
//! 7. A write that has resolved is on the disk, and so is everything that leaves the device (`durability: "relaxed"` gives up the
//!    first half for power cuts).
//! 8. A broken file costs a reload and no write that can still be read of it; it is left as it is.
#![warn(missing_docs)]

pub mod backoff;
pub mod change;
pub mod engine;
pub mod error;
pub mod ids;
mod json;
pub mod optimistic;
pub mod schema;
pub mod shape;
pub mod store;
pub mod tabs;
pub mod upload;
pub mod value;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod web;
