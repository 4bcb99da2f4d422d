//! The embedded Electric: a pure model of a Postgres with an Electric sync service in front of it.
//!
//! No I/O, no clock, no randomness, no async: time and entropy are arguments. The demo serves it over HTTP, native
//! tests and simulations call [`Electric::respond`] directly. It is held to recorded responses of the real service
//! by `tests/contract`.
//!
//! Modelled, by section of the protocol notes:
//!
//! | section | where |
//! |---|---|
//! | 2 methods, POST bodies, DELETE | `request`, `post`, `delete`, `admission` |
//! | 3 parameters and conditions | `request`, `definition`, `filter_parser`, `filter` |
//! | 4 offsets, chunks | `offset`, `snapshot`, `shape` |
//! | 5, 6, 13 headers, statuses, caching | `constants`, `response`, `answer`, `cursor` |
//! | 6 failures of the service, limits | `service`, `admission`, [`Options`] |
//! | 7 messages, `last`, positions, merged updates | `message`, `shape`, `delivery`, `compaction` |
//! | 8 flows: cold start, catch-up, long poll, `offset=now` | `answer` |
//! | 9 must-refetch on TRUNCATE, ALTER, unknown handle, eviction, DELETE, restarts, lost slots | `schema_change`, `service` |
//! | 10 subset snapshots | `subset`, `subset_answer` |
//! | 11 subqueries: tags, move-out, move-in | `subquery`, `plan`, `moves` |
//! | 12 types and their text | `types`, `canonical` and the modules it names |
//!
//! What the service is behind with can be set, see [`Lag`]; tables of any size come from [`Electric::fill`].
//!
//! Deliberately not modelled: server-sent events (a 400 that says so), tables without a primary key, secrets,
//! functions and casts of columns in conditions, `IN` over several columns, the missing parentheses around
//! a `where` with OR that a subset is added to, collations other than `C`. Types that the model knows by name only
//! ([`PgType::Named`], [`PgType::Array`]) keep the text they are given. Tags are hashes of the same form as the
//! service's MD5, not the same hashes.
//!
//! ```
//! use throughline_server::electric::*;
//!
//! let mut electric = Electric::new(Options::default());
//! electric.create_table(Table::new("items", &["id"], [
//!     Column::new("id", PgType::Int4),
//!     Column::new("done", PgType::Bool).not_null(),
//! ]));
//! let now = Micros(1_795_342_140_000_000);
//! electric.transaction(now, |tx| tx.insert("items", row([("id", "1"), ("done", "true")])))?;
//!
//! let first = ShapeRequest::get("/v1/shape?table=items&offset=-1");
//! let Answer::Respond(snapshot) = electric.respond(now, 7, &first, WaitState::Arrived) else {
//!     unreachable!("the snapshot is never held")
//! };
//! assert_eq!(snapshot.header("electric-offset"), Some("0_0"));
//! assert!(snapshot.body.contains(r#""done":"true""#));
//!
//! let handle = snapshot.header("electric-handle").unwrap_or_default();
//! let live = ShapeRequest::get(&format!("table=items&offset=0_inf&live=true&handle={handle}"));
//! assert_eq!(electric.respond(now, 7, &live, WaitState::Arrived), Answer::Hold { until_ms: 20_000 });
//!
//! electric.transaction(now, |tx| tx.update("items", &row([("id", "1")]), row([("done", "false")])))?;
//! let Answer::Respond(news) = electric.respond(now, 7, &live, WaitState::Held) else {
//!     unreachable!("a commit ends the wait")
//! };
//! assert!(news.body.contains(r#""done":"f""#));
//! # Ok::<(), ChangeError>(())
//! ```

mod admission;
mod answer;
mod canonical;
mod compaction;
pub mod constants;
mod cursor;
mod database;
mod definition;
mod delete;
mod delivery;
mod fill;
mod fill_text;
mod filter;
mod filter_lexer;
mod filter_parser;
mod heap;
mod json_text;
mod jsonb;
mod message;
mod moves;
mod numeric;
mod offset;
mod options;
mod plan;
mod post;
mod request;
mod response;
mod schema_change;
mod service;
mod shape;
mod sight;
mod snapshot;
mod subquery;
mod subset;
mod subset_answer;
mod table;
mod time;
mod transaction;
mod type_name;
mod types;

pub use admission::Admission;
pub use answer::{Answer, WaitState};
pub use canonical::{NotOfType, canonical};
pub use database::{Electric, Staged};
pub use definition::ShapeParams;
pub use offset::{Offset, Position};
pub use options::{Lag, Options};
pub use request::{Method, ShapeRequest};
pub use response::Response;
pub use service::{Condition, Loss};
pub use shape::Opened;
pub use table::{Alter, Column, ColumnDefault, Row, Table, row};
pub use time::Micros;
pub use transaction::{ChangeError, Committed, Op, Transaction};
pub use type_name::TypeName;
pub use types::PgType;

#[cfg(test)]
mod tests;
