//! Electric's read path, without I/O.
//!
//! | module | holds |
//! |---|---|
//! | [`machine`] | what to do next: the state machine of one shape, its rules in `SPEC.md` beside it |
//! | [`definition`] | what a shape is, and the URL of each request |
//! | [`headers`], [`message`], [`snapshot`] | what an answer says |
//! | [`offset`] | positions in a log and their order |
//! | [`backoff`] | how long to wait after a failure; the write path uses it too |
//! | [`protocol`] | every name and number of the protocol, once |

pub mod backoff;
pub mod definition;
pub mod headers;
pub mod machine;
pub mod message;
pub mod offset;
pub mod protocol;
pub mod snapshot;

pub use backoff::Backoff;
pub use definition::{Fingerprint, Log, Replica, RequestParams, ShapeDefinition};
pub use headers::ResponseHeaders;
pub use machine::{Attempt, Event, Machine, Phase, Step, Stored};
pub use message::Message;
pub use offset::{Offset, RequestOffset};
pub use snapshot::Snapshot;
