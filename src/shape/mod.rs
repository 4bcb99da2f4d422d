//! Electric's read path, without I/O.
//!
//! | module | holds |
//! |---|---|
//! | [`machine`] | what to do next: the state machine of one shape, its rules in `SPEC.md` beside it |
//! | [`definition`] | what a shape is, and the URL of each request |
//! | [`headers`], [`message`], [`snapshot`] | what an answer says |
//! | [`moment`] | what several shapes can show together |
//! | [`subset`] | rows loaded beside a log that starts without any |
//! | [`tags`] | why a row is in a subquery shape |
//! | [`offset`] | positions in a log and their order |
//! | [`protocol`] | every name and number of the protocol, once |
//!
//! A whole cold start, from two recorded answers of a real server:
//!
//! ```
//! use throughline::ids::Millis;
//! use throughline::shape::{Event, Machine, ResponseHeaders, ShapeDefinition, Step};
//!
//! let recorded = [
//!     include_str!("../../tests/fixtures/recordings/01-initial-offset-minus1.http"),
//!     include_str!("../../tests/fixtures/recordings/02-catchup-at-returned-offset.http"),
//! ];
//! let definition = ShapeDefinition::of_table("/v1/shape", "todos");
//! let (mut shape, mut rng, now) = (Machine::open(definition, None), fastrand::Rng::with_seed(1), Millis(0));
//!
//! let mut rows = 0;
//! let mut urls = Vec::new();
//! let mut steps = shape.handle(now, &mut rng, Event::Start);
//! for text in recorded {
//!     let [Step::Fetch(request)] = &steps[..] else { panic!("{steps:?}") };
//!     urls.push(request.url.clone());
//!     let (head, body) = text.split_once("\r\n\r\n").or(text.split_once("\n\n")).unwrap_or_default();
//!     let headers = ResponseHeaders::new(head.lines().filter_map(|line| line.split_once(':')));
//!     let answer = Event::Response { attempt: request.attempt, status: 200, headers: &headers, body };
//!     let applied = shape.handle(now, &mut rng, answer);
//!     let [Step::Apply(batch)] = &applied[..] else { panic!("{applied:?}") };
//!     // One SQLite transaction: the rows, and `batch.stored` beside them.
//!     rows += batch.messages.len();
//!     steps = shape.handle(now, &mut rng, Event::Committed);
//! }
//! let [Step::Fetch(request)] = &steps[..] else { panic!("{steps:?}") };
//! assert!(request.live, "up to date, so the next request is held by the server");
//! assert_eq!(rows, 4); // two rows, snapshot-end, up-to-date
//! assert_eq!(urls, [
//!     "/v1/shape?log=full&offset=-1&table=todos",
//!     "/v1/shape?handle=98593601-1795342140699778&log=full&offset=0_0&table=todos",
//! ]);
//! ```

pub mod definition;
pub mod headers;
pub mod machine;
pub mod message;
pub mod moment;
pub mod offset;
pub mod protocol;
pub mod snapshot;
pub mod subset;
pub mod tags;

pub use definition::{Fingerprint, Log, Replica, RequestParams, ShapeDefinition};
pub use headers::ResponseHeaders;
pub use machine::{Attempt, Event, Machine, Phase, Step, Stored};
pub use message::Message;
pub use offset::{Offset, RequestOffset};
pub use snapshot::Snapshot;
pub use tags::RowTags;
